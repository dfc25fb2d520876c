package reconciler_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncWaitsForWhatItDeletes holds that a deleted Sync isn't let go while a finalizer
// holds an object: what is to go after that would be left for good.
func TestSyncWaitsForWhatItDeletes(t *testing.T) {
	s := newSyncs(t)
	held := strings.Replace(manifest("held", "1"), "metadata: {", "metadata: {finalizers: [example.com/hold], ", 1)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": inWave(held, 1), "app/b.yaml": manifest("needed", "1")})
	var sync v1.Sync
	sync.Namespace, sync.Name = s.namespace, "app"
	s.must(s.client.Delete(s.ctx(), &sync))
	if message := s.awaitReason("app", v1.ReasonPruneFailed); !strings.Contains(message, "/held: ") || !strings.Contains(message, "example.com/hold") {
		t.Errorf("message %q, want the object and the finalizer that holds it", message)
	}
	if !s.there("needed") {
		t.Error("what the held object may need is gone before it")
	}
	_, err := s.dynamic.Resource(configMapResource()).Namespace(s.namespace).Patch(s.ctx(), "held", "application/merge-patch+json",
		[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	s.must(err)
	s.awaitGone(syncResource(), "app")
	if s.there("needed") {
		t.Error("the Sync is gone, and has left an object behind")
	}
}

// TestSyncPrunesWhatWaitedForOthers holds that what is to go after an object that a
// finalizer holds goes once that is gone, without another commit.
func TestSyncPrunesWhatWaitedForOthers(t *testing.T) {
	s := newSyncs(t)
	held := strings.Replace(manifest("held", "1"), "metadata: {", "metadata: {finalizers: [example.com/hold], ", 1)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": inWave(held, 1), "app/b.yaml": manifest("needed", "1"), "app/c.yaml": manifest("stays", "1")})
	revision := s.commit(nil, "app/a.yaml", "app/b.yaml")
	s.awaitReady("app", revision)
	if !s.there("needed") {
		t.Error("what the held object may need is gone before it")
	}
	_, err := s.dynamic.Resource(configMapResource()).Namespace(s.namespace).Patch(s.ctx(), "held", "application/merge-patch+json",
		[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	s.must(err)
	s.awaitGone(configMapResource(), "needed")
	sync := s.awaitSync("app", "its inventory without them", func(y *v1.Sync) bool {
		return len(y.Status.Inventory) == 1 && y.Status.Inventory[0].Count == 1
	})
	if n := len(sync.Status.History); n > 4 {
		t.Errorf("the history has %d entries:\n%+v", n, sync.Status.History)
	}
}
