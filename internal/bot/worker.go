package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/refcache"
	"github.com/towline-dev/towline/policy"
)

// Source is where a worker reads manifests; *gitrepo.Repo implements it.
type Source interface {
	Fetch(ctx context.Context, branch string) (gitrepo.Hash, error)
	FS(commit gitrepo.Hash) (fs.FS, error)
	Past
}

// Writer proposes updates; *gitwriter.Writer implements it.
type Writer interface {
	Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error)
	Preview(ctx context.Context, u gitwriter.Update) (gitwriter.Preview, error)
}

// Repository is one manifest repository that the bot keeps up to date.
type Repository struct {
	Name     string
	Branch   string // the base branch; .towline.yaml may name another
	Interval time.Duration
	// BranchPrefix takes the place of .towline.yaml's, so that two that share a
	// repository don't share a branch; the default is none.
	BranchPrefix string
	// Paths are folders, as slash paths: manifests and policies elsewhere are neither
	// read nor edited. The default is none, which is the whole repository.
	Paths  []string
	Source Source
	Writer Writer
	// Cache keeps what was found in files for the next process; the default is none.
	Cache *refcache.Cache
}

// worker runs the rounds of one repository, one at a time.
type worker struct {
	repo     Repository
	registry func() Tags // the tags of one round
	events   event.Handler
	now      func() time.Time
	reader   *Reader
	failures event.Failures
	awaited  awaited
	turn     turn

	knowledge *Knowledge
	patience  time.Duration // before a round proposes what is known already
	past      *history

	// A worker's rounds follow one another, so what they remember needs no lock.
	head     gitrepo.Hash     // of the branch
	base     gitrepo.Hash     // of the branch that updates are made for, mostly the same
	home     *Tree            // at head
	tree     *Tree            // at base
	problems map[string]bool  // those told of the last tree
	tags     map[string]bool  // choices that were told
	outcomes map[Group]string // what became of each group's update the last time
	owed     map[string]bool  // policies, by key, that the next round looks at again
}

// round is one look at a repository.
type round struct {
	tags     Tags
	due      func(*policy.Policy) bool
	tree     *Tree
	look     Look
	plan     *Plan
	problems policy.Problems
	refused  policy.Problems  // those of the files that are to be edited and can't be
	stuck    map[Group]bool   // of which no file can be edited
	failed   map[string]error // by policy key, "group NAME" or the repository's name
	proposed map[Group]bool   // before the plan was complete
	// writes proposes a group; nil for a round that only previews.
	writes  func(context.Context, *round, Group, []Row)
	updates int
}

// run looks at the policies that due admits, or at all of them when the repository
// has changed since the last round, and proposes what they want. The error tells of
// everything that failed; what didn't fail was done all the same.
func (w *worker) run(ctx context.Context, due func(*policy.Policy) bool) error {
	if err := w.turn.take(ctx); err != nil {
		return err
	}
	defer w.turn.give()
	began := w.now()
	again := w.owed
	r := &round{tags: w.registry(), failed: map[string]error{}, writes: w.propose}
	r.due = func(p *policy.Policy) bool { return due(p) || again[p.Key()] }
	if err := w.look(ctx, r); err != nil {
		r.failed[w.repo.Name], r.plan = err, nil // nothing will come of it
	} else {
		for _, g := range r.plan.Groups() {
			if !r.proposed[g] && !r.stuck[g] {
				w.propose(ctx, r, g, r.plan.Rows)
			}
		}
	}
	if ctx.Err() != nil {
		// A round that was stopped says nothing about what works.
		return ctx.Err()
	}
	w.owed = w.owing(r)
	w.tell(r, w.now().Sub(began))
	return r.err()
}

// owing gives the policies that were due and that the round couldn't serve for want of
// a server that may be back at the next one. The schedule of a policy may be a week's:
// it mustn't wait a week for a minute's outage.
func (w *worker) owing(r *round) map[string]bool {
	owed := map[string]bool{}
	if w.tree == nil {
		return owed // the first tree that is read makes everything due
	}
	for _, p := range w.tree.Policies {
		missed := r.plan == nil || temporary(r.failed[p.Key()]) || slices.ContainsFunc(w.tree.groupsOf(p), func(g Group) bool {
			return temporary(r.failed["group "+g.Name])
		})
		if missed && r.due(p) {
			owed[p.Key()] = true
		}
	}
	return owed
}

func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// look fetches the repository, reads it and makes the plan.
func (w *worker) look(ctx context.Context, r *round) error {
	changed, err := w.read(ctx)
	if err != nil {
		return err
	}
	if changed {
		r.due = Every
	}
	r.tree = w.tree
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
	return Look{
		Tags: r.tags, Due: r.due, Knowledge: w.knowledge, Now: w.now(), Moved: w.movedUpTo(w.base),
	}
}

// movedUpTo finds the last moves in the history that ends with a commit.
func (w *worker) movedUpTo(commit gitrepo.Hash) func(context.Context, edit.Reference) (Move, bool, error) {
	return func(ctx context.Context, ref edit.Reference) (Move, bool, error) {
		return w.past.lastMove(ctx, commit, ref)
	}
}

func (w *worker) propose(ctx context.Context, r *round, g Group, rows []Row) {
	w.tellTags(rows, g)
	if g.Mode == policy.ModeNotify {
		return
	}
	r.updates++
	outcome, err := w.repo.Writer.Write(ctx, w.update(r, g))
	if err != nil {
		r.failed["group "+g.Name] = fmt.Errorf("proposing the update %q: %w", g.Name, err)
	}
	if outcome.Warning != nil {
		r.failed["group "+g.Name] = outcome.Warning
	}
	if outcome.Action == "" {
		return
	}
	e := event.PullRequest{Repository: w.repo.Name, Group: g.Name, Branch: outcome.Branch,
		Action: string(outcome.Action), Reason: outcome.Reason, Changes: len(outcome.Changes)}
	if pr := outcome.PullRequest; pr != nil {
		e.Number, e.URL = pr.Number, pr.URL
	}
	state := fmt.Sprintf("%s %d %s %s", e.Action, e.Number, outcome.Key, outcome.Commit)
	e.Again = w.outcomes[g] == state
	if w.outcomes == nil {
		w.outcomes = map[Group]string{}
	}
	w.outcomes[g] = state
	w.events.Handle(e)
}

// preview says what the round would do, and does none of it.
func (w *worker) preview(ctx context.Context) ([]gitwriter.Preview, policy.Problems, error) {
	if err := w.turn.take(ctx); err != nil {
		return nil, nil, err
	}
	defer w.turn.give()
	r := &round{tags: w.registry(), due: Every, failed: map[string]error{}}
	if err := w.look(ctx, r); err != nil {
		return nil, nil, err
	}
	var previews []gitwriter.Preview
	for _, g := range r.plan.Groups() {
		if g.Mode == policy.ModeNotify || r.stuck[g] {
			continue
		}
		p, err := w.repo.Writer.Preview(ctx, w.update(r, g))
		if err != nil {
			r.failed["group "+g.Name] = err
			continue
		}
		if len(p.Changes) > 0 { // none is left where no file can be edited
			previews = append(previews, p)
		}
	}
	return previews, r.problems, r.err()
}

// Every admits all policies.
func Every(*policy.Policy) bool { return true }

// err tells of all that failed, the files that couldn't be edited among it.
func (r *round) err() error {
	var errs []error
	for _, subject := range sortedKeys(r.failed) {
		errs = append(errs, fmt.Errorf("%s: %w", subject, r.failed[subject]))
	}
	for _, p := range r.refused {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
