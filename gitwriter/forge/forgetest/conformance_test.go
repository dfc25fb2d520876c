package forgetest_test

import (
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

func TestConformance(t *testing.T) {
	forgetest.Conformance(t, func(t *testing.T) forgetest.Harness {
		server := forgetest.Start(t, forgetest.Config{MaxPerPage: 4})
		return server.Harness(t, func(owner, repo, token string) forge.Forge {
			return client(t, server, owner, repo, token)
		})
	})
}

func client(t *testing.T, server *forgetest.Server, owner, repo, token string) *github.Forge {
	t.Helper()
	f, err := github.New(github.Config{
		BaseURL: server.BaseURL() + "/api/v3", Owner: owner, Repo: repo, Token: secret.New(token), RetryDelay: time.Nanosecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}
