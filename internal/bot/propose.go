package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/policy"
)

// propose writes the updates of groups together, so that the most urgent come first.
func (w *worker) propose(ctx context.Context, r *round, groups []Group, rows map[Group][]Row) {
	for _, g := range groups {
		w.tellTags(rows[g])
	}
	written, updates := w.updatesOf(ctx, r, groups, rows)
	if len(updates) == 0 {
		return
	}
	for i, result := range r.session.Write(ctx, updates) {
		w.wrote(r, written[i], updates[i], result)
	}
}

// updatesOf gives the updates to write, with their groups.
func (w *worker) updatesOf(ctx context.Context, r *round, groups []Group, rows map[Group][]Row) (written []Group, updates []gitwriter.Update) {
	for _, g := range groups {
		if g.Mode == policy.ModeNotify || r.stuck[g] {
			continue
		}
		if len(updates) == 0 {
			r.subjects = w.subjects(ctx)
		}
		written, updates = append(written, g), append(updates, w.update(r, g, rows[g]))
	}
	return written, updates
}

// wrote tells what became of an update, and remembers it for the next round.
func (w *worker) wrote(r *round, g Group, u gitwriter.Update, result gitwriter.Result) {
	r.written[g], r.asked[g] = result, u
	delete(w.waiting, g)
	if result.Err != nil {
		r.failed[groupSubject(g.Name)] = fmt.Errorf("proposing the update %q: %w", g.Name, result.Err)
		return
	}
	if result.Warning != nil {
		r.failed[groupSubject(g.Name)] = result.Warning
	}
	if result.Action == gitwriter.ActionWaiting {
		w.waiting[g] = waiter{security: u.Security, level: policy.Level(u.Level), open: result.PullRequest != nil}
	}
	if result.Action != gitwriter.ActionWaiting || len(result.Changes) > 0 { // else nobody has looked
		w.proposals[g] = versionsOf(result.Changes)
	}
	w.tellOutcome(g, result)
}

// versionsOf gives what changes bring, by image.
func versionsOf(changes []gitwriter.Change) map[string]string {
	versions := map[string]string{}
	for _, c := range changes {
		versions[c.Image] = c.To
	}
	return versions
}

// branchSubject begins what fails where a branch that no update is written to can't be
// cleaned up.
const branchSubject = "branch "

// settle lets the session close, merge and delete what is to be, and open what waited for
// the room.
func (w *worker) settle(ctx context.Context, r *round) {
	for _, result := range r.session.Settle(ctx, w.fates(r)) {
		g := Group{Name: result.Group, Mode: policy.ModePullRequest}
		u, asked := r.asked[g]
		switch {
		case asked && opens(result):
			w.wrote(r, g, u, result)
			continue
		case result.Action == gitwriter.ActionMerged || result.Action == gitwriter.ActionClosed:
			result.Changes = r.written[g].Changes
			r.written[g] = result
		}
		if err := errors.Join(result.Err, result.Warning); err != nil {
			r.failed[branchSubject+result.Branch] = err
		}
		if result.Err == nil {
			w.tellOutcome(Group{Name: branchSubject + result.Branch}, result)
		}
	}
}

// opens tells whether a result is that of an update which was written once more.
func opens(result gitwriter.Result) bool {
	switch result.Action {
	case gitwriter.ActionMerged, gitwriter.ActionClosed, gitwriter.ActionDeleted:
		return false
	}
	return result.Err != nil || result.Key != "" && len(result.Changes) > 0
}

// tellOutcome tells what was done, loudly only where it isn't what the last round did.
func (w *worker) tellOutcome(g Group, result gitwriter.Result) {
	if result.Action == "" {
		return
	}
	e := event.PullRequest{Repository: w.repo.Name, Group: cmp.Or(result.Group, g.Name), Branch: result.Branch,
		Action: string(result.Action), Reason: result.Reason, Changes: len(result.Changes)}
	if pr := result.PullRequest; pr != nil {
		e.Number, e.URL = pr.Number, pr.URL
	}
	state := fmt.Sprintf("%s %d %s %s", e.Action, e.Number, result.Key, result.Commit)
	e.Again = w.outcomes[g] == state
	w.outcomes[g] = state
	w.events.Handle(e)
}

// forget lets go of groups that no policy of the tree can add to, and of waiting ones
// that were looked at and weren't written: they have nothing to propose any more, or will
// be looked at again by their schedule, and mustn't keep the room from others until then.
func (w *worker) forget(r *round) {
	if r.plan == nil {
		return
	}
	makers := r.tree.layout().makers
	gone := func(g Group) bool { return len(makers[g]) == 0 }
	maps.DeleteFunc(w.proposals, func(g Group, _ map[string]string) bool { return gone(g) })
	maps.DeleteFunc(w.waiting, func(g Group, _ waiter) bool {
		_, written := r.written[g]
		return gone(g) || !written && r.lookedAt(makers[g])
	})
	w.freed = r.released
}

// lookedAt tells whether policies were all looked at in this round.
func (r *round) lookedAt(policies []*policy.Policy) bool {
	return !slices.ContainsFunc(policies, func(p *policy.Policy) bool { return !r.due(p) })
}

// sure tells whether policies were all looked at in this round, and none failed.
func (r *round) sure(policies []*policy.Policy) bool {
	return !slices.ContainsFunc(policies, func(p *policy.Policy) bool {
		return !r.due(p) || r.plan.Failed[p.Key()] != nil
	})
}

// byGroup gives the rows that are of some group.
func (p *Plan) byGroup() map[Group][]Row {
	rows := map[Group][]Row{}
	for _, r := range p.Rows {
		if r.group != (Group{}) {
			rows[r.group] = append(rows[r.group], r)
		}
	}
	return rows
}

func keysOf[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
