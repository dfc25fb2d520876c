package bot

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/towline-dev/towline/policy"
)

// defaultPatience is how long a round waits for all registries before it proposes what
// is known already. Mostly all have answered by then, and updates are proposed in order.
const defaultPatience = 5 * time.Second

// tally counts, for each group, the policies that may add to it and are still being
// decided, and tells of the groups that are complete. It is safe for concurrent use.
type tally struct {
	tree *Tree
	tell func(Group, []Row)

	mu   sync.Mutex
	open map[Group]int
	rows map[Group][]Row
}

func newTally(tree *Tree, policies []*policy.Policy, tell func(Group, []Row)) *tally {
	t := &tally{tree: tree, tell: tell, open: map[Group]int{}, rows: map[Group][]Row{}}
	for _, p := range policies {
		for _, g := range tree.groupsOf(p) {
			t.open[g]++
		}
	}
	return t
}

// decided notes the rows of one policy that change something, or would: of the others,
// which may be a repository's worth, nothing is to be proposed.
func (t *tally) decided(p *policy.Policy, rows []*Row) {
	if t.tell == nil {
		return
	}
	complete := map[Group][]Row{}
	t.mu.Lock()
	for _, r := range rows {
		if r.group != (Group{}) {
			t.rows[r.group] = append(t.rows[r.group], *r)
		}
	}
	for _, g := range t.tree.groupsOf(p) {
		if t.open[g]--; t.open[g] == 0 {
			complete[g] = t.rows[g]
		}
	}
	t.mu.Unlock()
	for g, all := range complete {
		t.tell(g, all)
	}
}

// ready gathers complete groups until somebody takes them.
type ready struct {
	mu     sync.Mutex
	groups map[Group][]Row
	signal chan struct{} // holds one: there are some
}

func newReady() *ready {
	return &ready{groups: map[Group][]Row{}, signal: make(chan struct{}, 1)}
}

func (r *ready) add(g Group, rows []Row) {
	r.mu.Lock()
	r.groups[g] = rows
	r.mu.Unlock()
	select {
	case r.signal <- struct{}{}:
	default: // a signal is waiting already
	}
}

// take gives the groups that have something to rewrite, sorted, and their rows.
func (r *ready) take() ([]Group, map[Group][]Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.groups
	r.groups = map[Group][]Row{}
	maps.DeleteFunc(rows, func(_ Group, rows []Row) bool { return !slices.ContainsFunc(rows, Row.Changed) })
	return slices.SortedFunc(maps.Keys(rows), compareGroups), rows
}

func compareGroups(a, b Group) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Mode, b.Mode))
}

// plan makes the plan of a round. Where a registry keeps it waiting, the groups that
// don't need that registry are proposed meanwhile.
func (w *worker) plan(ctx context.Context, r *round) error {
	var err error
	if r.writes == nil {
		r.plan, err = r.tree.Plan(ctx, r.look)
		return err
	}
	complete, look := newReady(), r.look
	look.Complete = complete.add
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.plan, err = r.tree.Plan(ctx, look)
	}()
	patience := time.NewTimer(w.patience)
	defer patience.Stop()
	select {
	case <-done:
		return err
	case <-patience.C:
	}
	// From here on the round mostly waits for answers: meanwhile others have their turn.
	w.turn.give()
	if takeErr := w.proposeEarly(ctx, r, complete, done); takeErr != nil {
		<-done
		return takeErr
	}
	return err
}

// proposeEarly proposes the groups that are complete until the plan is done, and ends
// with the worker's turn taken.
func (w *worker) proposeEarly(ctx context.Context, r *round, complete *ready, done <-chan struct{}) error {
	r.proposed = map[Group]bool{}
	for {
		if groups, rows := complete.take(); len(groups) > 0 {
			if err := w.turn.take(ctx); err != nil {
				return err
			}
			for _, g := range groups {
				r.proposed[g] = true
			}
			r.writes(ctx, r, groups, rows)
			w.turn.give()
		}
		select {
		case <-done:
			return w.turn.take(ctx)
		case <-complete.signal:
		}
	}
}
