package dashboard

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
)

const (
	// maxBody bounds the text in bytes: GitHub takes 65,536 characters.
	maxBody = 60000
	// maxKey bounds the key of a tick, escaped, in bytes. What has a longer one has no box.
	maxKey    = 512
	maxTitle  = 200 // bytes
	maxReason = 400
)

const intro = "The image updates of this repository. Towline writes this issue anew when something changes. A box that you tick " +
	"is an order to it: it follows when it looks here next, and takes the tick away.\n"

// Render makes the text. Equal data gives equal text, so that it is only written
// when something has changed. It has at most 60,000 bytes: where a section has more
// entries than fit it says how many more there are.
func Render(d Data) string {
	head := "<!-- towline-dashboard: " + hide(d.Scope) + " -->\n" + intro
	return head + fit(entries(d), maxBody-len(head))
}

func entries(d Data) []section {
	open := section{title: "Open", help: "Tick one to build its branch anew from the base; what others committed to it is dropped."}
	waiting := section{title: "Waiting", help: "These are proposed without your doing, when it is time."}
	held := section{title: "Held", help: "Tick one to release it."}
	failing := section{title: "Failing", help: "Tick one to have it looked at again at once."}
	closed := section{title: "Closed by a person", help: "These aren't proposed again. Tick one to have it proposed after all."}
	ordered := section{title: "Ordered", help: "These are followed when it is possible. Clear the box to take the order back."}

	t := teller{prose: markup.Proser(), ordered: map[Tick]bool{}}
	for _, tick := range d.Ordered {
		t.ordered[tick] = true
	}
	for _, u := range sorted(d.Updates, compareUpdates) {
		switch u.State {
		case StateClosed, StateMerged:
			t.add(&closed, Release, u.Key, t.update(u, ""))
		case StateHeld:
			t.add(&held, Release, u.Key, t.update(u, ""))
		case StateOpen:
			u.Reason = "" // it would tell what the last round did, and change with the next
			t.add(&open, Rebase, u.Key, t.update(u, ""))
		default:
			t.add(&open, Rebase, u.Key, t.update(u, u.State))
		}
	}
	for _, w := range d.Waiting {
		t.add(&waiting, "", "", t.named(w.Group, w.Title)+t.because(w.Reason))
	}
	for _, h := range sorted(d.Held, compareHeld) {
		t.add(&held, Release, h.Key(), t.held(h))
	}
	for _, f := range sorted(d.Failures, compareFailures) {
		t.add(&failing, Retry, f.Policy, t.failure(f))
	}
	for _, tick := range d.Ordered {
		if t.ordered[tick] { // it stands nowhere else
			t.add(&ordered, tick.Verb, tick.Key, markup.Code(tick.Verb)+" "+markup.Code(tick.Key))
		}
	}
	return []section{open, waiting, held, failing, closed, ordered}
}

func compareUpdates(a, b Update) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Title, b.Title))
}

func compareHeld(a, b Held) int {
	return cmp.Or(cmp.Compare(a.Key(), b.Key()), cmp.Compare(a.Current, b.Current), cmp.Compare(a.Commit, b.Commit))
}

func compareFailures(a, b Failure) int {
	return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Reason, b.Reason))
}

func sorted[T any](all []T, compare func(a, b T) int) []T {
	return slices.SortedStableFunc(slices.Values(all), compare)
}

// hide escapes what goes into a comment, so that nothing in it can end the comment.
func hide(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "-", "%2D") }
