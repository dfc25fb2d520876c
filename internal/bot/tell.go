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
	policies := 0
	if r.plan != nil {
		policies = len(r.plan.policies())
	}
	w.events.Handle(event.RoundFinished{Repository: w.repo.Name, Policies: policies, Updates: len(w.board.wanted), Seconds: took.Seconds()})
}

// examined tells whether a round looked at a policy, a group or the dashboard.
func (r *round) examined(subject string) bool {
	if r.plan == nil {
		return false
	}
	if r.looked == nil {
		r.looked = map[string]bool{dashboardSubject: true}
		for p := range r.plan.policies() {
			r.looked[p.Key()] = true
			for _, g := range r.tree.groupsOf(p) {
				r.looked[groupSubject(g.Name)] = true
			}
		}
	}
	return r.looked[subject] || strings.HasPrefix(subject, branchSubject)
}

// policies gives those that were looked at.
func (p *Plan) policies() map[*policy.Policy]bool {
	all := map[*policy.Policy]bool{}
	for i := range p.Rows {
		all[p.Rows[i].Policy] = true
	}
	return all
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
