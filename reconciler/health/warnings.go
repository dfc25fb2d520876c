package health

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// What stands in no status, such as why a volume isn't mounted or a StatefulSet gets no Pods, stands in events. The API
// server can't watch them by what they are about, so that those of a namespace are listed when something takes long, for
// all that wait there: at most so many, and not again for so long. What is older than recent has passed.
const (
	mostWarnings  = 500
	askWarnings   = 10 * time.Second
	recentWarning = 3 * time.Minute
)

// warning is the newest event of type Warning about one object.
type warning struct {
	Trouble
	last time.Time
}

// warnings keeps what was read of events.
type warnings struct {
	mu sync.Mutex
	of map[string]*namespaceWarnings
}

type namespaceWarnings struct {
	asked time.Time
	found map[types.UID]warning // replaced, never changed
}

// warnings returns the warnings about objects of a namespace as last read, and reports whether they are to be read anew;
// the caller does that, then.
func (w *warnings) get(namespace string) (found map[types.UID]warning, stale bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for name, other := range w.of {
		if now.Sub(other.asked) > recentWarning {
			delete(w.of, name) // nobody has waited there for long
		}
	}
	known := w.of[namespace]
	if known == nil {
		known = &namespaceWarnings{}
		w.of[namespace] = known
	}
	if stale = now.Sub(known.asked) >= askWarnings; stale {
		known.asked = now
	}
	return known.found, stale
}

func (w *warnings) put(namespace string, found map[types.UID]warning) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.of[namespace]; known != nil {
		known.found = found
	}
}

// readWarnings lists a namespace's warnings.
func (c *cluster) readWarnings(ctx context.Context, namespace string) (map[types.UID]warning, error) {
	resource := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	list, err := c.client.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning, Limit: mostWarnings})
	if err != nil {
		return nil, fmt.Errorf("listing the events of %s: %w", namespace, err)
	}
	found := make(map[types.UID]warning)
	for i := range list.Items {
		about, one := readWarning(&list.Items[i])
		if one.last.After(found[about].last) {
			found[about] = one
		}
	}
	return found, nil
}

func readWarning(object *unstructured.Unstructured) (types.UID, warning) {
	var event corev1.Event
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &event); err != nil {
		return "", warning{} // an event that this version can't read tells nothing
	}
	times := []time.Time{event.LastTimestamp.Time, event.EventTime.Time}
	if event.Series != nil {
		times = append(times, event.Series.LastObservedTime.Time)
	}
	trouble := Trouble{Reason: event.Reason, Message: clip(event.Message), Severity: Notable}
	switch event.Reason {
	case "FailedCreate", "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox":
		trouble.Severity = Patient
	}
	return event.InvolvedObject.UID, warning{trouble, slices.MaxFunc(times, time.Time.Compare)}
}
