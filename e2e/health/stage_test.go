// Package health_test holds the reconciler's word on health against kubectl's, on a real control plane, for every state
// that rollouts pass through.
package health_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/health"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

// patience bounds every wait for the cluster; none takes as long unless it fails.
const patience = time.Minute

// stage is a namespace of its own.
type stage struct {
	testing.TB
	cluster   *testbed.Cluster
	namespace string
	client    dynamic.Interface
	mapper    *apply.Mapper
}

func newStage(t testing.TB) *stage {
	t.Helper()
	cluster := testbed.Kube(t)
	s := &stage{TB: t, cluster: cluster, namespace: cluster.Namespace(t)}
	var err error
	if s.client, err = dynamic.NewForConfig(cluster.Config); err != nil {
		t.Fatal(err)
	}
	if s.mapper, err = apply.NewMapper(cluster.Config, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	return ctx
}

// resource returns a client for an object's kind, and the path of its resource.
func (s *stage) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, string) {
	s.Helper()
	kind := object.GroupVersionKind()
	mapping, err := s.mapper.Mapping(s.ctx(), kind.GroupKind(), kind.Version)
	if err != nil {
		s.Fatal(err)
	}
	path := "/apis/" + kind.GroupVersion().String()
	if kind.Group == "" {
		path = "/api/" + kind.Version
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return s.client.Resource(mapping.Resource), path + "/" + mapping.Resource.Resource
	}
	return s.client.Resource(mapping.Resource).Namespace(s.namespace), path + "/namespaces/" + s.namespace + "/" + mapping.Resource.Resource
}

func (s *stage) create(object *unstructured.Unstructured) *unstructured.Unstructured {
	s.Helper()
	client, _ := s.resource(object)
	live, err := client.Create(s.ctx(), object, metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return live
}

func (s *stage) patch(object *unstructured.Unstructured, text string) {
	s.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		s.Fatal(err)
	}
	client, _ := s.resource(object)
	if _, err := client.Patch(s.ctx(), object.GetName(), types.StrategicMergePatchType, encoded, metav1.PatchOptions{}); err != nil {
		s.Fatal(err)
	}
}

// patchStatus merges into an object's status, as its controller would.
func (s *stage) patchStatus(object *unstructured.Unstructured, text string) {
	s.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		s.Fatal(err)
	}
	client, _ := s.resource(object)
	if _, err := client.Patch(s.ctx(), object.GetName(), types.MergePatchType, encoded, metav1.PatchOptions{}, "status"); err != nil {
		s.Fatal(err)
	}
}

// awaitQuota waits until the namespace's quota is counted: before that, it forbids nothing.
func (s *stage) awaitQuota() {
	s.Helper()
	film := s.follow(s.read(`{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}}`))
	for {
		select {
		case state := <-film.events:
			if _, found, _ := unstructured.NestedMap(state.Object, "status", "hard"); found {
				return
			}
		case <-s.ctx().Done():
			s.Fatal("the quota isn't counted")
		}
	}
}

func read(t testing.TB, manifest string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatalf("%v\n%s", err, manifest)
	}
	var object unstructured.Unstructured
	if err := json.Unmarshal(encoded, &object); err != nil {
		t.Fatalf("%v\n%s", err, manifest)
	}
	return &object
}

// read reads a manifest in which NAMESPACE stands for the namespace's name, for what doesn't live in one.
func (s *stage) read(manifest string) *unstructured.Unstructured {
	s.Helper()
	return read(s, strings.ReplaceAll(manifest, "NAMESPACE", s.namespace))
}

// deleteAfter deletes what lives in no namespace when the test is over.
func (s *stage) deleteAfter(object *unstructured.Unstructured) {
	if object.GetNamespace() != "" {
		return
	}
	client, _ := s.resource(object)
	s.Cleanup(func() {
		if err := client.Delete(context.WithoutCancel(s.Context()), object.GetName(), metav1.DeleteOptions{}); err != nil {
			s.Logf("deleting %s: %v", object.GetName(), err)
		}
	})
}

// film collects all states of an object.
type film struct {
	states []*unstructured.Unstructured
	events <-chan *unstructured.Unstructured
}

// follow starts to watch an object, which is to be created next.
func (s *stage) follow(object *unstructured.Unstructured) *film {
	s.Helper()
	client, _ := s.resource(object)
	watcher, err := client.Watch(s.Context(), metav1.SingleObject(metav1.ObjectMeta{Name: object.GetName()}))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(watcher.Stop)
	events := make(chan *unstructured.Unstructured)
	go func() {
		defer close(events)
		for event := range watcher.ResultChan() {
			state, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				return
			}
			select {
			case events <- state:
			case <-s.Context().Done():
				return
			}
		}
	}()
	return &film{events: events}
}

// settle takes in states until the newest is what the controllers have seen, it is as wanted, and nothing has changed
// for a while.
func (f *film) settle(s *stage, want health.Status, quiet time.Duration) {
	s.Helper()
	ctx := s.ctx()
	for {
		timer := time.NewTimer(quiet)
		select {
		case state, ok := <-f.events:
			timer.Stop()
			if !ok {
				s.Fatal("the watch ended")
			}
			f.states = append(f.states, state)
		case <-timer.C:
			if f.observed() && health.Compute(f.states[len(f.states)-1]).Status == want {
				return
			}
		case <-ctx.Done():
			if len(f.states) == 0 {
				s.Fatal("nothing was seen of it")
			}
			s.Fatalf("it settled as %s, want %s", health.Compute(f.states[len(f.states)-1]), want)
		}
	}
}

// observed reports whether the newest state's controller has looked at it. Kinds that don't say so are taken as they are.
func (f *film) observed() bool {
	if len(f.states) == 0 {
		return false
	}
	last := f.states[len(f.states)-1]
	seen, found, _ := unstructured.NestedInt64(last.Object, "status", "observedGeneration")
	return found && seen == last.GetGeneration() || !found && last.GroupVersionKind().Group != "apps"
}
