package gitwriter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestCreate(t *testing.T) {
	w := newWorld(t)
	out := w.write(updateTo("1.1.0"))
	w.wants(out, gitwriter.ActionCreated)
	if got, want := w.git.File(repoName, "towline/web", "apps/web.yaml"), "image: ghcr.io/acme/web:1.1.0"; got != want {
		t.Errorf("the branch has %q, want %q", got, want)
	}
	if got := w.git.Git(repoName, "diff", "--numstat", "main", "towline/web"); got != "1\t1\tapps/web.yaml" {
		t.Errorf("the branch differs from main by %q", got)
	}
	pull := w.forge.pulls[0]
	if pull.Title != "chore(deps): update web to 1.1.0" || pull.Base != "main" || !cmp.Equal(pull.Labels, []string{"images"}) {
		t.Errorf("unexpected pull request: %+v", pull)
	}
	if out.PullRequest == nil || out.PullRequest.Number != 1 || string(out.Commit) != pull.HeadSHA {
		t.Errorf("unexpected outcome: %+v", out)
	}
	for _, part := range []string{"ghcr.io/acme/web", "1.0.0", "1.1.0", "minor", "apps/web.yaml:1", "highest that fits", "towline-key: " + out.Key} {
		if !strings.Contains(pull.Body, part) {
			t.Errorf("the body lacks %q:\n%s", part, pull.Body)
		}
	}
}

func TestUnchangedCostsOneFetchAndOneList(t *testing.T) {
	w := newWorld(t)
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionCreated)
	w.forge.takeCalls()
	w.git.Requests()
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionUnchanged)
	if diff := cmp.Diff([]string{"list"}, w.forge.takeCalls()); diff != "" {
		t.Errorf("calls of the forge (-want +got):\n%s", diff)
	}
	if got := len(w.git.Requests()); got != 1 {
		t.Errorf("%d requests to Git, want 1", got)
	}
}

func TestNothing(t *testing.T) {
	w := newWorld(t)
	w.wants(w.write(updateTo("1.0.0")), gitwriter.ActionNothing)
	if calls := w.forge.takeCalls(); len(calls) > 0 {
		t.Errorf("the forge was asked: %v", calls)
	}
}

func TestNewerVersionUpdatesInPlace(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	out := w.write(updateTo("1.2.0"))
	w.wants(out, gitwriter.ActionUpdated)
	if diff := cmp.Diff([]int{1}, w.forge.open()); diff != "" {
		t.Errorf("open pull requests (-want +got):\n%s", diff)
	}
	pull := w.forge.pulls[0]
	if pull.Title != "chore(deps): update web to 1.2.0" || !strings.Contains(pull.Body, "**Supersedes** <code>1.1.0") {
		t.Errorf("title %q, body:\n%s", pull.Title, pull.Body)
	}
	if got := w.git.Git(repoName, "rev-list", "--count", "main..towline/web"); got != "1" {
		t.Errorf("the branch is %s commits ahead, want 1", got)
	}
	w.wants(w.write(updateTo("1.2.0")), gitwriter.ActionUnchanged)
}

func TestPersonsTextStays(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	w.forge.pulls[0].Title = "My title"
	w.forge.pulls[0].Body = "My notes\n\n" + w.forge.pulls[0].Body
	w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionUpdated)
	if pull := w.forge.pulls[0]; pull.Title != "My title" || !strings.HasPrefix(pull.Body, "My notes") {
		t.Errorf("a person's words are gone: %q\n%s", pull.Title, pull.Body)
	}
}

func TestBehindItsBaseIsRebuilt(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	base := w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"README.md": "new\n"}})
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionUpdated)
	if got := w.git.Git(repoName, "rev-parse", "towline/web^"); got != base {
		t.Errorf("the branch stands on %s, want %s", got, base)
	}
	if got := w.git.File(repoName, "towline/web", "README.md"); got != "new" {
		t.Errorf("README.md is %q on the branch", got)
	}
}

func TestClosedStaysClosed(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	w.forge.set(1, forge.StateClosed)
	out := w.write(updateTo("1.1.0"))
	w.wants(out, gitwriter.ActionClosedByPerson)
	if !strings.Contains(out.Reason, "#1") {
		t.Errorf("the reason doesn't say which: %q", out.Reason)
	}
	w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionClosedByPerson)

	w.wants(w.write(updateTo("1.2.0")), gitwriter.ActionCreated) // another set
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionClosedByPerson)
	if diff := cmp.Diff([]int{2}, w.forge.open()); diff != "" {
		t.Errorf("open pull requests (-want +got):\n%s", diff)
	}
	w.forge.set(2, forge.StateClosed)
	w.forge.set(1, forge.StateOpen) // a person reopens it
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionUpdated)
}

func TestMergedAndTakenBack(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	w.merge(1)
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionNothing)
	w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/web.yaml": "image: ghcr.io/acme/web:1.0.0\n"}})
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionClosedByPerson)
	w.wants(w.write(updateTo("1.2.0")), gitwriter.ActionCreated) // over the branch that was merged
}

func TestPersonsCommitFreezesTheBranch(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	theirs := w.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/web", Files: map[string]string{"fix": "x"}})
	for _, version := range []string{"1.1.0", "1.2.0"} {
		out := w.write(updateTo(version))
		w.wants(out, gitwriter.ActionFrozen)
		if !strings.Contains(out.Reason, "Pat") || out.PullRequest == nil {
			t.Errorf("the outcome doesn't say who and where: %+v", out)
		}
	}
	if got := w.git.Head(repoName, "towline/web"); got != theirs {
		t.Errorf("the branch moved to %s", got)
	}
	w.merge(1)
	w.wants(w.write(updateTo("1.2.0")), gitwriter.ActionCreated)
}

func TestAmendedByAPerson(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	message := w.git.Git(repoName, "log", "-1", "--format=%B", "towline/web")
	theirs := w.git.Commit(repoName, gitrepotest.Commit{
		Branch: "towline/web", From: w.git.Head(repoName, "main"), Message: message,
		Files: map[string]string{"apps/web.yaml": "image: ghcr.io/acme/web:1.1.0 # checked\n"},
	})
	w.wants(w.write(updateTo("1.1.0")), gitwriter.ActionFrozen)
	if got := w.git.Head(repoName, "towline/web"); got != theirs {
		t.Errorf("the branch moved to %s", got)
	}
}

func TestWithoutForge(t *testing.T) {
	t.Parallel()
	for name, none := range map[string]forge.Forge{"plain": plain.Forge{}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, want := range []gitwriter.Action{gitwriter.ActionPushed, gitwriter.ActionUnchanged} {
				view, err := w.writer(w.repo(), none).Preview(t.Context(), updateTo("1.1.0"))
				if err != nil {
					t.Fatal(err)
				}
				w.wants(view.Outcome, want)
				out, err := w.writer(w.repo(), none).Write(t.Context(), updateTo("1.1.0"))
				if err != nil {
					t.Fatal(err)
				}
				w.wants(out, want)
			}
			if w.git.Head(repoName, "towline/web") == "" {
				t.Error("no branch was pushed")
			}
		})
	}
}

func TestPreviewWritesNothing(t *testing.T) {
	w := newWorld(t)
	view, err := w.writer(w.repo(), w.forge).Preview(t.Context(), updateTo("1.1.0"))
	if err != nil {
		t.Fatal(err)
	}
	w.wants(view.Outcome, gitwriter.ActionCreated)
	want := "--- a/apps/web.yaml\n+++ b/apps/web.yaml\n@@ -1 +1 @@\n-image: ghcr.io/acme/web:1.0.0\n+image: ghcr.io/acme/web:1.1.0\n"
	if !strings.HasSuffix(view.Diff, want) {
		t.Errorf("diff:\n%s\nwant\n%s", view.Diff, want)
	}
	if view.Title == "" || !strings.Contains(view.Body, view.Key) || !strings.Contains(view.Message, "Towline-Key: "+view.Key) {
		t.Errorf("the preview is incomplete: %+v", view)
	}
	if diff := cmp.Diff([]string{"list"}, w.forge.takeCalls()); diff != "" {
		t.Errorf("calls of the forge (-want +got):\n%s", diff)
	}
	if got := w.git.Head(repoName, "towline/web"); got != "" {
		t.Errorf("a branch was pushed: %s", got)
	}
}
