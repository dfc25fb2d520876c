package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

const (
	// habitOf is how many subjects show how a repository's commits are written.
	habitOf = 20
	// maxHabit bounds the commits that are looked at for them: some are merges, or ours.
	maxHabit = 100
)

// habit is how people write the subjects of a repository's commits, as of a head.
type habit struct {
	head     gitrepo.Hash
	subjects []string
}

// subjects gives what titles are to follow, where they follow the base branch's commits.
// The mirror is deepened for that, once.
func (w *worker) subjects(ctx context.Context) []string {
	if w.home.Config.Commit.Conventional != policy.ConventionalAuto || w.habit.head == w.base {
		return w.habit.subjects
	}
	found, short := w.lastSubjects()
	if short {
		// What the remote doesn't have either, or doesn't give, isn't needed for a title.
		if _, err := w.repo.Source.Deepen(ctx, w.baseBranch(), firstDepth); err == nil {
			found, _ = w.lastSubjects()
		}
	}
	w.habit = habit{head: w.base, subjects: found}
	return found
}

// lastSubjects gives the first lines of the newest commits of the base branch, along
// first parents, without merges and ours. Short says that the mirror's history ends
// before there are enough.
func (w *worker) lastSubjects() (subjects []string, short bool) {
	at := w.base
	for range maxHabit {
		c, err := w.repo.Source.CommitInfo(at)
		if err != nil {
			return subjects, errors.Is(err, gitrepo.ErrNotFetched)
		}
		subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
		if len(c.Parents) < 2 && gitwriter.ParseTrailers(c.Message).Key == "" && len(trailers(c.Message)) == 0 {
			subjects = append(subjects, oneLine(subject, 200))
		}
		if len(c.Parents) == 0 || len(subjects) == habitOf {
			break
		}
		at = c.Parents[0]
	}
	return subjects, false
}
