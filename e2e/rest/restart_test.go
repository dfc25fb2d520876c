package rest_test

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// few is how many objects a test takes that counts every write.
const few = 60

func (s *scene) configMaps() dynamic.ResourceInterface {
	return s.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(s.namespace)
}

// setting is a file with a ConfigMap beside those of [objects].
func setting(name, value string) map[string]string {
	return map[string]string{"app/" + name + ".yaml": fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {key: %q}}\n", name, value)}
}

func (s *scene) awaitKey(name, value string) {
	s.Helper()
	s.await(s.configMaps(), name, "healed", func(o *unstructured.Unstructured) bool {
		got, _, _ := unstructured.NestedString(o.Object, "data", "key")
		return got == value && o.GetDeletionTimestamp() == nil
	})
}

func (s *scene) edit(name string) {
	s.Helper()
	_, err := s.configMaps().Patch(s.ctx(), name, types.MergePatchType, []byte(`{"data":{"key":"edited"}}`), metav1.PatchOptions{FieldManager: "meddler"})
	s.must(err)
}

// applies returns how many of our objects were applied since an earlier count. The API server applies some of its own at
// its start.
func (s *scene) applies(before map[string]int) int {
	s.Helper()
	after, n := s.requests(), 0
	for _, resource := range kinds() {
		n += after["APPLY "+resource] - before["APPLY "+resource]
	}
	return n
}

func (s *scene) wantApplies(before map[string]int, want int) {
	s.Helper()
	if got := s.applies(before); got != want {
		s.Errorf("%d objects were applied, want %d", got, want)
	}
}

func TestARestartAppliesOnlyWhatChanged(t *testing.T) {
	s := newScene(t)
	s.start()
	s.sync(objects(few), "1s")
	s.program.Stop()

	before := s.requests()
	s.start()
	s.commit(setting("next", "1"))
	s.awaitKey("next", "1")
	s.wantApplies(before, 1)

	s.program.Stop()
	before = s.requests()
	s.edit("c0")
	s.must(s.configMaps().Delete(s.ctx(), "c3", metav1.DeleteOptions{}))
	s.start()
	s.awaitKey("c0", "value")
	s.awaitKey("c3", "value")
	s.commit(setting("next", "2"))
	s.awaitKey("next", "2")
	s.wantApplies(before, 3)

	s.program.Kill() // and not even that is worth a request an object
	before = s.requests()
	s.start()
	s.commit(setting("next", "3"))
	s.awaitKey("next", "3")
	if got := s.applies(before); got > 3 {
		t.Errorf("%d objects were applied after a kill, want the one that changed and the two that were healed since the last save", got)
	}
}

func TestAnAPIServerThatComesBackIsNotWrittenTo(t *testing.T) {
	s := newScene(t)
	s.start()
	s.sync(objects(few), "1s")
	for range 2 {
		s.must(s.cluster.Restart(s.ctx())) // its counts begin anew
		s.edit("c0")
		s.awaitKey("c0", "value") // seen by the watches that came back
		s.must(s.configMaps().Delete(s.ctx(), "c3", metav1.DeleteOptions{}))
		s.awaitKey("c3", "value")
		s.wantApplies(nil, 2)
	}
	s.commit(setting("next", "1"))
	s.awaitKey("next", "1")
	s.wantApplies(nil, 3)
}
