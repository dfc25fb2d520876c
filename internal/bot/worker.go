package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
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

// Repository is one manifest repository that the bot keeps up to date.
type Repository struct {
	Name     string
	URL      string // Git's address, by which webhooks tell it; the default is none
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

	projects Projects

	// A worker's rounds follow one another, so what they remember needs no lock. All of it
	// only saves requests and repetitions.
	head      gitrepo.Hash                // of the branch
	base      gitrepo.Hash                // of the branch that updates are made for, mostly the same
	home      *Tree                       // at head
	tree      *Tree                       // at base
	problems  map[string]bool             // those told of the last tree
	tags      map[string]bool             // choices that were told
	outcomes  map[Group]string            // what became of each group's update the last time
	owed      map[string]bool             // policies, by key, that the next round looks at again
	waiting   map[Group]waiter            // updates that a limit or a window keeps back
	proposals map[Group]map[string]string // what each group proposed the last time, by image
	freed     map[string]bool             // versions that were released at the last round
	held      map[dashboard.Held]bool     // versions that were told to be held
	board     board
	habit     habit
}

func newWorker(c Config, r Repository, t turn) *worker {
	return &worker{
		repo: r, reader: &Reader{Paths: r.Paths, Cache: r.Cache}, registry: c.Round, knowledge: c.Knowledge,
		patience: c.Patience, events: c.Events, now: c.Now, turn: t, projects: c.Projects,
		tags: map[string]bool{}, outcomes: map[Group]string{}, waiting: map[Group]waiter{}, proposals: map[Group]map[string]string{},
		board: newBoard(),
	}
}

// round is one look at a repository.
type round struct {
	tags     Tags
	due      func(*policy.Policy) bool
	tree     *Tree
	session  Session
	waits    string          // until when the windows are shut; "" while one is open
	released map[string]bool // versions, as releaseOf names them
	look     Look
	plan     *Plan
	rows     map[Group][]Row // of the plan
	problems policy.Problems
	refused  policy.Problems  // those of the files that are to be edited and can't be
	stuck    map[Group]bool   // of which no file can be edited
	failed   map[string]error // by policy key, groupSubject or the repository's name
	proposed map[Group]bool   // before the plan was complete
	looked   map[string]bool  // what examined knows; made when it is needed
	written  map[Group]gitwriter.Result
	asked    map[Group]gitwriter.Update // what was asked for, of those that were written
	// writes proposes groups; nil for a round that only previews.
	writes   func(context.Context, *round, []Group, map[Group][]Row)
	subjects []string // of the base's last commits, where titles follow them
}

// groupSubject is what fails where a group does.
func groupSubject(name string) string { return "group " + name }

func (w *worker) newRound(due func(*policy.Policy) bool) *round {
	again := w.owed
	return &round{
		tags: w.registry(), failed: map[string]error{}, written: map[Group]gitwriter.Result{}, asked: map[Group]gitwriter.Update{},
		due: func(p *policy.Policy) bool { return due(p) || again[p.Key()] },
	}
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
	r := w.newRound(due)
	r.writes = w.propose
	if err := w.look(ctx, r); err != nil {
		r.failed[w.repo.Name], r.plan = err, nil // nothing will come of it
	} else {
		w.propose(ctx, r, r.groups(), r.rows)
		w.settle(ctx, r)
		w.show(ctx, r)
	}
	if ctx.Err() != nil {
		// A round that was stopped says nothing about what works.
		return ctx.Err()
	}
	w.owed = w.owing(r)
	w.forget(r)
	w.tell(r, w.now().Sub(began))
	return r.err()
}

// groups gives those that are to be written and weren't before the plan was complete.
func (r *round) groups() []Group {
	return slices.DeleteFunc(r.plan.Groups(), func(g Group) bool { return r.proposed[g] || r.stuck[g] })
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
			return temporary(r.failed[groupSubject(g.Name)])
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
