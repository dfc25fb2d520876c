package gitwriter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

// urgent gives updates of all kinds, the least urgent first.
func urgent() []gitwriter.Update {
	return []gitwriter.Update{
		update("other", "1.1.0", func(u *gitwriter.Update) { u.Level = "other" }),
		update("major", "2.0.0", func(u *gitwriter.Update) { u.Level = "major" }),
		update("minor-b", "1.1.0"), update("minor-a", "1.1.0"),
		update("patch", "1.0.1", func(u *gitwriter.Update) { u.Level = "patch" }),
		update("hole", "2.0.0", func(u *gitwriter.Update) { u.Level, u.Security = "major", true }),
	}
}

func urgentGroups() []string {
	return []string{"other", "major", "minor-a", "minor-b", "patch", "hole"}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	b := newBot(t, urgentGroups()...)
	b.round(urgent()...)
	var heads []string
	for _, pull := range b.forge.pulls {
		heads = append(heads, strings.TrimPrefix(pull.Head, "towline/"))
	}
	if diff := cmp.Diff([]string{"hole", "patch", "minor-a", "minor-b", "major", "other"}, heads); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
}

func TestCommitsComeFirst(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a", "b")
	commit := func(u *gitwriter.Update) { u.Mode = gitwriter.ModeCommit }
	b.round(update("a", "1.1.0"), update("b", "2.0.0", commit))
	b.did("a created, b committed/")
	b.round(update("a", "1.1.0"), update("b", "2.0.0", commit))
	b.did("a unchanged, b nothing/") // it was built on the new base at once
}

func TestLimitOnOpenPullRequests(t *testing.T) {
	t.Parallel()
	b := newBot(t, urgentGroups()...)
	b.cfg.Limits = policy.LimitsConfig{Open: 2}
	if got := b.begin().Capacity(); got != 2 {
		t.Errorf("room for %d, want 2", got)
	}
	b.round(urgent()...)
	b.did("other waiting, major waiting, minor-b waiting, minor-a waiting, patch created, hole created/")
	if got := b.outcomes[0].Reason; got != "2 pull requests are open, and limits.open is 2" {
		t.Errorf("reason %q", got)
	}
	b.branch("towline/minor-a", false)

	b.restart(b.forge) // nothing is queued anywhere
	b.merge(1)
	b.round(urgent()...)
	b.did("other waiting, major waiting, minor-b waiting, minor-a created, patch updated, hole nothing/hole deleted")

	b.fates["patch"] = gone("excluded")
	b.round(urgent()[:4]...)
	b.did("other waiting, major waiting, minor-b waiting, minor-a unchanged/patch closed, minor-b created, patch deleted")
	b.forge.set(3, forge.StateClosed)
	if got := b.begin().Capacity(); got != 1 {
		t.Errorf("room for %d, want 1", got)
	}
}

func TestLimitOnNewPullRequestsAnHour(t *testing.T) {
	t.Parallel()
	b := newBot(t, urgentGroups()...)
	b.cfg.Limits = policy.LimitsConfig{PerHour: 2}
	b.round(urgent()...)
	b.did("other waiting, major waiting, minor-b waiting, minor-a waiting, patch created, hole created/")
	if got, want := b.outcomes[0].Reason, "2 pull requests were opened within the last hour, and limits.perHour is 2; the next may be opened at 2026-01-02 04:10 UTC"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	b.forge.set(1, forge.StateClosed) // frees nothing
	b.restart(b.forge)
	b.round(urgent()[3])
	b.did("minor-a waiting/")
	b.now = b.now.Add(time.Hour)
	b.round(urgent()[3])
	b.did("minor-a created/")
}

func TestLimitsInAPreview(t *testing.T) {
	t.Parallel()
	b := newBot(t, urgentGroups()...)
	b.cfg.Limits = policy.LimitsConfig{Open: 2}
	b.outcomes, b.settled = nil, nil
	for _, view := range b.begin().Preview(t.Context(), urgent()) {
		if view.Err != nil {
			t.Fatal(view.Err)
		}
		b.outcomes = append(b.outcomes, gitwriter.Result{Outcome: view.Outcome})
	}
	b.did("other waiting, major waiting, minor-b waiting, minor-a waiting, patch created, hole created/")
}

func TestShutWindow(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api", "db")
	b.round(update("api", "1.1.0"))
	b.cfg.Waits = "the windows are shut until Monday"
	if got := b.begin().Capacity(); got != 0 {
		t.Errorf("room for %d, want 0", got)
	}
	commit := func(u *gitwriter.Update) { u.Mode = gitwriter.ModeCommit }
	b.round(update("api", "1.2.0"), update("db", "1.1.0"), updateFile("web", "web", "1.1.0", commit))
	b.did("api waiting, db waiting, web waiting/")
	b.says("Newer versions wait**: the windows are shut until Monday.")
	if got := b.git.File(repoName, "towline/api", "apps/api.yaml"); got != "image: ghcr.io/acme/api:1.1.0" {
		t.Errorf("the branch has %q", got)
	}
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	b.round(update("api", "1.1.0"))
	b.did("api updated/") // the same set, rebuilt
	b.says("")
	b.fates["api"] = gone("excluded")
	b.round()
	b.did("/api closed, api deleted")

	b.cfg.Waits = ""
	b.round(update("api", "1.2.0"), updateFile("web", "web", "1.1.0", commit))
	b.did("api created, web committed/")
}
