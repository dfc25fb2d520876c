package gitwriter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

const wantedKey = "1111111111111111111111111111111111111111111111111111111111111111"

func withKey(number int, state forge.State, key string) *forge.PullRequest {
	return &forge.PullRequest{Number: number, State: state, Body: "<!-- towline-key: " + key + " -->\n"}
}

// upToDate is an open pull request that is as it should be.
func upToDate(edit ...func(*gitwriter.Facts)) gitwriter.Facts {
	f := gitwriter.Facts{
		Now: start(), Key: wantedKey, Base: "base", Ours: true, Content: true, Newest: start(),
		Branch: &gitrepo.CommitInfo{Hash: "12345678head", Parents: []gitrepo.Hash{"base"}, Committer: gitrepo.Signature{Name: "Pat", When: start()}},
		Open:   withKey(1, forge.StateOpen, wantedKey),
	}
	for _, each := range edit {
		each(&f)
	}
	return f
}

// nothingYet is an update that nobody has proposed.
func nothingYet(edit ...func(*gitwriter.Facts)) gitwriter.Facts {
	return upToDate(append([]func(*gitwriter.Facts){func(f *gitwriter.Facts) {
		f.Branch, f.Open, f.Ours, f.Content = nil, nil, false, false
	}}, edit...)...)
}

func otherKey(f *gitwriter.Facts) {
	f.Open = withKey(1, forge.StateOpen, strings.Repeat("2", 64))
	f.Content = false
}

func noKey(f *gitwriter.Facts) {
	f.Open, f.Proposed = &forge.PullRequest{Number: 1, State: forge.StateOpen}, wantedKey
}
func behind(f *gitwriter.Facts)  { f.Branch.Parents = []gitrepo.Hash{"older"} }
func persons(f *gitwriter.Facts) { f.Ours, f.Content = false, false }
func closed(f *gitwriter.Facts)  { f.Ended = withKey(2, forge.StateClosed, wantedKey) }

func rebase(r policy.Rebase) func(*gitwriter.Facts) {
	return func(f *gitwriter.Facts) { f.Rebase = r }
}

func TestDecide(t *testing.T) {
	later := start().Add(time.Hour)
	for _, test := range []struct {
		name  string
		facts gitwriter.Facts
		want  string // action, then steps
		says  string // part of the state
	}{
		{"first", nothingYet(), "created push create", ""},
		{"pushed, then killed", upToDate(func(f *gitwriter.Facts) { f.Open = nil }), "created create", ""},
		{"up to date", upToDate(), "unchanged", ""},
		{"newer version", upToDate(otherKey), "updated push text", ""},
		{"pushed, then killed before the text", upToDate(otherKey, func(f *gitwriter.Facts) { f.Content = true }), "updated text", ""},
		{"branch is gone", upToDate(func(f *gitwriter.Facts) { f.Branch, f.Ours, f.Content = nil, false, false }), "updated push", ""},
		{"unsigned", upToDate(func(f *gitwriter.Facts) { f.Unsigned = true }), "updated push", ""},

		{"behind", upToDate(behind), "updated push", ""},
		{"behind, only conflicts matter", upToDate(behind, rebase(policy.RebaseConflict)), "unchanged", ""},
		{"conflict", upToDate(behind, rebase(policy.RebaseConflict), func(f *gitwriter.Facts) { f.Conflict = true }), "updated push", ""},
		{"conflict, but never", upToDate(behind, rebase(policy.RebaseNever), func(f *gitwriter.Facts) { f.Conflict = true }), "unchanged", ""},
		{"never, and unsigned", upToDate(behind, rebase(policy.RebaseNever), func(f *gitwriter.Facts) { f.Unsigned = true }), "updated push", ""},
		{"never, but other content", upToDate(behind, rebase(policy.RebaseNever), func(f *gitwriter.Facts) { f.Content = false }), "updated push", ""},
		{"asked for", upToDate(rebase(policy.RebaseNever), func(f *gitwriter.Facts) { f.Orders.RebaseAt = later }), "updated push", ""},
		{"asked for before", upToDate(func(f *gitwriter.Facts) { f.Orders.RebaseAt = start() }), "unchanged", ""},
		{"asked for on the dashboard", upToDate(func(f *gitwriter.Facts) { f.Retake = true }), "updated push", ""},

		{"closed by a person", nothingYet(closed), "closed-by-person", ""},
		{"closed, and another is open", upToDate(closed, otherKey), "closed-by-person", ""},
		{"closed and released", nothingYet(closed, func(f *gitwriter.Facts) { f.Released = true }), "created push create", ""},
		{"merged and taken back", nothingYet(func(f *gitwriter.Facts) { f.Ended = withKey(2, forge.StateMerged, wantedKey) }), "closed-by-person", ""},
		{"ignored", upToDate(func(f *gitwriter.Facts) { f.Orders.Ignored = true }), "closed close", ""},
		{"ignored, and a person's commit", upToDate(persons, func(f *gitwriter.Facts) { f.Orders.Ignored = true }), "closed close", ""},

		{"person's commit", upToDate(persons), "frozen", "commit <code>12345678</code> by Pat"},
		{"person's commit, newer version", upToDate(persons, otherKey), "frozen", "merged, or somebody comments /towline rebase."},
		{"person's commit without a pull request", upToDate(persons, func(f *gitwriter.Facts) { f.Open = nil }), "frozen", ""},
		{"person's commit was merged", upToDate(persons, func(f *gitwriter.Facts) { f.Open, f.Spent = nil, true }), "created push create", ""},
		{"person's commit, taken back", upToDate(persons, func(f *gitwriter.Facts) { f.Orders.RebaseAt = later }), "updated push", ""},

		{"held", upToDate(behind, func(f *gitwriter.Facts) { f.Orders.HeldUntil, f.Orders.HeldBy = later, "sam" }), "held", "sam holds"},
		{"held, newer version", upToDate(otherKey, func(f *gitwriter.Facts) { f.Orders.HeldUntil = later }), "held", "Held"},
		{"held before", upToDate(func(f *gitwriter.Facts) { f.Orders.HeldUntil = start() }), "unchanged", ""},
		{"key taken out", upToDate(noKey), "updated text", ""},
		{"key taken out, newer version", upToDate(noKey, func(f *gitwriter.Facts) { f.Proposed, f.Content = strings.Repeat("2", 64), false }), "updated push text", ""},
		{"refused", upToDate(func(f *gitwriter.Facts) { f.Orders.Refused = []string{"hold xyz"} }), "unchanged", "Not understood: hold xyz"},

		{"shut", nothingYet(func(f *gitwriter.Facts) { f.Waits = "till Monday" }), "waiting", ""},
		{"shut, newer version", upToDate(otherKey, func(f *gitwriter.Facts) { f.Waits = "till Monday" }), "waiting", "till Monday"},
		{"shut, behind", upToDate(behind, func(f *gitwriter.Facts) { f.Waits = "till Monday" }), "updated push", ""},
		{"shut, key taken out", upToDate(noKey, func(f *gitwriter.Facts) { f.Waits = "till Monday" }), "updated text", ""},
		{"shut, key taken out, newer version", upToDate(noKey, func(f *gitwriter.Facts) { f.Proposed, f.Waits = strings.Repeat("2", 64), "till Monday" }), "waiting", "till Monday"},
		{"shut till the end", nothingYet(func(f *gitwriter.Facts) { f.Waits = "till Monday." }), "waiting", ""},
		{"shut till the end, newer version", upToDate(otherKey, func(f *gitwriter.Facts) { f.Waits = "till Monday." }), "waiting", "till Monday.\n"},
		{"full", nothingYet(func(f *gitwriter.Facts) { f.Full = "2 are open" }), "waiting", ""},
		{"full, newer version", upToDate(otherKey, func(f *gitwriter.Facts) { f.Full = "2 are open" }), "updated push text", ""},

		{"no forge", nothingYet(func(f *gitwriter.Facts) { f.PushOnly, f.Full = true, "x" }), "created push create", ""},
		{"no forge, shut", nothingYet(func(f *gitwriter.Facts) { f.PushOnly, f.Waits = true, "x" }), "waiting", ""},
		{"no forge, pushed", upToDate(func(f *gitwriter.Facts) { f.PushOnly, f.Open, f.Waits = true, nil, "x" }), "created create", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := gitwriter.Decide(test.facts)
			if diff := cmp.Diff(test.want, strings.Join(append([]string{string(got.Action)}, got.Steps...), " ")); diff != "" {
				t.Errorf("decided (-want +got):\n%s", diff)
			}
			if test.says == "" && got.State != "" || !strings.Contains(got.State, test.says) {
				t.Errorf("state %q, want %q in it", got.State, test.says)
			}
		})
	}
}
