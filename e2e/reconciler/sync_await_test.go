package reconciler_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// The resources that are waited for.
func syncResource() schema.GroupVersionResource { return v1.GroupVersion().WithResource("syncs") }

func configMapResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
}

func deploymentResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
}

// await waits by a watch until an object fulfils want, and gives it. A nil object
// means that there is none.
func (s *syncs) await(resource schema.GroupVersionResource, namespace, name, what string, want func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	s.Helper()
	ctx := s.ctx()
	var last *unstructured.Unstructured
	for ctx.Err() == nil {
		list, err := s.dynamic.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
		if err != nil {
			continue // the API server is away, in some tests
		}
		last = nil
		if len(list.Items) > 0 {
			last = &list.Items[0]
		}
		if want(last) {
			return last
		}
		watch, err := s.dynamic.Resource(resource).Namespace(namespace).Watch(ctx, metav1.ListOptions{
			FieldSelector: "metadata.name=" + name, ResourceVersion: list.GetResourceVersion(),
		})
		if err != nil {
			continue
		}
		for event := range watch.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				break
			}
			if last = object; event.Type == "DELETED" {
				last = nil
			}
			if want(last) {
				watch.Stop()
				return last
			}
		}
		watch.Stop()
	}
	state := "there is none"
	if last != nil {
		state = toJSON(s.TB, last.Object)
	}
	s.Fatalf("%s/%s: waited in vain for: %s\n%s", resource.Resource, name, what, state)
	return nil
}

// awaitSync waits until a Sync fulfils want.
func (s *syncs) awaitSync(name, what string, want func(*v1.Sync) bool) *v1.Sync {
	s.Helper()
	var found v1.Sync
	s.await(syncResource(), s.namespace, name, what, func(o *unstructured.Unstructured) bool {
		found = v1.Sync{}
		return o != nil && runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &found) == nil && want(&found)
	})
	return &found
}

// awaitReady waits until a Sync is ready at a revision.
func (s *syncs) awaitReady(name, revision string) *v1.Sync {
	s.Helper()
	return s.awaitSync(name, "ready at "+revision, func(sync *v1.Sync) bool {
		return meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReady) && sync.Status.LastAppliedRevision == revision
	})
}

// awaitReason waits until Ready is false for a reason, and gives the message.
func (s *syncs) awaitReason(name, reason string) string {
	s.Helper()
	message := ""
	s.awaitSync(name, "Ready=False "+reason, func(sync *v1.Sync) bool {
		c := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason {
			return false
		}
		message = c.Message
		return true
	})
	return message
}

func (s *syncs) awaitConfigMap(name, value string) {
	s.Helper()
	s.await(configMapResource(), s.namespace, name, "key: "+value, func(o *unstructured.Unstructured) bool {
		if o == nil {
			return false
		}
		got, _, _ := unstructured.NestedString(o.Object, "data", "key")
		return got == value
	})
}

func (s *syncs) awaitGone(resource schema.GroupVersionResource, name string) {
	s.Helper()
	s.await(resource, s.namespace, name, "being gone", func(o *unstructured.Unstructured) bool { return o == nil })
}

// there tells whether a ConfigMap exists now.
func (s *syncs) there(name string) bool {
	s.Helper()
	var object corev1.ConfigMap
	err := s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: name}, &object)
	if apierrors.IsNotFound(err) {
		return false
	}
	s.must(err)
	return true
}

// annotate puts an annotation on the Sync "app".
func (s *syncs) annotate(key, value string) {
	s.Helper()
	s.patchSync(fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, key, value))
}
