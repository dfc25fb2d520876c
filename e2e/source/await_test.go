package source_test

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// await waits by a watch until an object fulfils want.
func (s *scene) await(list client.ObjectList, name, namespace, what string, want func(client.Object) bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	var last runtime.Object
	for ctx.Err() == nil {
		watch, err := s.client.Watch(ctx, list, client.InNamespace(namespace), client.MatchingFields{"metadata.name": name})
		if err != nil {
			continue
		}
		for event := range watch.ResultChan() { // begins with what is there
			object, ok := event.Object.(client.Object)
			if last = event.Object; ok && want(object) {
				watch.Stop()
				return
			}
		}
	}
	text, err := yaml.Marshal(last)
	s.Fatalf("%s: waited in vain for: %s\n%s%v", name, what, text, err)
}

func (s *scene) awaitSync(name, what string, want func(*v1.Sync) bool) {
	s.Helper()
	s.await(&v1.SyncList{}, name, s.namespace, what, func(o client.Object) bool {
		found, ok := o.(*v1.Sync)
		return ok && want(found)
	})
}

// ready waits until a Sync is ready at a revision.
func (s *scene) ready(name, revision string) {
	s.Helper()
	s.awaitSync(name, "ready at "+revision, func(sync *v1.Sync) bool {
		return meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReady) && sync.Status.LastAppliedRevision == revision
	})
}

func readyNow(sync *v1.Sync) bool {
	return meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReady)
}

// fails waits until Ready is false for a reason, with all words in the message.
func (s *scene) fails(name, reason string, words ...string) string {
	s.Helper()
	message := ""
	s.awaitSync(name, "Ready=False "+reason+" "+strings.Join(words, ", "), func(sync *v1.Sync) bool {
		c := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason {
			return false
		}
		message = c.Message
		for _, word := range words {
			if !strings.Contains(message, word) {
				return false
			}
		}
		return true
	})
	return message
}

// holds tells that the ConfigMap "a" is there with a value: nothing was pruned.
func (s *scene) holds(value string) {
	s.Helper()
	var object corev1.ConfigMap
	s.must(s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: "a"}, &object))
	if got := object.Data["key"]; got != value {
		s.Errorf("the object holds %q, want %q", got, value)
	}
}

// edit changes a Sync.
func (s *scene) edit(name string, change func(*v1.Sync)) {
	s.Helper()
	var sync v1.Sync
	s.must(s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &sync))
	before := sync.DeepCopy()
	change(&sync)
	s.must(s.client.Patch(s.Context(), &sync, client.MergeFrom(before)))
}
