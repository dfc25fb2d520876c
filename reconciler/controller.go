package reconciler

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/applyset"
	"github.com/towline-dev/towline/reconciler/capabilities"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// controller holds what all Syncs share.
type controller struct {
	Config
	client      client.Client // Syncs, from the cache
	server      client.Reader // everything else, from the API server
	core        corev1client.CoreV1Interface
	events      record.EventRecorder
	broadcaster record.EventBroadcaster
	sources     *sources
	vault       *vault
	identities  *identities
	roster      *roster
	known       *wants
	watcher     *drift.Watcher
	waiter      *health.Waiter
	reports     *reports
	outage      *outage
	finder      *applyset.Finder
	autoscalers *autoscalers
	discovery   discovery.DiscoveryInterface
	abilities   *capabilities.Reader
	metrics     *metrics
	states      *states
	queue       queue
}

// queue wakes Syncs. Before the controller has started there is nothing to wake:
// it begins with all of them.
type queue struct {
	mu sync.Mutex
	to workqueue.TypedRateLimitingInterface[reconcile.Request]
}

func (q *queue) start(_ context.Context, to workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.to = to
	return nil
}

func (q *queue) wake(key types.NamespacedName) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.to != nil {
		q.to.Add(reconcile.Request{NamespacedName: key})
	}
}

// drifted hears of drift from the watches.
func (c *controller) drifted(e drift.Event) {
	if st := c.states.ofSet(e.Set); st != nil {
		st.putDrift(e)
		c.queue.wake(st.key)
	}
}

// Reconcile looks at one Sync. It returns no errors: they are in the status, and
// the pause before the next try is ours to choose.
func (c *controller) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var object v1.Sync
	err := c.client.Get(ctx, request.NamespacedName, &object)
	if apierrors.IsNotFound(err) {
		c.forget(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading Sync %q: %w", request.NamespacedName, err)
	}
	st := c.state(&object)
	if ctx.Err() != nil || !st.busy.enter(ctx) {
		return reconcile.Result{}, nil // the reconciler stops: what waits in line is for its next start
	}
	defer st.busy.leave()
	w := &work{controller: c, readings: c.newReadings(), sync: &object, st: st, now: c.Now()}
	w.do(ctx)
	w.tellProgress(ctx)
	w.write(ctx)
	return reconcile.Result{RequeueAfter: w.pause()}, nil
}

// state gives what is remembered of a Sync; the first time, what its status says.
func (c *controller) state(s *v1.Sync) *state {
	st, replaced := c.states.find(s, func() *state {
		again := backoff{min: c.RetryMin, max: c.RetryMax}
		return &state{
			key: types.NamespacedName{Namespace: s.Namespace, Name: s.Name}, uid: s.UID,
			set: apply.SetID(parentRef(s)), store: inventory.NewStore(c.core.ConfigMaps(s.Namespace), owner(s)),
			written: *s.Status.DeepCopy(), status: *s.Status.DeepCopy(),
			retry: again, recheck: backoff{min: c.RetryMin, max: 5 * c.RetryMax},
			writes: again, said: seen(s), busy: newBusy(), lingering: lingering{again: again},
		}
	})
	if replaced != nil {
		replaced.stopWaiting()
		c.watcher.ForgetSet(replaced.set)
	}
	return st
}

func owner(s *v1.Sync) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: v1.GroupVersion().String(), Kind: v1.Kind, Name: s.Name, UID: s.UID}
}

// forget drops all that is remembered of a Sync that is gone.
func (c *controller) forget(key types.NamespacedName) {
	c.sources.drop(key)
	c.known.forget(key)
	if st := c.states.remove(key); st != nil {
		st.stopWaiting()
		c.watcher.ForgetSet(st.set)
		c.metrics.forget(st)
	}
}

// work is one look at one Sync.
type work struct {
	*controller
	readings *readings
	sync     *v1.Sync
	st       *state
	now      time.Time
	next     time.Time // when to look again at the latest; zero for when woken

	unhurried bool   // the status may be written a little later
	progress  string // what was applied, to be told where health is still waited for
}

// step tells that a step of the work is done.
func (w *work) step(name string) { w.Step(w.st.key, name) }

func (w *work) board() board {
	return board{status: &w.st.status, generation: w.sync.Generation, now: w.now}
}

// by asks for another look at a time.
func (w *work) by(t time.Time) {
	if !t.IsZero() && (w.next.IsZero() || t.Before(w.next)) {
		w.next = t
	}
}

// pause gives the time until the next look, 0 for until woken.
func (w *work) pause() time.Duration {
	w.by(w.st.retryAt)
	w.by(w.st.checkAt)
	w.by(w.st.resaveAt)
	if len(w.st.lingering.refs) > 0 && w.st.course == nil {
		w.by(w.st.lingering.at)
	}
	if w.next.IsZero() {
		return 0
	}
	return max(w.next.Sub(w.Now()), time.Millisecond)
}
