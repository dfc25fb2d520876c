package gitwriter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

// asked starts a bot whose forge was asked to merge the first pull request.
func asked(t *testing.T) (*bot, gitwriter.Update) {
	t.Helper()
	b := newBot(t, "api")
	b.forge.itself = true
	u := update("api", "1.1.0", automerge(policy.AutomergeMinor, "minor"))
	b.round(u)
	if !b.first().Automerge {
		t.Fatal("the forge wasn't asked")
	}
	b.forge.takeCalls()
	return b, u
}

func (b *bot) calls(name string) int {
	n := 0
	for _, call := range b.forge.takeCalls() {
		if call == name {
			n++
		}
	}
	return n
}

// What the forge was asked for is taken back once, and asked for again when what stood
// against it is over.
func TestForgeIsKeptFromMerging(t *testing.T) {
	t.Parallel()
	nothing := func(*bot, *gitwriter.Update) {}
	for _, test := range []struct {
		name      string
		stop      func(*bot, *gitwriter.Update)
		again     func(*bot, *gitwriter.Update) // nil: it isn't over
		undecided bool                          // the round has no update for it
		want      bool                          // it is taken back
	}{
		{"nothing", nothing, nil, false, false},
		{"nothing, and not looked at", nothing, nil, true, false},
		{"held", func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline hold") },
			func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline release") }, false, true},
		{"held, and not looked at", func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline hold") },
			func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline release") }, true, true},
		{"held by a stranger", func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "stranger", "/towline hold") }, nil, false, false},
		{"frozen", foreignCommit, func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline rebase") }, false, true},
		{"frozen, and not looked at", foreignCommit, nil, true, true},
		{"the level", func(_ *bot, u *gitwriter.Update) { u.Automerge = policy.AutomergePatch },
			func(_ *bot, u *gitwriter.Update) { u.Automerge = policy.AutomergeAll }, false, true},
		{"the configuration", func(_ *bot, u *gitwriter.Update) { u.Automerge = policy.AutomergeNone },
			func(_ *bot, u *gitwriter.Update) { u.Automerge = policy.AutomergeAll }, false, true},
		{"shut", func(b *bot, _ *gitwriter.Update) { b.cfg.Waits = "later" },
			func(b *bot, _ *gitwriter.Update) { b.cfg.Waits = "" }, false, true},
		{"shut, and not looked at", func(b *bot, _ *gitwriter.Update) { b.cfg.Waits = "later" },
			func(b *bot, _ *gitwriter.Update) { b.cfg.Waits = "" }, true, true},
	} {
		for _, start := range []string{"", ", after a restart", ", after a restart without state"} {
			t.Run(test.name+start, func(t *testing.T) {
				t.Parallel()
				b, u := asked(t)
				if strings.HasSuffix(start, "state") {
					b.dir = t.TempDir()
				}
				if start != "" {
					b.restart(b.forge)
				}
				test.stop(b, &u)
				looked := []gitwriter.Update{u}
				if test.undecided {
					looked = nil
				}
				b.round(looked...)
				b.round(looked...)
				if got := b.calls("cancel"); got > 1 || got == 1 != test.want || b.first().Automerge == test.want {
					t.Errorf("taken back %d times; it is to merge by itself: %t", got, b.first().Automerge)
				}
				if test.again == nil {
					return
				}
				test.again(b, &u)
				b.round(u)
				b.round(u)
				if got := b.calls("automerge"); got != 1 || !b.first().Automerge {
					t.Errorf("asked again %d times; it is to merge by itself: %t", got, b.first().Automerge)
				}
			})
		}
	}
}

func foreignCommit(b *bot, _ *gitwriter.Update) {
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}})
}

// What a person has asked the forge for is nobody else's business.
func TestPeoplesAutomergeStays(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.forge.itself = true
	u := update("api", "1.1.0")
	b.round(u)
	b.forge.pulls[0].Automerge, b.forge.pulls[0].AutomergeBy = true, "pat"
	b.forge.touch(1)
	b.forge.say(1, "pat", "/towline hold")
	b.round(u)
	b.round(update("api", "1.2.0"))
	if got := b.calls("cancel"); got != 0 || !b.first().Automerge {
		t.Errorf("it was taken back %d times", got)
	}
}

// But a person has asked for the versions that were there: others aren't merged unseen.
func TestPeoplesAutomergeEndsWithItsVersions(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.forge.itself = true
	b.round(update("api", "1.1.0"))
	b.forge.pulls[0].Automerge, b.forge.pulls[0].AutomergeBy = true, "pat"
	b.forge.touch(1)
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	b.round(update("api", "1.1.0"))
	if got := b.calls("cancel"); got != 0 || !b.first().Automerge {
		t.Errorf("for the same versions it was taken back %d times", got)
	}
	b.round(update("api", "1.2.0"))
	if got := b.calls("cancel"); got != 1 || b.first().Automerge {
		t.Errorf("for other versions it was taken back %d times", got)
	}
}

// In a pull request that a person has opened, what we asked for is still ours.
func TestTakenOverIsTakenBack(t *testing.T) {
	t.Parallel()
	b, u := asked(t)
	b.forge.pulls[0].Author = "pat"
	b.forge.say(1, "pat", "/towline hold")
	b.round(u)
	if got := b.calls("cancel"); got != 1 || b.first().Automerge {
		t.Errorf("it was taken back %d times", got)
	}
}

// A forge that hasn't told yet what it was asked for is asked all the same, and a person
// who has taken it back is heeded afterwards.
func TestWhatIsRememberedIsTakenBack(t *testing.T) {
	t.Parallel()
	b, u := asked(t)
	b.forge.pulls[0].Automerge, b.forge.pulls[0].AutomergeBy = false, ""
	b.forge.say(1, "pat", "/towline hold")
	b.round(u)
	b.round(u)
	if got := b.calls("cancel"); got != 1 {
		t.Errorf("taken back %d times, want once", got)
	}
	b.forge.say(1, "pat", "/towline release")
	b.round(u)
	if got := b.calls("automerge"); got != 0 || b.first().Automerge {
		t.Errorf("asked again %d times for the commit", got)
	}
}

// The old asking is over before the branch has another commit.
func TestAnotherCommitIsAskedForAnew(t *testing.T) {
	t.Parallel()
	b, _ := asked(t)
	var at []bool
	b.restart(hookedForge{b.forge, func(name string, call func() error) error {
		if name == "cancel" {
			at = append(at, b.git.Head(repoName, "towline/api") == b.first().HeadSHA)
		}
		return call()
	}})
	b.round(update("api", "1.2.0", automerge(policy.AutomergeMinor, "minor")))
	b.did("api updated/")
	if len(at) != 1 || !at[0] || !b.first().Automerge {
		t.Errorf("taken back %v; it is to merge by itself: %t", at, b.first().Automerge)
	}
	b.round(update("api", "2.0.0", automerge(policy.AutomergeMinor, "major")))
	if b.first().Automerge {
		t.Error("a greater update is to merge by itself")
	}
	b.forge.takeCalls()
}

// A forge that doesn't take it back now is asked again in the next round.
func TestTakingBackIsRepeated(t *testing.T) {
	t.Parallel()
	b, u := asked(t)
	refuse := true
	b.restart(hookedForge{b.forge, func(name string, call func() error) error {
		if name == "cancel" && refuse {
			return &forge.Error{Op: "taking back", Err: forge.ErrUnavailable}
		}
		return call()
	}})
	b.forge.say(1, "pat", "/towline hold")
	s := b.begin()
	s.Write(t.Context(), []gitwriter.Update{u})
	results := s.Settle(t.Context(), func(string) gitwriter.Fate { return gitwriter.Fate{} })
	failed := slices.ContainsFunc(results, func(r gitwriter.Result) bool { return r.Group == "api" && errors.Is(r.Err, forge.ErrUnavailable) })
	if !failed || !b.first().Automerge {
		t.Fatalf("the round did: %s", reasons(results))
	}
	refuse = false
	b.round(u)
	if b.first().Automerge {
		t.Error("it is still to merge by itself")
	}
}
