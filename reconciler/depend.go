package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlevent "sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// dependencyIndex finds the Syncs that depend on one.
const dependencyIndex = "spec.dependsOn.name"

func indexDependencies(object client.Object) []string {
	s, ok := object.(*v1.Sync)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(s.Spec.DependsOn))
	for _, d := range s.Spec.DependsOn {
		names = append(names, d.Name)
	}
	return names
}

// dependents gives the Syncs to wake when one has changed.
func (c *controller) dependents(ctx context.Context, object client.Object) []reconcile.Request {
	var list v1.SyncList
	err := c.client.List(ctx, &list, client.InNamespace(object.GetNamespace()), client.MatchingFields{dependencyIndex: object.GetName()})
	if err != nil {
		c.Log.WarnContext(ctx, "listing dependents", "sync", client.ObjectKeyFromObject(object).String(), "error", err)
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for _, s := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&s)})
	}
	return requests
}

// readyChanged lets only those updates through that a dependent waits for.
func readyChanged() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e ctrlevent.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1.Sync)
			after, ok2 := e.ObjectNew.(*v1.Sync)
			return ok && ok2 && (readiness(before) != readiness(after))
		},
	}
}

func readiness(s *v1.Sync) string {
	switch {
	case current(s):
		return s.Status.LastAppliedRevision
	case endedBadly(s):
		return "failed"
	}
	return ""
}

// current tells whether a Sync is ready as it is asked for now.
func current(s *v1.Sync) bool {
	return isTrue(&s.Status, v1.ConditionReady) && s.Status.ObservedGeneration == s.Generation && s.DeletionTimestamp.IsZero()
}

// dependenciesReady tells whether all Syncs that this one depends on are ready,
// at the same revision where they come from the same branch. It needs no timer:
// a change of any of them wakes this one.
func (w *work) dependenciesReady(ctx context.Context, source snapshot) bool {
	for _, d := range w.sync.Spec.DependsOn {
		why, underWay, err := w.dependencyMissing(ctx, d.Name, source)
		if err != nil {
			w.answer()
			w.later(ctx, v1.ReasonDependencyNotReady, err)
			return false
		}
		if why == "" {
			continue
		}
		if cycle := w.cycle(ctx); cycle != "" {
			w.answer()
			w.stall(ctx, attempt{}, v1.ReasonDependencyCycle, fmt.Errorf("dependsOn goes in a circle: %s", cycle))
			return false
		}
		if !underWay { // else the answer to a request isn't known yet
			w.answer()
		}
		w.board().failed(v1.ReasonDependencyNotReady, why)
		return false
	}
	return true
}

// dependencyMissing says why a dependency isn't ready, "" where it is, and whether it is
// on its way to be.
func (w *work) dependencyMissing(ctx context.Context, name string, source snapshot) (why string, underWay bool, err error) {
	var other v1.Sync
	err = w.client.Get(ctx, types.NamespacedName{Namespace: w.sync.Namespace, Name: name}, &other)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("dependency %q doesn't exist", name), false, nil
	case err != nil:
		return "", false, fmt.Errorf("reading dependency %q: %w", name, err)
	case !current(&other):
		return fmt.Sprintf("dependency %q isn't ready", name), !endedBadly(&other), nil
	case sameSource(&other, w.sync) && other.Status.LastAppliedRevision != source.name():
		return fmt.Sprintf("dependency %q hasn't applied %s yet", name, source.name()), !other.Spec.Suspend, nil
	}
	return "", false, nil
}

// endedBadly tells whether what a Sync says of itself is the outcome of all that is asked
// of it, and bad.
func endedBadly(s *v1.Sync) bool {
	if s.Spec.Suspend || !s.DeletionTimestamp.IsZero() {
		return true
	}
	return s.Status.ObservedGeneration == s.Generation && s.Status.LastHandledReconcileAt == s.Annotations[v1.AnnotationRequestedAt] &&
		meta.IsStatusConditionFalse(s.Status.Conditions, v1.ConditionReady)
}

// cycle gives the path from this Sync back to itself, or "".
func (w *work) cycle(ctx context.Context) string {
	visited := map[string]bool{}
	var walk func(path []string, s *v1.Sync) []string
	walk = func(path []string, s *v1.Sync) []string {
		for _, d := range s.Spec.DependsOn {
			if d.Name == w.sync.Name {
				return append(path, d.Name)
			}
			if visited[d.Name] {
				continue
			}
			visited[d.Name] = true
			var next v1.Sync
			if w.client.Get(ctx, types.NamespacedName{Namespace: w.sync.Namespace, Name: d.Name}, &next) != nil {
				continue // not there: no circle through it
			}
			if found := walk(append(slices.Clone(path), d.Name), &next); found != nil {
				return found
			}
		}
		return nil
	}
	return strings.Join(walk([]string{w.sync.Name}, w.sync), " → ")
}
