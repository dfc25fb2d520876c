package gitlab_test

import (
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
	"github.com/towline-dev/towline/gitwriter/forge/gitlab"
	"github.com/towline-dev/towline/internal/secret"
)

// The suite passes on our server. A project that fast-forwards can be merged into by
// every method; what differs in one that makes merge commits is in TestMergeCommits.
func TestConformance(t *testing.T) {
	const pageSize = 4
	forgetest.Conformance(t, func(t *testing.T) forgetest.Harness {
		server := gitlabtest.Start(t, gitlabtest.Config{MaxPerPage: pageSize})
		return server.Harness(t, gitlabtest.Settings{FastForward: true}, func(project, token string) forge.Forge {
			return connect(t, gitlab.Config{URL: server.URL(), Project: project, Token: secret.New(token), PageSize: pageSize})
		})
	})
}

func connect(t *testing.T, config gitlab.Config) *gitlab.Forge {
	t.Helper()
	if config.Project == "" {
		config.Project = "acme/team/deploy"
	}
	config.RetryDelay = time.Nanosecond
	f, err := gitlab.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
