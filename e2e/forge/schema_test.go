package forge_test

import (
	"net/http"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/e2e/testbed/openapi"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

// checked makes a transport whose every request and answer must fit.
func checked(t *testing.T, prefix string) http.RoundTripper {
	t.Helper()
	description, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &openapi.Transport{Description: description, Prefix: prefix, Report: func(v openapi.Violation) { t.Error(v) }}
}

// The suite passes on our server, and nothing said meanwhile by either side
// departs from GitHub's description.
func TestForgetestFitsGitHub(t *testing.T) {
	t.Parallel()
	forgetest.Conformance(t, func(t *testing.T) forgetest.Harness {
		server := forgetest.Start(t, forgetest.Config{MaxPerPage: 5})
		return server.Harness(t, func(owner, repo, token string) forge.Forge {
			f, err := github.New(github.Config{
				BaseURL: server.BaseURL() + "/api/v3", Owner: owner, Repo: repo, Token: secret.New(token),
				Transport: checked(t, "/api/v3"), RetryDelay: time.Nanosecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			return f
		})
	})
}

// sweep is a repository on our server with one open pull request, number 1.
type sweep struct {
	*testing.T
	server *forgetest.Server
	repo   *forgetest.Repo
	client *gogithub.Client
	head   string // the pull request's commit
}

func newSweep(t *testing.T) *sweep {
	t.Helper()
	s := &sweep{T: t, server: forgetest.Start(t, forgetest.Config{})}
	var err error
	if s.repo, err = s.server.CreateRepo("acme", "deploy"); err != nil {
		t.Fatal(err)
	}
	s.commit("main", "app.yaml", "image: web:1.0.0\n")
	s.head = s.commit("towline/web", "app.yaml", "image: web:1.1.0\n")
	s.client = s.as(forgetest.Token)
	if _, _, err := s.client.PullRequests.Create(t.Context(), "acme", "deploy", &gogithub.NewPullRequest{
		Title: gogithub.String("Update web"), Head: gogithub.String("towline/web"), Base: gogithub.String("main"),
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sweep) as(token string) *gogithub.Client {
	client := gogithub.NewClient(&http.Client{Transport: checked(s.T, "/api/v3")}).WithAuthToken(token)
	client, err := client.WithEnterpriseURLs(s.server.BaseURL(), s.server.BaseURL())
	if err != nil {
		s.Fatal(err)
	}
	return client
}

func (s *sweep) commit(branch, file, content string) string {
	sha, err := s.repo.Commit(forgetest.Commit{Branch: branch, Message: "Change " + file, Files: map[string]string{file: content}})
	if err != nil {
		s.Fatal(err)
	}
	return sha
}

// status makes sure that a call was answered as the test thinks.
func (s *sweep) status(name string, want int, resp *gogithub.Response, err error) {
	s.Helper()
	if resp == nil || resp.StatusCode != want {
		s.Errorf("%s: error %v, want status %d", name, err, want)
	}
}
