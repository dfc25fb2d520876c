package gitwriter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

func automerge(a policy.Automerge, level string) func(*gitwriter.Update) {
	return func(u *gitwriter.Update) { u.Automerge, u.Level = a, level }
}

func green() forge.Readiness { return forge.Readiness{Mergeable: true, Checks: forge.ChecksSuccess} }

func TestMergeByLevel(t *testing.T) {
	t.Parallel()
	levels := []string{"", "none", "patch", "minor", "major", "other"}
	for automatic, want := range map[policy.Automerge]int{"": 0, policy.AutomergeNone: 0, policy.AutomergePatch: 3, policy.AutomergeMinor: 4, policy.AutomergeAll: 6} {
		for i, level := range levels {
			t.Run(string(automatic)+"/"+level, func(t *testing.T) {
				t.Parallel()
				b := newBot(t, "api")
				b.forge.ready = map[int]forge.Readiness{1: green()}
				b.round(update("api", "1.1.0", automerge(automatic, level)))
				if i < want {
					b.did("api created/api merged, api deleted")
				} else {
					b.did("api created/")
				}
			})
		}
	}
}

func TestMergeWaits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		ready forge.Readiness
		edit  func(b *bot, u *gitwriter.Update)
	}{
		{name: "no checks", ready: forge.Readiness{Mergeable: true, Checks: forge.ChecksNone}},
		{name: "pending", ready: forge.Readiness{Mergeable: true, Checks: forge.ChecksPending}},
		{name: "red", ready: forge.Readiness{Mergeable: true, Checks: forge.ChecksFailure}},
		{name: "changes wanted", ready: forge.Readiness{Mergeable: true, Checks: forge.ChecksSuccess, ChangesRequested: true}},
		{name: "conflict", ready: forge.Readiness{Conflict: true, Checks: forge.ChecksSuccess}},
		{name: "draft", ready: green(), edit: func(_ *bot, u *gitwriter.Update) { u.Draft = true }},
		{name: "shut", ready: green(), edit: func(b *bot, _ *gitwriter.Update) { b.cfg.Waits = "later" }},
		{name: "held", ready: green(), edit: func(b *bot, _ *gitwriter.Update) { b.forge.say(1, "pat", "/towline hold") }},
		{name: "frozen", ready: green(), edit: func(b *bot, _ *gitwriter.Update) {
			b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			u := update("api", "1.1.0")
			u.Draft = test.name == "draft"
			b.round(u)
			automerge(policy.AutomergeAll, "minor")(&u)
			b.forge.ready = map[int]forge.Readiness{1: test.ready}
			if test.edit != nil {
				test.edit(b, &u)
			}
			b.round(u)
			if len(b.settled) > 0 || b.first().State != forge.StateOpen {
				t.Errorf("settled: %s", reasons(b.settled))
			}
		})
	}
}

func TestForgeMergesByItself(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.forge.itself = true
	u := update("api", "1.1.0", automerge(policy.AutomergeAll, "minor"))
	b.round(u)
	b.did("api created/")
	if !b.first().Automerge {
		t.Fatal("the forge wasn't asked")
	}
	b.round(u)
	b.forge.pulls[0].Automerge = false // a person stops it
	b.forge.touch(1)
	b.round(u)
	if b.first().Automerge {
		t.Error("the forge was asked again for the same commit")
	}
	u = update("api", "1.2.0", automerge(policy.AutomergeAll, "minor"))
	b.round(u)
	b.did("api updated/")
	if !b.first().Automerge {
		t.Error("the forge wasn't asked for the new commit")
	}
	if calls := strings.Join(b.forge.takeCalls(), " "); strings.Count(calls, "automerge") != 2 || strings.Contains(calls, "readiness") {
		t.Errorf("calls: %s", calls)
	}
}

func TestSquashKeepsTheTrailers(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.forge.ready = map[int]forge.Readiness{1: green()}
	b.round(update("api", "1.1.0", automerge(policy.AutomergeAll, "minor"), func(u *gitwriter.Update) { u.MergeMethod = policy.MergeSquash }))
	b.did("api created/api merged, api deleted")
	got := b.forge.merged[0]
	if got.Method != forge.MergeSquash || got.Title != "chore(deps): update api to 1.1.0 (#1)" || gitwriter.ParseTrailers(got.Message).Key == "" || got.SHA != b.first().HeadSHA {
		t.Errorf("merged by %+v", got)
	}
}

func TestDraftAndMilestone(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0", func(u *gitwriter.Update) { u.Draft, u.Decoration.Milestone = true, "v2" }))
	if pull := b.first(); !pull.Draft || pull.Milestone != "v2" {
		t.Errorf("unexpected pull request: %+v", pull)
	}
}

func TestDecorationIsMended(t *testing.T) {
	t.Parallel()
	labels := func(u *gitwriter.Update) { u.Decoration.Labels = []string{"images"} }
	for _, test := range []struct {
		name string
		do   func(b *bot)
		want []string
	}{
		{"killed before", func(b *bot) { b.forge.pulls[0].Labels = nil }, []string{"images"}},
		{"a person took it off", func(b *bot) {
			b.forge.pulls[0].Labels = nil
			b.forge.touch(1)
		}, nil},
		{"all there", func(*bot) {}, []string{"images"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			b.round(update("api", "1.1.0", labels))
			test.do(b)
			b.dir = t.TempDir() // with the book
			b.restart(b.forge)
			b.round(update("api", "1.1.0", labels))
			b.did("api unchanged/")
			b.forge.takeCalls()
			b.round(update("api", "1.1.0", labels))
			b.round(update("api", "1.1.0", labels))
			if diff := cmp.Diff(test.want, b.first().Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if calls := strings.Join(b.forge.takeCalls(), " "); strings.Contains(calls, "decorate") {
				t.Errorf("calls afterwards: %s", calls)
			}
		})
	}
}
