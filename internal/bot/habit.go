package bot

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// habitOf is how many of the base branch's commits are looked at to learn how their
// subjects are written.
const habitOf = 50

// habit is how people write the subjects of a repository's commits, as of a head.
type habit struct {
	head  gitrepo.Hash
	known policy.Conventional
}

// conventional says how titles are to be written: what the configuration says or, where
// it follows the base branch's commits, what these do.
func (w *worker) conventional(ctx context.Context) (policy.Conventional, error) {
	c := w.home.Config.Commit.Conventional
	if c != policy.ConventionalAuto {
		return c, nil
	}
	if w.habit.head == w.base {
		return w.habit.known, nil
	}
	subjects, whole := w.subjects()
	if len(subjects) < habitOf && !whole {
		// Once: where the remote has no more either, what is there must do.
		if _, err := w.repo.Source.Deepen(ctx, w.baseBranch(), firstDepth); err != nil && ctx.Err() != nil {
			return "", ctx.Err()
		}
		subjects, _ = w.subjects()
	}
	known := policy.ConventionalNever
	if conventional(subjects) {
		known = policy.ConventionalAlways
	}
	w.habit = habit{head: w.base, known: known}
	return known, nil
}

// conventional tells whether most of the subjects follow Conventional Commits, those of
// merges aside.
func conventional(subjects []string) bool {
	pattern := regexp.MustCompile(`^[a-z]+(\([^()]+\))?!?: \S`)
	fits, all := 0, 0
	for _, subject := range subjects {
		if strings.HasPrefix(subject, "Merge ") {
			continue
		}
		if all++; pattern.MatchString(subject) {
			fits++
		}
	}
	return fits*2 > all
}

// subjects gives the first lines of the newest commits of the base branch, along first
// parents, the newest first. Whole says that there are no others.
func (w *worker) subjects() (subjects []string, whole bool) {
	for at := w.base; len(subjects) < habitOf; {
		c, err := w.repo.Source.CommitInfo(at)
		if err != nil {
			return subjects, !errors.Is(err, gitrepo.ErrNotFetched)
		}
		subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
		subjects = append(subjects, oneLine(subject, 200))
		if len(c.Parents) == 0 {
			return subjects, true
		}
		at = c.Parents[0]
	}
	return subjects, false
}
