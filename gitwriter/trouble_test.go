package gitwriter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// failing starts a process whose calls of a name fail, from the first on.
func (b *bot) failing(name string, err error) (calls *[]string) {
	calls = &[]string{}
	b.hooked(func(step string, do func() error) error {
		*calls = append(*calls, step)
		if step == name {
			return err
		}
		return do()
	})
	return calls
}

func TestRateLimitStopsTheWrites(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a", "b", "c")
	calls := b.failing("create", &forge.RateLimitError{Op: "x", RetryAfter: 90 * time.Second})
	commit := func(u *gitwriter.Update) { u.Mode = gitwriter.ModeCommit }
	updates := []gitwriter.Update{update("a", "1.1.0"), update("b", "1.1.0"), update("c", "1.1.0", commit)}
	s := b.begin()
	b.outcomes = s.Write(t.Context(), updates)
	b.settled = s.Settle(t.Context(), func(string) gitwriter.Fate { return gone("x") })
	b.did("a , b waiting, c committed/")
	var limit *forge.RateLimitError
	if !errors.As(b.outcomes[0].Err, &limit) {
		t.Errorf("the first's error is %v", b.outcomes[0].Err)
	}
	if got, want := b.outcomes[1].Reason, "the forge wants no more requests before 03:11:30 UTC"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	if got := slices.DeleteFunc(slices.Clone(*calls), func(step string) bool { return step != "create" && step != "list" }); !cmp.Equal(got, []string{"list", "create"}) {
		t.Errorf("calls: %v", got)
	}
	b.restart(b.forge)
	b.round(updates...)
	b.did("a created, b created, c nothing/")
}

// TestRateLimitTellsOfOpenPullRequests: what is open already needs no room later.
func TestRateLimitTellsOfOpenPullRequests(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a", "b", "c")
	b.round(update("b", "1.1.0"))
	b.failing("create", &forge.RateLimitError{Op: "x", RetryAfter: 90 * time.Second})
	b.outcomes = b.begin().Write(t.Context(), []gitwriter.Update{update("a", "1.1.0"), update("b", "1.2.0"), update("c", "1.1.0")})
	b.did("a , b waiting, c waiting/")
	if pull := b.outcomes[1].PullRequest; pull == nil || pull.Number != 1 || b.outcomes[1].Key == "" {
		t.Errorf("the outcome of what is open: %+v", b.outcomes[1])
	}
	if pull := b.outcomes[2].PullRequest; pull != nil {
		t.Errorf("a pull request: %+v", pull)
	}
}

// TestRateLimitTakesNothingBack: what an update brings isn't known where it had to wait.
func TestRateLimitTakesNothingBack(t *testing.T) {
	t.Parallel()
	b, u := asked(t)
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/db.yaml": "image: ghcr.io/acme/db:1.0.0\n"}})
	db := update("db", "1.1.0", func(u *gitwriter.Update) { u.Security = true })
	b.failing("create", &forge.RateLimitError{Op: "x", RetryAfter: 90 * time.Second})
	s := b.begin()
	b.outcomes = s.Write(t.Context(), []gitwriter.Update{u, db})
	b.did("api waiting, db /")
	b.now = b.now.Add(10 * time.Minute)
	s.Settle(t.Context(), func(string) gitwriter.Fate { return gitwriter.Fate{} })
	if !b.first().Automerge {
		t.Error("the forge doesn't merge it any more")
	}
}

func TestForgeThatIsAwayKeepsNobodyElseBack(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a", "b", "c", "d")
	calls := b.failing("list", &forge.Error{Op: "listing", Err: forge.ErrUnavailable})
	commit := func(u *gitwriter.Update) { u.Mode = gitwriter.ModeCommit }
	s := b.begin()
	b.outcomes = s.Write(t.Context(), []gitwriter.Update{update("a", "1.1.0"), update("b", "1.1.0"), update("c", "1.1.0"), update("d", "1.1.0", commit)})
	b.settled = s.Settle(t.Context(), func(string) gitwriter.Fate { return gone("x") })
	b.did("a , b , c , d committed/")
	for _, r := range b.outcomes[:3] {
		if !errors.Is(r.Err, forge.ErrUnavailable) {
			t.Errorf("%s: %v", r.Group, r.Err)
		}
	}
	if got := strings.Count(strings.Join(*calls, " "), "list"); got != 2 {
		t.Errorf("the forge was asked %d times, want 2", got)
	}
}

func TestOneFailureLeavesTheRest(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a", "b")
	broken := update("a", "1.1.0")
	broken.MessageTemplate = "{{.Nope}}"
	s := b.begin()
	b.outcomes = s.Write(t.Context(), []gitwriter.Update{broken, {}, update("b", "1.1.0")})
	b.did("a ,  , b created/")
	if b.outcomes[0].Err == nil || b.outcomes[1].Err == nil {
		t.Errorf("no errors: %v", b.outcomes)
	}
}

func TestClosedByAPersonWhileARoundGoesOn(t *testing.T) {
	t.Parallel()
	b := newBot(t, "a")
	b.round(update("a", "1.1.0"))
	b.forge.set(1, forge.StateClosed)
	b.round(updateFile("x", "web", "1.1.0"))
	s := b.begin()
	b.forge.set(2, forge.StateClosed) // after the round has begun
	b.now = b.now.Add(time.Minute)
	b.outcomes, b.settled = s.Write(t.Context(), []gitwriter.Update{updateFile("y", "web", "1.1.0")}), nil
	b.did("y closed-by-person/")
	if diff := cmp.Diff([]string{"x"}, b.begin().News()); diff != "" {
		t.Errorf("what was heard on the way is news (-want +got):\n%s", diff)
	}
}

func TestRoundWithoutNewsCostsOneListAndOneFetch(t *testing.T) {
	t.Parallel()
	groups := []string{"a", "b", "c", "d", "e"}
	b := newBot(t, groups...)
	var updates []gitwriter.Update
	for _, group := range groups {
		updates = append(updates, update(group, "1.1.0", labelled))
	}
	b.round(updates...)
	b.forge.set(5, forge.StateClosed)
	b.round(updates...) // reads what was said of the one that was closed,
	b.round(updates...) // and once more, as it was changed within the same seconds
	for range 2 {
		b.forge.takeCalls()
		b.git.Requests()
		b.round(updates...)
		b.did("a unchanged, b unchanged, c unchanged, d unchanged, e closed-by-person/")
		if diff := cmp.Diff([]string{"list"}, b.forge.takeCalls()); diff != "" {
			t.Errorf("calls of the forge (-want +got):\n%s", diff)
		}
		if got := len(b.git.Requests()); got != 1 {
			t.Errorf("%d requests to Git, want 1", got)
		}
	}
}

func TestTwoBotsInRounds(t *testing.T) {
	t.Parallel()
	one := newBot(t, "a", "b", "c")
	two := &bot{world: one.world, now: start().Add(37 * time.Second), cfg: one.cfg, fates: map[string]gitwriter.Fate{"c": gone("excluded")}}
	one.fates = two.fates
	other := *one.world
	two.world, other.dir = &other, t.TempDir()
	two.restart(one.forge)
	for round := range 4 {
		version := []string{"1.1.0", "1.1.0", "1.2.0", "1.2.0"}[round]
		updates := []gitwriter.Update{update("a", version), update("b", version)}
		if round == 0 {
			updates = append(updates, update("c", version))
		}
		one.round(updates...)
		two.round(updates...)
	}
	if diff := cmp.Diff([]string{"#1 open chore(deps): update a to 1.2.0", "#2 open chore(deps): update b to 1.2.0", "#3 closed chore(deps): update c to 1.1.0"}, one.forge.titles()); diff != "" {
		t.Errorf("pull requests (-want +got):\n%s", diff)
	}
	one.forge.takeCalls()
	one.round(update("a", "1.2.0"), update("b", "1.2.0"))
	two.round(update("a", "1.2.0"), update("b", "1.2.0"))
	if diff := cmp.Diff([]string{"list", "list"}, one.forge.takeCalls()); diff != "" {
		t.Errorf("calls when all is done (-want +got):\n%s", diff)
	}
}

func TestWhatAnotherBotHasJustOpenedIsNotClosed(t *testing.T) {
	t.Parallel()
	one := newBot(t, "a", "b")
	other := *one.world
	other.dir = t.TempDir()
	two := &bot{world: &other, now: start(), cfg: one.cfg}
	two.restart(one.forge)
	s := one.begin()
	two.round(update("a", "1.1.0"))
	one.now = one.now.Add(time.Minute)
	one.outcomes = s.Write(t.Context(), []gitwriter.Update{update("b", "1.1.0")}) // asks what is new before it opens
	one.settled = s.Settle(t.Context(), func(string) gitwriter.Fate { return gone("this bot hasn't seen the version yet") })
	one.did("b created/")
	one.fates = map[string]gitwriter.Fate{"a": gone("excluded")}
	one.round(update("b", "1.1.0"))
	one.did("b unchanged/a closed, a deleted")
}
