package reconciler

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// roster tells which Syncs a namespace has, as the API server knows it at the time of the
// question: the cache may not know yet of a Sync that came a moment ago. A thousand Syncs
// that ask at once cost a few questions: all who come while one is under way share the
// next.
type roster struct {
	list     func(ctx context.Context, namespace string) ([]*v1.Sync, error)
	readings func() *readings

	mu     sync.Mutex
	rounds map[string]*round // the newest of each namespace that isn't over
}

// round is one question, and those who wait for its answer.
type round struct {
	after   *round // the one before, nil for none
	cancel  context.CancelFunc
	waiting int  // guarded by roster.mu, like begun
	begun   bool // who comes now may not take part any more
	done    chan struct{}

	roll roll
	err  error
}

// roll is who is there.
type roll struct {
	syncs    []*v1.Sync
	readings *readings // of what they name: nothing was read before the question
}

func newRoster(list func(ctx context.Context, namespace string) ([]*v1.Sync, error), readings func() *readings) *roster {
	return &roster{list: list, readings: readings, rounds: map[string]*round{}}
}

// of gives the Syncs of a namespace, of which callers mustn't change anything. The API
// server was asked after the call began.
func (r *roster) of(ctx context.Context, namespace string) (roll, error) {
	mine := r.join(ctx, namespace)
	defer r.leave(mine)
	select {
	case <-mine.done:
		return mine.roll, mine.err
	case <-ctx.Done():
		return roll{}, context.Cause(ctx)
	}
}

func (r *roster) join(ctx context.Context, namespace string) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.rounds[namespace]
	if last != nil && !last.begun && last.waiting > 0 {
		last.waiting++
		return last
	}
	// Whoever came first may leave before the others.
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	next := &round{after: last, cancel: cancel, waiting: 1, done: make(chan struct{})}
	r.rounds[namespace] = next
	go r.run(shared, namespace, next)
	return next
}

// leave calls a question off that nobody waits for any more.
func (r *roster) leave(n *round) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.waiting--; n.waiting == 0 {
		n.cancel()
	}
}

func (r *roster) run(ctx context.Context, namespace string, n *round) {
	if n.after != nil {
		<-n.after.done
		n.after = nil
	}
	r.mu.Lock()
	n.begun = true
	r.mu.Unlock()
	n.roll.readings = r.readings()
	n.roll.syncs, n.err = r.list(ctx, namespace)
	close(n.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rounds[namespace] == n {
		delete(r.rounds, namespace)
	}
}

// lister asks live for the names and generations alone, which is a fraction of a Sync with
// its history, and takes from cached what is the same there.
func lister(live, cached client.Reader) func(ctx context.Context, namespace string) ([]*v1.Sync, error) {
	return func(ctx context.Context, namespace string) ([]*v1.Sync, error) {
		var names metav1.PartialObjectMetadataList
		names.SetGroupVersionKind(v1.GroupVersion().WithKind(v1.Kind + "List"))
		if err := live.List(ctx, &names, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing Syncs: %w", err)
		}
		var known v1.SyncList
		if err := cached.List(ctx, &known, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing the Syncs that are known: %w", err)
		}
		byUID := make(map[types.UID]*v1.Sync, len(known.Items))
		for i := range known.Items {
			byUID[known.Items[i].UID] = &known.Items[i]
		}
		all := make([]*v1.Sync, 0, len(names.Items))
		for i := range names.Items {
			name := &names.Items[i]
			if s := byUID[name.UID]; s != nil && s.Generation == name.Generation { // a deletion counts as one
				all = append(all, s)
				continue
			}
			var s v1.Sync
			switch err := live.Get(ctx, client.ObjectKeyFromObject(name), &s); {
			case apierrors.IsNotFound(err):
			case err != nil:
				return nil, fmt.Errorf("reading Sync %s/%s: %w", name.Namespace, name.Name, err)
			default:
				all = append(all, &s)
			}
		}
		return all, nil
	}
}
