package gitwriter_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

// busy is a repository with something of every kind to do in the next round: to open,
// to update, to rebuild, to adopt, to close, to merge, to hold, to leave alone.
func busy(t *testing.T) *bot {
	b := newBot(t, "new", "newer", "gone", "merging", "held", "frozen", "closed", "ignored", "merged")
	b.cfg.Scope = "apps"
	var before []gitwriter.Update
	for _, group := range []string{"newer", "gone", "merging", "held", "frozen", "closed", "ignored", "merged"} {
		before = append(before, update(group, "1.1.0", labelled))
	}
	b.round(before...)
	number := map[string]int{}
	for _, pull := range b.forge.pulls {
		number[strings.TrimPrefix(pull.Head, "towline/")] = pull.Number
	}
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/frozen", Files: map[string]string{"fix": "x"}})
	b.forge.set(number["closed"], forge.StateClosed)
	b.forge.say(number["held"], "pat", "/towline hold")
	b.forge.say(number["ignored"], "pat", "/towline ignore")
	b.merge(number["merged"])
	b.forge.ready = map[int]forge.Readiness{number["merging"]: green()}
	b.fates["gone"] = gone("excluded")
	return b
}

func labelled(u *gitwriter.Update) { u.Decoration.Labels = []string{"images"} }

// busyUpdates are those of the round after busy.
func busyUpdates() []gitwriter.Update {
	return []gitwriter.Update{
		update("new", "1.1.0", labelled), update("newer", "1.2.0", labelled), update("merging", "1.1.0", labelled, automerge(policy.AutomergeAll, "minor")),
		update("held", "1.2.0", labelled), update("frozen", "1.2.0", labelled), update("closed", "1.1.0", labelled),
		update("merged", "1.1.0", labelled),
	}
}

// busyRound is one that may be disturbed.
func (b *bot) busyRound() {
	b.t.Helper()
	b.now = b.now.Add(10 * time.Minute)
	if b.forge.now.Before(b.now) {
		b.forge.now = b.now
	}
	if _, err := b.repo.Fetch(b.t.Context(), "main"); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.writer.Begin(b.t.Context(), b.cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.outcomes = s.Write(b.t.Context(), busyUpdates())
	b.settled = s.Settle(b.t.Context(), func(group string) gitwriter.Fate { return b.fates[group] })
}

// state is all that people can see, apart from dates and what follows from them.
func (b *bot) state() map[string]string {
	state := map[string]string{}
	for _, pull := range b.forge.pulls {
		group := strings.TrimPrefix(pull.Head, "towline/")
		body := regexp.MustCompile(`commit <code>[0-9a-f]+</code>|commit [0-9a-f]{8}|until [0-9-]{10}`).ReplaceAllString(pull.Body, "commit")
		state["pulls of "+group] += fmt.Sprintf("%s %q %v\n%s\n", pull.State, pull.Title, pull.Labels, body)
	}
	for _, branch := range strings.Fields(b.git.Git(repoName, "for-each-ref", "--format=%(refname:short)", "refs/heads")) {
		tree := b.git.Git(repoName, "rev-parse", branch+"^{tree}")
		state["branch "+branch] = tree + " " + b.git.Git(repoName, "rev-list", "--count", "main.."+branch)
	}
	return state
}

// settledState is the state after a round that nobody disturbs, and the steps of it.
func settledState(t *testing.T) (want map[string]string, steps []string) {
	b := busy(t)
	b.hooked(func(name string, do func() error) error {
		steps = append(steps, name)
		return do()
	})
	b.busyRound()
	if got := told(b.outcomes) + "/" + told(b.settled); got != "new created, newer updated, merging updated, held held, frozen frozen, closed closed-by-person, merged nothing/"+
		"ignored closed, gone closed, merging merged, gone deleted, merged deleted, merging deleted" {
		t.Fatalf("the round did %s", got)
	}
	b.restart(b.forge)
	b.busyRound() // what others have merged
	return b.state(), steps
}

// hooked starts a process whose steps pass through a hook.
func (b *bot) hooked(h hook) {
	b.restart(hookedForge{b.forge, h}, func(cfg *gitwriter.Config) { cfg.Repo = hookedRepo{b.repo, h} })
}

func TestSessionKilledAfterAnyStep(t *testing.T) {
	t.Parallel()
	want, steps := settledState(t)
	for n, name := range steps {
		if quiet(name) {
			continue
		}
		for _, lostDisk := range []bool{n%2 == 0} { // each takes two repositories
			t.Run(fmt.Sprintf("%d %s/lostDisk=%t", n, steps[n], lostDisk), func(t *testing.T) {
				t.Parallel()
				b := busy(t)
				done := 0
				b.hooked(func(_ string, do func() error) error {
					if done++; done > n+1 {
						return errKilled
					}
					if err := do(); err != nil {
						return err
					}
					if done == n+1 {
						return errKilled // it is done, and nobody hears of it
					}
					return nil
				})
				b.busyRound()
				if lostDisk {
					b.dir = t.TempDir()
				}
				b.restart(b.forge)
				b.busyRound()
				b.busyRound()
				if diff := cmp.Diff(want, b.state()); diff != "" {
					t.Errorf("killed after %v, the state is (-want +got):\n%s", steps[:n+1], diff)
				}
			})
		}
	}
}

// quiet tells whether a step leaves nothing behind that anybody sees.
func quiet(step string) bool { return step == "read" || step == "commit" || step == "comments" }

func TestSessionWithAForgeThatFails(t *testing.T) {
	t.Parallel()
	want, steps := settledState(t)
	all := faults()
	kinds := slices.Sorted(maps.Keys(all))
	for n, name := range steps {
		if name == "read" || name == "commit" {
			continue
		}
		what := kinds[n%len(kinds)]
		fault := all[what]
		t.Run(fmt.Sprintf("%d %s/%s", n, name, what), func(t *testing.T) {
			t.Parallel()
			b := busy(t)
			calls := -1
			b.hooked(func(_ string, do func() error) error {
				if calls++; calls != n {
					return do()
				}
				if fault.after {
					if err := do(); err != nil {
						return err
					}
				}
				return fault.err
			})
			b.busyRound()
			b.busyRound()
			b.busyRound()
			if diff := cmp.Diff(want, b.state()); diff != "" {
				t.Errorf("after a fault the state is (-want +got):\n%s", diff)
			}
		})
	}
}

type fault struct {
	err   error
	after bool // it takes effect all the same
}

func faults() map[string]fault {
	return map[string]fault{
		"unavailable":   {err: &forge.Error{Op: "x", Status: 502, Err: forge.ErrUnavailable}},
		"cut off":       {err: &forge.Error{Op: "x", Err: forge.ErrUnavailable}, after: true},
		"limited":       {err: &forge.RateLimitError{Op: "x", RetryAfter: time.Minute}},
		"limited after": {err: &forge.RateLimitError{Op: "x", RetryAfter: time.Minute, Secondary: true}, after: true},
		"git is away":   {err: &gitrepo.Error{Op: "x", Kind: gitrepo.ErrUnavailable}},
	}
}
