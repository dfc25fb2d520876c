package reconciler

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// autoscalersAge is how long what was found of a namespace's autoscalers is believed.
// An autoscaler that comes in between makes itself known by taking the field over.
const autoscalersAge = 10 * time.Second

// autoscalers knows which objects are scaled by HorizontalPodAutoscalers that stand in
// the cluster, whoever made them: their number of replicas isn't ours to send.
type autoscalers struct {
	reader client.Reader
	now    func() time.Time

	mu      sync.Mutex
	known   map[string]scaled // by namespace
	applied int               // how often some were, or deleted: what was asked before that isn't kept
}

type scaled struct {
	targets map[inventory.ObjectRef]bool // by identity
	until   time.Time
}

func newAutoscalers(reader client.Reader, now func() time.Time) *autoscalers {
	return &autoscalers{reader: reader, now: now, known: map[string]scaled{}}
}

// of gives the targets of the autoscalers in the namespaces of those objects that say
// how many replicas they want.
func (a *autoscalers) of(ctx context.Context, objects []*unstructured.Unstructured, namespace string) (map[inventory.ObjectRef]bool, error) {
	all := map[inventory.ObjectRef]bool{}
	asked := map[string]bool{}
	for _, object := range objects {
		if _, counted, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "replicas"); !counted {
			continue
		}
		where := object.GetNamespace()
		if where == "" {
			where = namespace
		}
		if asked[where] {
			continue
		}
		asked[where] = true
		targets, err := a.in(ctx, where)
		if err != nil {
			return nil, err
		}
		for ref := range targets {
			all[ref] = true
		}
	}
	return all, nil
}

// forget has the autoscalers of a namespace looked up again, where some were applied or
// deleted: a heal that follows doesn't have them among its objects.
func (a *autoscalers) forget(did apply.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range did.Outcomes {
		if o.Action != apply.Unchanged && isAutoscaler(o.Ref) {
			delete(a.known, o.Ref.Namespace)
			a.applied++
		}
	}
}

func isAutoscaler(ref inventory.ObjectRef) bool {
	return ref.Group == "autoscaling" && ref.Kind == "HorizontalPodAutoscaler"
}

// unscaled tells whether autoscalers went by our hand: what they scaled was applied
// without a number of replicas, and is to be applied again.
func unscaled(did apply.Result) bool {
	return slices.ContainsFunc(did.With(apply.Deleted, apply.Gone), isAutoscaler)
}

func (a *autoscalers) in(ctx context.Context, namespace string) (map[inventory.ObjectRef]bool, error) {
	a.mu.Lock()
	known, ok := a.known[namespace]
	applied := a.applied
	a.mu.Unlock()
	if ok && a.now().Before(known.until) {
		return known.targets, nil
	}
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscalerList"})
	if err := a.reader.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	found := scaled{targets: map[inventory.ObjectRef]bool{}, until: a.now().Add(autoscalersAge)}
	for i := range list.Items {
		target, _, _ := unstructured.NestedStringMap(list.Items[i].Object, "spec", "scaleTargetRef")
		version, err := schema.ParseGroupVersion(target["apiVersion"])
		if err != nil {
			continue // the autoscaler itself can't find it either
		}
		found.targets[inventory.ObjectRef{Group: version.Group, Kind: target["kind"], Namespace: namespace, Name: target["name"]}] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.applied == applied {
		a.known[namespace] = found
	}
	return found.targets, nil
}
