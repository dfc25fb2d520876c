package bot

import (
	"context"
	"maps"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// look fetches the repository, reads it, asks the forge for news and makes the plan.
func (w *worker) look(ctx context.Context, r *round) error {
	changed, err := w.read(ctx)
	if err != nil {
		return err
	}
	if changed {
		r.due = Every
	}
	r.tree = w.tree
	if err := w.begin(ctx, r); err != nil {
		return err
	}
	r.due = r.tree.Together(r.due)
	r.look = w.lookFrom(r)
	if err := w.plan(ctx, r); err != nil {
		return err
	}
	for _, row := range r.plan.Rows {
		if row.Err != nil && r.failed[row.Policy.Key()] == nil {
			r.failed[row.Policy.Key()] = row.Err
		}
	}
	if err := w.refresh(r.plan); err != nil {
		return err
	}
	r.rows = r.plan.byGroup()
	r.refused, r.stuck = r.plan.refused()
	r.problems = slices.Concat(r.plan.Problems, r.refused, Noted(r.tree.Notes))
	return nil
}

// refresh lets a plan that has something to rewrite read the files from the mirror as it
// is now: the one from which they were found may have been replaced since.
func (w *worker) refresh(p *Plan) error {
	if !slices.ContainsFunc(p.Rows, Row.Changed) {
		return nil
	}
	fsys, err := w.repo.Source.FS(w.base)
	if err != nil {
		return err
	}
	p.Tree = p.Tree.on(fsys)
	return nil
}

// lookFrom is how a round looks at the tree that was read: with the history of the
// branch up to that very commit.
func (w *worker) lookFrom(r *round) Look {
	if w.past == nil {
		w.past = newHistory(w.repo.Source)
	}
	w.past.begin(w.baseBranch(), w.tree.finder)
	released := maps.Clone(r.released)
	return Look{
		Tags: r.tags, Due: r.due, Knowledge: w.knowledge, Now: w.now(), Moved: w.movedUpTo(w.base),
		Released: func(image, tag string) bool { return released[releaseOf(image, tag)] },
	}
}

// movedUpTo finds the last moves in the history that ends with a commit.
func (w *worker) movedUpTo(commit gitrepo.Hash) func(context.Context, edit.Reference) (Move, bool, error) {
	return func(ctx context.Context, ref edit.Reference) (Move, bool, error) {
		return w.past.lastMove(ctx, commit, ref)
	}
}
