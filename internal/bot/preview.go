package bot

import (
	"context"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/policy"
)

// Preview is what a round would do to one repository.
type Preview struct {
	Repository string
	Updates    []Proposal
	// Leftovers are pull requests that would be closed and branches that would be
	// deleted, with the reasons.
	Leftovers []gitwriter.Result
	// Shown is what a dashboard would say of versions that are held or too young.
	Shown    dashboard.Data
	Problems policy.Problems
	Err      error // what failed; Updates holds what didn't
}

// Proposal is what a round would do about one update, and how it would be proposed.
type Proposal struct {
	gitwriter.Preview
	Update gitwriter.Update
}

// preview says what the round would do, and does none of it.
func (w *worker) preview(ctx context.Context) Preview {
	p := Preview{Repository: w.repo.Name}
	if p.Err = w.turn.take(ctx); p.Err != nil {
		return p
	}
	defer w.turn.give()
	r := w.newRound(Every)
	if p.Err = w.look(ctx, r); p.Err != nil {
		return p
	}
	_, updates := w.updatesOf(ctx, r, r.groups(), r.rows)
	for i, previewed := range r.session.Preview(ctx, updates) {
		if previewed.Err != nil {
			r.failed[groupSubject(updates[i].Group)] = previewed.Err
			continue
		}
		if len(previewed.Changes) > 0 { // none is left where the base has moved meanwhile
			p.Updates = append(p.Updates, Proposal{Preview: previewed.Preview, Update: updates[i]})
		}
	}
	for _, result := range r.session.PreviewSettle(ctx, w.fates(r)) {
		if result.Err != nil {
			r.failed[branchSubject+result.Branch] = result.Err
			continue
		}
		p.Leftovers = append(p.Leftovers, result)
	}
	w.board.note(r, w.now())
	p.Shown, p.Problems, p.Err = w.board.data(), r.problems, r.err()
	return p
}
