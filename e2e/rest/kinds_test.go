package rest_test

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func planets(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	definition := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: planets.example.test}
spec:
  group: example.test
  scope: Namespaced
  names: {kind: Planet, plural: planets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`), &definition.Object); err != nil {
		t.Fatal(err)
	}
	return definition
}

func TestAKindMayGoAndComeBack(t *testing.T) {
	s := newScene(t)
	crds := s.dynamic.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	earth := s.dynamic.Resource(schema.GroupVersionResource{Group: "example.test", Version: "v1", Resource: "planets"}).Namespace(s.namespace)
	define := func() {
		t.Helper()
		_, err := crds.Create(s.ctx(), planets(t), metav1.CreateOptions{})
		s.must(err)
		s.await(crds, "planets.example.test", "established", func(o *unstructured.Unstructured) bool { return isTrue(o, "Established") })
	}
	define()
	s.start()
	files := setting("beside", "1")
	files["app/earth.yaml"] = "{apiVersion: example.test/v1, kind: Planet, metadata: {name: earth}, spec: {moons: 1}}\n"
	s.sync(files, "1s")

	before, start := s.requests(), time.Now()
	s.must(crds.Delete(s.ctx(), "planets.example.test", metav1.DeleteOptions{}))
	s.await(s.syncs(), "shop", "told that the kind is gone", func(o *unstructured.Unstructured) bool { return !isTrue(o, "Ready") })
	for range 3 { // others are healed meanwhile
		s.edit("beside")
		s.awaitKey("beside", "1")
	}
	asked := 0
	for name, count := range s.requests() {
		if name == "LIST planets" || name == "WATCH planets" || name == "GET planets" || name == "APPLY planets" {
			asked += count - before[name]
		}
	}
	if most := 20 + 5*int(time.Since(start).Seconds()); asked > most {
		t.Errorf("the kind that is gone was asked for %d times in %s", asked, time.Since(start))
	}

	define()
	s.await(earth, "earth", "there again", func(o *unstructured.Unstructured) bool { return o.GetDeletionTimestamp() == nil })
	s.awaitReady()
	if err := earth.Delete(s.ctx(), "earth", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	s.await(earth, "earth", "healed", func(o *unstructured.Unstructured) bool { return o.GetDeletionTimestamp() == nil })
}
