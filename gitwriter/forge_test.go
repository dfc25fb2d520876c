package gitwriter_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
)

// hosted starts a forge that answers as GitHub does, Git and API both, and gives a
// function that runs one round of a bot.
func hosted(t *testing.T) (*forgetest.Server, *forgetest.Repo, func(gitwriter.Update) (gitwriter.Outcome, error)) {
	t.Helper()
	server := forgetest.Start(t, forgetest.Config{})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Commit(forgetest.Commit{Branch: "main", Message: "Start", Files: map[string]string{"apps/web.yaml": "image: ghcr.io/acme/web:1.0.0\n"}}); err != nil {
		t.Fatal(err)
	}
	token := secret.New(forgetest.Token)
	pulls, err := github.New(github.Config{BaseURL: server.BaseURL() + "/api/v3", Owner: "acme", Repo: "deploy", Token: token, RetryDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return server, repo, func(u gitwriter.Update) (gitwriter.Outcome, error) {
		git, err := gitrepo.Open(gitrepo.Config{
			URL: repo.CloneURL(), Dir: dir, Auth: gitrepo.Auth{Password: token},
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		})
		if err != nil {
			t.Fatal(err)
		}
		writer, err := gitwriter.New(gitwriter.Config{Repo: git, Forge: pulls})
		if err != nil {
			t.Fatal(err)
		}
		return writer.Write(t.Context(), u)
	}
}

func TestOverARealForge(t *testing.T) {
	_, repo, write := hosted(t)
	wants := func(version string, want gitwriter.Action) gitwriter.Outcome {
		t.Helper()
		u := updateTo(version)
		u.Decoration.Reviewers, u.Decoration.Assignees = []string{"alice"}, []string{"alice"}
		out, err := write(u)
		if err != nil {
			t.Fatal(err)
		}
		if out.Action != want || out.Warning != nil {
			t.Fatalf("action %q (%s), warning %v, want %q", out.Action, out.Reason, out.Warning, want)
		}
		return out
	}
	wants("1.1.0", gitwriter.ActionCreated)
	wants("1.1.0", gitwriter.ActionUnchanged)
	out := wants("1.2.0", gitwriter.ActionUpdated)
	pulls := repo.PullRequests()
	if len(pulls) != 1 || pulls[0].HeadSHA != string(out.Commit) || pulls[0].Title != "chore(deps): update web to 1.2.0" || !cmp.Equal(pulls[0].Labels, []string{"images"}) {
		t.Fatalf("pull requests: %+v", pulls)
	}
	reviewers, assignees := repo.People(1)
	if !cmp.Equal(reviewers, []string{"alice"}) || !cmp.Equal(assignees, []string{"alice"}) {
		t.Errorf("reviewers %v, assignees %v", reviewers, assignees)
	}
	if _, err := repo.Merge(1, forgetest.MergeSquash); err != nil {
		t.Fatal(err)
	}
	wants("1.2.0", gitwriter.ActionNothing)
	wants("1.3.0", gitwriter.ActionCreated)
	if _, err := repo.Commit(forgetest.Commit{Branch: "towline/web", Author: "alice", Message: "Fix", Files: map[string]string{"fix": "x"}}); err != nil {
		t.Fatal(err)
	}
	wants("1.4.0", gitwriter.ActionFrozen)
}

// What the forge does and then fails to say: the next round finds it.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /repos/{owner}/{repo}/pulls", forgetest.RouteGitPush, "GET /repos/{owner}/{repo}/pulls", forgetest.RouteGitFetch} {
		t.Run(route, func(t *testing.T) {
			server, repo, write := hosted(t)
			remove := server.Inject(forgetest.Fault{Route: route, Times: 1, AfterEffect: true, Cut: true})
			defer remove()
			_, first := write(updateTo("1.1.0"))
			out, err := write(updateTo("1.1.0"))
			if err != nil {
				t.Fatalf("%v, after %v", err, first)
			}
			if out.Action != gitwriter.ActionUnchanged && out.Action != gitwriter.ActionCreated {
				t.Errorf("action %q", out.Action)
			}
			if pulls := repo.PullRequests(); len(pulls) != 1 || pulls[0].Title != "chore(deps): update web to 1.1.0" {
				t.Errorf("pull requests: %+v", pulls)
			}
		})
	}
}

func TestForgeInTrouble(t *testing.T) {
	server, repo, write := hosted(t)
	for _, status := range []int{http.StatusUnauthorized, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		remove := server.Inject(forgetest.Fault{Route: "POST /repos/{owner}/{repo}/pulls", Status: status})
		if out, err := write(updateTo("1.1.0")); err == nil {
			t.Errorf("HTTP %d: got %+v", status, out)
		}
		remove()
	}
	head := repo.Head("towline/web")
	out, err := write(updateTo("1.1.0"))
	if err != nil || out.Action != gitwriter.ActionCreated || repo.Head("towline/web") != head {
		t.Errorf("afterwards: %+v, %v; the branch was at %s and is at %s", out, err, head, repo.Head("towline/web"))
	}
}

func TestLabelsThatCannotBeSet(t *testing.T) {
	server, repo, write := hosted(t)
	defer server.Inject(forgetest.Fault{Route: "POST /repos/{owner}/{repo}/issues/{number}/labels", Status: http.StatusForbidden})()
	out, err := write(updateTo("1.1.0"))
	if err != nil {
		t.Fatal(err)
	}
	if out.Action != gitwriter.ActionCreated || !errors.Is(out.Warning, forge.ErrForbidden) || len(repo.PullRequests()) != 1 {
		t.Errorf("outcome %+v, warning %v", out, out.Warning)
	}
	if out, err = write(updateTo("1.1.0")); err != nil || out.Action != gitwriter.ActionUnchanged {
		t.Errorf("the next round: %+v, %v", out, err)
	}
	if !strings.Contains(out.Reason, "up to date") {
		t.Errorf("reason %q", out.Reason)
	}
}
