package bot

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/policy"
)

// tell reports a round: what is new among the problems, what fails or works again,
// and that the round has ended.
func (w *worker) tell(r *round, took time.Duration) {
	if r.plan != nil {
		w.tellProblems(r.problems)
		w.tellHeld()
	}
	for _, e := range w.failures.Round(w.repo.Name, r.failed, func(subject string) bool {
		return subject == w.repo.Name || r.examined(subject)
	}) {
		w.events.Handle(e)
	}
	policies := map[*policy.Policy]bool{}
	if r.plan != nil {
		for i := range r.plan.Rows {
			policies[r.plan.Rows[i].Policy] = true
		}
	}
	w.events.Handle(event.RoundFinished{Repository: w.repo.Name, Policies: len(policies), Updates: r.updates, Seconds: took.Seconds()})
}

// examined tells whether a round looked at a policy, a group or the dashboard.
func (r *round) examined(subject string) bool {
	if r.plan == nil {
		return false
	}
	return subject == dashboardSubject || strings.HasPrefix(subject, branchSubject) || slices.ContainsFunc(r.plan.Rows, func(row Row) bool {
		return row.Policy.Key() == subject || slices.ContainsFunc(r.tree.groupsOf(row.Policy), func(g Group) bool {
			return groupSubject(g.Name) == subject
		})
	})
}

// tellProblems tells each problem once, for as long as it stays.
func (w *worker) tellProblems(problems policy.Problems) {
	now := map[string]bool{}
	for _, p := range problems {
		key := p.Error()
		if !w.problems[key] && !now[key] {
			w.events.Handle(event.Problem{Repository: w.repo.Name, Place: p.String(), Text: p.Message, Hint: p.Hint})
		}
		now[key] = true
	}
	w.problems = now
}

// tellHeld tells, once for as long as it stays, what is held back.
func (w *worker) tellHeld() {
	now := map[dashboard.Held]bool{}
	for _, key := range sortedKeys(w.board.held) {
		for _, h := range w.board.held[key] {
			if !w.held[h] && !now[h] {
				w.events.Handle(event.Held{Repository: w.repo.Name, Policy: key, Image: h.Image, Current: h.Current, Tag: h.Tag,
					Author: h.Author, Commit: h.Commit, Since: h.Since})
			}
			now[h] = true
		}
	}
	w.held = now
}

// tellTags tells, once a policy and pair of tags, what is wanted.
func (w *worker) tellTags(rows []Row) {
	for _, row := range rows {
		if !row.Changed() {
			continue
		}
		key := strings.Join([]string{row.Policy.Key(), row.Current, row.Choice.Tag, row.Digest}, "\x00")
		if w.tags[key] {
			continue
		}
		w.tags[key] = true
		w.events.Handle(event.TagChosen{Repository: w.repo.Name, Policy: row.Policy.Key(), Image: row.Policy.Image(),
			From: row.from(), To: row.to(), Reason: row.Choice.Reason})
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
