package reconciler_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// meddle deletes one ConfigMap, changes another, and waits until both are healed.
func (s *syncs) meddle(deleted, changed string) {
	s.Helper()
	<-time.After(1100 * time.Millisecond) // a heal within the second of the apply leaves the same mark
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: deleted}}))
	s.patchConfigMap(changed, `{"data":{"key":"meddled"}}`)
	s.awaitEvent(v1.ReasonDriftHealed, "core/ConfigMap/"+s.namespace+"/"+deleted+" was deleted")
	s.awaitEvent(v1.ReasonDriftHealed, "core/ConfigMap/"+s.namespace+"/"+changed+" lost")
}

func (s *syncs) patchConfigMap(name, patch string) {
	s.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}
	s.must(s.client.Patch(s.ctx(), object, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("meddler")))
}

// TestSyncRestartAfterHealsInSilence holds that what was healed counts as unchanged after
// a restart, too.
func TestSyncRestartAfterHealsInSilence(t *testing.T) {
	asked, done := &requests{}, make(steps, 1000)
	s := newSyncs(t, asked.note, done.note)
	files := variety()
	delete(files, "app/hook.yaml")
	s.awaitReadyAfter(files)
	s.meddle("c0", "c1")
	s.stop()
	asked.take()
	done.drain()
	s.start()
	done.concluded(t)
	<-time.After(quiet)
	if got := asked.writes(); len(got) > 0 {
		t.Errorf("the start wrote:\n%s", strings.Join(got, "\n"))
	}
}

// TestSyncWritesHealsDown holds that the inventory learns of heals without a stop, but not
// of each.
func TestSyncWritesHealsDown(t *testing.T) {
	var ahead atomic.Int64
	asked := &requests{}
	s := newSyncs(t, asked.note, func(c *reconciler.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1")})
	const name = "towline-inventory-app"
	before := s.await(configMapResource(), s.namespace, name, "being there", func(o *unstructured.Unstructured) bool { return o != nil })
	asked.take()
	s.meddle("a", "b")
	for _, line := range asked.writes() {
		if strings.HasSuffix(line, name) {
			t.Errorf("a heal wrote: %s", line)
		}
	}
	ahead.Store(int64(time.Hour))
	s.annotate("example.com/look", "again")
	s.await(configMapResource(), s.namespace, name, "new sums", func(o *unstructured.Unstructured) bool {
		return o != nil && o.GetResourceVersion() != before.GetResourceVersion()
	})
}

// TestSyncNamesWhomItTakesFieldsFrom holds that an apply over another's values says so.
func TestSyncNamesWhomItTakesFieldsFrom(t *testing.T) {
	s := newSyncs(t)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}, Data: map[string]string{"key": "theirs", "other": "theirs"}}
	s.must(s.client.Create(s.ctx(), object, client.FieldOwner("meddler")))
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.awaitConfigMap("a", "1")
	s.awaitEvent(v1.ReasonFieldsTaken, "took .data.key of core/ConfigMap/"+s.namespace+"/a from meddler")
}

// TestSyncNamesWhatIsHeld holds that what finalizers hold is named, doesn't hold up the
// rest, and is seen to be gone.
func TestSyncNamesWhatIsHeld(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{
		"app/a.yaml":    manifest("a", "1"),
		"app/held.yaml": strings.Replace(manifest("held", "1"), "{name", "{finalizers: [example.com/hold], name", 1),
	})
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/held.yaml")
	message := func(y *v1.Sync) string {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionTrue {
			return ""
		}
		return c.Message
	}
	s.awaitReady("app", second)
	s.awaitSync("app", "naming what is held", func(y *v1.Sync) bool {
		return strings.Contains(message(y), "core/ConfigMap/"+s.namespace+"/held") && strings.Contains(message(y), "example.com/hold")
	})
	s.awaitEvent(v1.ReasonDeletionPending, "example.com/hold")
	s.patchConfigMap("held", `{"metadata":{"finalizers":null}}`)
	got := s.awaitSync("app", "no more held", func(y *v1.Sync) bool { return message(y) == "applied "+second })
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 1}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	s.awaitEvent(v1.ReasonPruned, "/held")
}
