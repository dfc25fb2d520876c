package bot

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// trail is the history of one file, as far as it was looked at.
type trail struct {
	file   string
	head   gitrepo.Hash // where it begins
	steps  []step       // newest first
	looked int          // commits
	bytes  int          // of the versions that were read
	next   gitrepo.Hash // the first commit that wasn't looked at
	ended  bool         // there is nothing more to look at
	older  *trail       // that of an earlier head, to be joined; may be nil

	after []value // what the file holds at next; only where read says so
	read  bool
	since *step // the first of several commits between which the file couldn't be read
}

// step is a commit that changed references of the file.
type step struct {
	depth   int // how many commits of the branch are newer
	commit  gitrepo.Hash
	author  string
	when    time.Time
	subject string
	origins map[value]origin
	told    []gitwriter.Trailer // what it, or what it merged, says of itself
}

// join goes on with what was found from an earlier head.
func (t *trail) join() {
	older := t.older
	t.older = nil
	if t.since != nil {
		return // what is missing is a version that the older one never read
	}
	for _, s := range older.steps {
		if s.depth += t.looked; s.depth < maxCommits {
			t.steps = append(t.steps, s)
		}
	}
	t.looked, t.bytes = t.looked+older.looked, t.bytes+older.bytes
	t.next, t.after, t.read, t.since = older.next, older.after, older.read, older.since
	t.ended = older.ended || t.looked >= maxCommits
}

// note adds a commit that changed the file to its trail.
func (h *history) note(t *trail, c *gitrepo.FileChange, depth int) error {
	if c.Before == "" || c.After == "" {
		t.ended = true // the file begins here; or it wasn't at head, and nothing is known of it
		return nil
	}
	before, readable, err := h.values(t, c.Before)
	if err != nil {
		return err
	}
	if !t.read {
		if t.after, _, err = h.values(t, c.After); err != nil {
			return err
		}
		t.read = true
	}
	s := t.since
	if s == nil {
		s = h.step(c.Commit, depth)
	}
	if !readable {
		t.since = s
		return nil
	}
	if s.origins = origins(before, t.after); len(s.origins) > 0 {
		t.steps = append(t.steps, *s)
	}
	t.after, t.since = before, nil
	return nil
}

// values reads a version of a file. It isn't readable where it can't be edited either:
// it is too large, or no YAML.
func (h *history) values(t *trail, blob gitrepo.Hash) (values []value, readable bool, err error) {
	data, err := h.past.Blob(blob)
	switch {
	case errors.Is(err, gitrepo.ErrTooLarge):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	t.bytes += len(data)
	t.ended = t.ended || t.bytes > maxBytes
	parsed, problems := h.finder.Parse(t.file, data)
	values = valuesOf(parsed.References())
	unread := slices.ContainsFunc(problems, func(p edit.Problem) bool {
		return p.Kind == edit.ProblemSyntax || p.Kind == edit.ProblemTemplate || p.Kind == edit.ProblemLimit
	})
	return values, len(values) > 0 || !unread, nil
}

func (h *history) step(c gitrepo.CommitInfo, depth int) *step {
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	s := &step{
		depth: depth, commit: c.Hash, when: c.Author.When,
		author: oneLine(c.Author.Name, 100), subject: oneLine(subject, 120),
		told: trailers(c.Message),
	}
	// A forge's merge says nothing of its own; the branch that it merged does. That may
	// lie outside of the mirror's history.
	for _, parent := range c.Parents[min(1, len(c.Parents)):] {
		if merged, err := h.past.CommitInfo(parent); err == nil {
			s.told = append(s.told, trailers(merged.Message)...)
		}
	}
	return s
}

// maxTrailers bounds how much of a message is searched for trailers, in bytes.
const maxTrailers = 1 << 20

// trailers reads every paragraph: forges that squash add lines of their own below ours.
func trailers(message string) []gitwriter.Trailer {
	message = strings.ReplaceAll(message[max(0, len(message)-maxTrailers):], "\r\n", "\n")
	var all []gitwriter.Trailer
	for paragraph := range strings.SplitSeq(message, "\n\n") {
		all = append(all, gitwriter.ParseTrailers(paragraph).Updates...)
	}
	return all
}

func (s step) move(from, to value) Move {
	m := Move{From: from.tag, To: to.tag, Commit: s.commit, Author: s.author, When: s.when, Subject: s.subject}
	m.ByBot = slices.ContainsFunc(s.told, func(t gitwriter.Trailer) bool {
		return t.From == from.tag && t.To == to.tag && (to.marked() || to.names(t.Image))
	})
	return m
}

// oneLine makes what a person wrote in a commit fit for a log and a status.
func oneLine(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit-len("…")], "") + "…"
	}
	return text
}
