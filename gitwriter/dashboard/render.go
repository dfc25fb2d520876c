package dashboard

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

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
	t := teller{prose: markup.Proser()}
	sections := []section{
		{title: "Open", help: "Tick one to build its branch anew from the base; what others committed to it is dropped."},
		{title: "Waiting", help: "These are proposed without your doing, when it is time."},
		{title: "Held", help: "Tick one to release it."},
		{title: "Failing", help: "Tick one to have it looked at again at once."},
		{title: "Closed by a person", help: "These aren't proposed again. Tick one to have it proposed after all."},
	}
	open, held, failing, closed := &sections[0], &sections[2], &sections[3], &sections[4]
	for _, u := range sorted(d.Updates, func(a, b Update) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Title, b.Title))
	}) {
		switch u.State {
		case StateClosed, StateMerged:
			closed.add(Release, u.Key, t.update(u, ""))
		case StateHeld:
			held.add(Release, u.Key, t.update(u, ""))
		case StateOpen:
			u.Reason = "" // it would tell what the last round did, and change with the next
			open.add(Rebase, u.Key, t.update(u, ""))
		default:
			open.add(Rebase, u.Key, t.update(u, u.State))
		}
	}
	for _, w := range d.Waiting {
		sections[1].lines = append(sections[1].lines, "- "+t.named(w.Group, w.Title)+t.because(w.Reason)+"\n")
	}
	for _, h := range sorted(d.Held, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Key(), b.Key()), cmp.Compare(a.Current, b.Current), cmp.Compare(a.Commit, b.Commit))
	}) {
		held.add(Release, h.Key(), t.held(h))
	}
	for _, f := range sorted(d.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Reason, b.Reason))
	}) {
		failing.add(Retry, f.Policy, t.failure(f))
	}
	return sections
}

// teller writes entries of one line.
type teller struct {
	prose func(text string, limit int) string // shows text from outside
}

// update tells of a pull request; state is what there is to say of it beside where it
// stands.
func (t teller) update(u Update, state string) string {
	var b strings.Builder
	if u.Number > 0 {
		fmt.Fprintf(&b, "%s ", markup.Link(fmt.Sprintf("#%d", u.Number), u.URL))
	}
	b.WriteString(t.named(u.Group, u.Title))
	if state != "" {
		fmt.Fprintf(&b, " **%s**", t.prose(state, 60))
	}
	return b.String() + t.because(u.Reason)
}

func (t teller) held(h Held) string {
	text := fmt.Sprintf("%s of %s: %s moved it back to %s",
		markup.Code(h.Tag), markup.Code(h.Image), t.prose(cmp.Or(h.Author, "somebody"), 60), markup.Code(h.Current))
	if !h.Since.IsZero() {
		text += " on " + date(h.Since)
	}
	if h.Commit != "" {
		text += " in " + markup.Link(markup.Code(h.Commit[:min(len(h.Commit), 12)]), h.CommitURL)
	}
	return text
}

func (t teller) failure(f Failure) string {
	text := markup.Code(f.Policy)
	if f.Place != "" {
		text += " at " + markup.Code(f.Place)
	}
	if !f.Since.IsZero() {
		text += " since " + date(f.Since)
	}
	return text + t.because(f.Reason)
}

// named shows the group before the title, so that no title begins an entry: Markdown
// might take its first word for something.
func (t teller) named(group, title string) string {
	return markup.Code(group) + " " + t.prose(title, maxTitle)
}

func (t teller) because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + t.prose(reason, maxReason)
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func sorted[T any](all []T, compare func(a, b T) int) []T {
	return slices.SortedStableFunc(slices.Values(all), compare)
}

// A section is one heading with its entries, each of them a line.
type section struct {
	title, help string
	lines       []string
}

// add puts a line behind a box.
func (s *section) add(verb, key, line string) {
	hidden := hide(key)
	if key == "" || len(hidden) > maxKey {
		s.lines = append(s.lines, "- "+line+"\n")
		return
	}
	s.lines = append(s.lines, fmt.Sprintf("- [ ] <!-- towline: %s %s --> %s\n", verb, hidden, line))
}

// hide escapes what goes into a comment, so that nothing in it can end the comment.
func hide(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "-", "%2D") }
