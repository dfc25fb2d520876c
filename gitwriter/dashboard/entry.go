package dashboard

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/markup"
)

// What begins an entry with a box.
const (
	empty  = "- [ ]"
	ticked = "- [x]"
)

// teller writes entries of one line.
type teller struct {
	prose   func(text string, limit int) string // shows text from outside
	ordered map[Tick]bool                       // ticks that aren't shown yet
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

// add puts a line into a section, behind a box where there is a key.
func (t teller) add(s *section, verb, key, line string) {
	hidden := hide(key)
	if key == "" || len(hidden) > maxKey {
		s.lines = append(s.lines, "- "+line+"\n")
		return
	}
	box := empty
	if tick := (Tick{Verb: verb, Key: key}); t.ordered[tick] {
		box = ticked
		delete(t.ordered, tick)
	}
	s.lines = append(s.lines, fmt.Sprintf("%s <!-- towline: %s %s --> %s\n", box, verb, hidden, line))
}
