package reconciler_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

func TestSyncFollowsCommits(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "one"), "app/web.yaml": web("example.com/web:1.0.0")})
	s.newSync("app")
	got := s.awaitReady("app", first)
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 1}, {Kind: "apps/Deployment", Count: 1}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	if !meta.IsStatusConditionTrue(got.Status.Conditions, v1.ConditionHealthy) {
		t.Error("not Healthy")
	}
	for _, kind := range []string{v1.ConditionReconciling, v1.ConditionStalled} {
		if meta.FindStatusCondition(got.Status.Conditions, kind) != nil {
			t.Errorf("%s is still there", kind)
		}
	}
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "two")})
	got = s.awaitReady("app", second)
	s.awaitConfigMap("a", "two")
	var history []string
	for _, h := range got.Status.History {
		history = append(history, string(h.Result)+" "+h.Revision)
	}
	if diff := cmp.Diff([]string{"Succeeded " + second, "Succeeded " + first}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	s.awaitStatus(first, reconciler.StatePending)
	if got, want := s.awaitStatus(second, reconciler.StateSuccess), " towline/"+s.namespace+"/app applied and healthy"; !strings.HasSuffix(got, want) {
		t.Errorf("commit status %q, want one that ends in %q", got, want)
	}
}

func TestSyncBuildsKustomizeOverlay(t *testing.T) {
	s := newSyncs(t)
	revision := s.commit(map[string]string{
		"base/kustomization.yaml":          "resources: [a.yaml]\n",
		"base/a.yaml":                      manifest("a", "base"),
		"overlays/prod/kustomization.yaml": "namePrefix: prod-\nresources: [../../base]\npatches: [{path: patch.yaml}]\n",
		"overlays/prod/patch.yaml":         manifest("a", "prod"),
	})
	s.newSync("app", path("overlays/prod"))
	s.awaitReady("app", revision)
	s.awaitConfigMap("prod-a", "prod")
}

// TestSyncOfOthersWorkIsLeftAlone holds that a commit which changes nothing of a
// Sync writes nothing but its status.
func TestSyncOfOthersWorkIsLeftAlone(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/a.yaml": manifest("a", "one"), "other/b.yaml": manifest("b", "one")})
	s.newSync("app")
	s.awaitConfigMap("a", "one")
	before := s.await(configMapResource(), s.namespace, "a", "being there", func(o *unstructured.Unstructured) bool { return o != nil })
	s.awaitReady("app", s.commit(map[string]string{"other/b.yaml": manifest("b", "two")}))
	after := s.await(configMapResource(), s.namespace, "a", "being there", func(o *unstructured.Unstructured) bool { return o != nil })
	if before.GetResourceVersion() != after.GetResourceVersion() {
		t.Error("the object was written again")
	}
}

func TestSyncPrunes(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1")})
	s.awaitReady("app", s.commit(nil, "app/b.yaml"))
	s.awaitGone(configMapResource(), "b")
	if !s.there("a") {
		t.Error("a is gone too")
	}
}

func TestSyncWithoutPruneLeavesObjects(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Prune = false })
	s.awaitReady("app", first)
	s.awaitReady("app", s.commit(nil, "app/b.yaml"))
	if !s.there("b") {
		t.Error("b is gone")
	}
}

func TestSyncHoldsDeletionsForConsent(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{
		"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1"), "app/c.yaml": manifest("c", "1"),
	})
	one := int32(1)
	s.newSync("app", func(y *v1.Sync) { y.Spec.DeletionBudget.Objects = &one })
	s.awaitReady("app", first)
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/b.yaml", "app/c.yaml")
	message := s.awaitReason("app", v1.ReasonBudgetExceeded)
	s.awaitConfigMap("a", "2")
	if !s.there("b") || !s.there("c") {
		t.Fatal("deleted without consent")
	}
	if !strings.Contains(message, "core/ConfigMap/"+s.namespace+"/b") {
		t.Errorf("message doesn't name the objects: %s", message)
	}
	s.annotate(v1.AnnotationConsent, "yes")
	s.annotate(v1.AnnotationRequestedAt, "now")
	s.awaitSync("app", "handled", func(y *v1.Sync) bool { return y.Status.LastHandledReconcileAt == "now" })
	if !s.there("b") || !s.there("c") {
		t.Fatal("deleted with a wrong consent")
	}
	_, consent, ok := strings.Cut(message, v1.AnnotationConsent+"=")
	if !ok {
		t.Fatalf("message has no consent to copy: %s", message)
	}
	s.annotate(v1.AnnotationConsent, consent)
	got := s.awaitReady("app", second)
	s.awaitGone(configMapResource(), "b")
	s.awaitGone(configMapResource(), "c")
	s.awaitSync("app", "its consent used up", func(y *v1.Sync) bool { return y.Annotations[v1.AnnotationConsent] == "" })
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 1}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
}

func TestSyncHealsDrift(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/web.yaml": web("example.com/web:1")})
	a := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}
	start := time.Now()
	s.must(s.client.Delete(s.ctx(), a))
	s.awaitConfigMap("a", "1")
	t.Logf("deleted object healed after %s", time.Since(start))
	start = time.Now()
	s.must(s.client.Patch(s.ctx(), a, client.RawPatch("application/merge-patch+json", []byte(`{"data":{"key":"drifted"}}`)), client.FieldOwner("a-person")))
	s.awaitConfigMap("a", "1")
	t.Logf("changed object healed after %s", time.Since(start))
	start = time.Now()
	scale := []byte(`{"spec":{"replicas":5}}`)
	_, err := s.dynamic.Resource(deploymentResource()).Namespace(s.namespace).Patch(s.ctx(), "web", "application/merge-patch+json", scale,
		metav1.PatchOptions{FieldManager: "a-person"}, "scale")
	s.must(err)
	s.await(deploymentResource(), s.namespace, "web", "two replicas", func(o *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return n == 2
	})
	t.Logf("scaled object healed after %s", time.Since(start))
	s.awaitEvent(v1.ReasonDriftHealed, "lost .spec.replicas to a-person")
	s.awaitMetric(`towline_drift_healed_total{cause="fields"`)
}

// TestSyncAtRestWritesNothing holds that neither polls nor looks at a Sync that is
// as it should be write anything.
func TestSyncAtRestWritesNothing(t *testing.T) {
	s := newSyncs(t)
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.git.Requests()
	polls := 0
	for polls < 3 { // three looks at the repository
		polls += len(s.git.Requests())
		if err := s.Context().Err(); err != nil {
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond)
	}
	now := s.awaitSync("app", "being there", func(*v1.Sync) bool { return true })
	if got.ResourceVersion != now.ResourceVersion {
		t.Errorf("the Sync was written at rest:\n%s", cmp.Diff(got, now))
	}
}

func TestSyncDeletionPrunes(t *testing.T) {
	s := newSyncs(t)
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/web.yaml": web("example.com/web:1")})
	s.must(s.client.Delete(s.ctx(), got))
	s.awaitGone(syncResource(), "app")
	s.awaitGone(configMapResource(), "a")
	s.awaitGone(deploymentResource(), "web")
}

func TestSyncDeletionOrphans(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	sync := s.newSync("app", func(y *v1.Sync) { y.Spec.Prune = false })
	s.awaitReady("app", first)
	s.must(s.client.Delete(s.ctx(), sync))
	s.awaitGone(syncResource(), "app")
	if !s.there("a") {
		t.Error("a is gone")
	}
}

func TestSyncSuspended(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.patchSync(`{"spec":{"suspend":true}}`)
	s.awaitSync("app", "suspended", func(y *v1.Sync) bool {
		return meta.IsStatusConditionTrue(y.Status.Conditions, v1.ConditionSuspended)
	})
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}))
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	s.annotate(v1.AnnotationRequestedAt, "suspended or not")
	s.patchSync(`{"spec":{"suspend":false}}`)
	s.awaitReady("app", second)
	s.awaitConfigMap("a", "2")
	got := s.awaitSync("app", "going on", func(*v1.Sync) bool { return true })
	if meta.FindStatusCondition(got.Status.Conditions, v1.ConditionSuspended) != nil {
		t.Error("still called suspended")
	}
}

func TestSyncDependencies(t *testing.T) {
	s := newSyncs(t)
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "infra/b.yaml": manifest("b", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.DependsOn = []v1.Dependency{{Name: "infra"}} })
	if got := s.awaitReason("app", v1.ReasonDependencyNotReady); !strings.Contains(got, `"infra" doesn't exist`) {
		t.Errorf("message %q", got)
	}
	if s.there("a") {
		t.Fatal("applied before its dependency")
	}
	s.newSync("infra", path("infra"))
	s.awaitReady("infra", revision)
	s.awaitReady("app", revision)
}

func TestSyncDependencyCycle(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("one", func(y *v1.Sync) { y.Spec.DependsOn = []v1.Dependency{{Name: "two"}} })
	s.newSync("two", func(y *v1.Sync) { y.Spec.DependsOn = []v1.Dependency{{Name: "one"}} })
	if got, want := s.awaitReason("two", v1.ReasonDependencyCycle), "two → one → two"; !strings.Contains(got, want) {
		t.Errorf("message %q, want one with %q", got, want)
	}
}

// awaitReadyAfter commits files, makes the Sync "app" and waits until it is ready.
func (s *syncs) awaitReadyAfter(files map[string]string) *v1.Sync {
	s.Helper()
	revision := s.commit(files)
	s.newSync("app")
	return s.awaitReady("app", revision)
}

// patchSync changes the Sync "app".
func (s *syncs) patchSync(patch string) {
	s.Helper()
	sync := &v1.Sync{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "app"}}
	s.must(s.client.Patch(s.ctx(), sync, client.RawPatch("application/merge-patch+json", []byte(patch))))
}

// awaitEvent waits for an event of a reason whose note holds a text.
func (s *syncs) awaitEvent(reason, note string) {
	s.Helper()
	ctx := s.ctx()
	for {
		var list corev1.EventList
		s.must(s.client.List(ctx, &list, client.InNamespace(s.namespace)))
		for _, e := range list.Items {
			if e.Reason == reason && strings.Contains(e.Message, note) {
				return
			}
		}
		select {
		case <-ctx.Done():
			s.Fatalf("no event %s with %q; there are %v", reason, note, list.Items)
		case <-time.After(50 * time.Millisecond): // events are written some time after they happen
		}
	}
}

// awaitMetric looks for a metric that isn't zero.
func (s *syncs) awaitMetric(prefix string) {
	s.Helper()
	text := s.get(s.metrics)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			return
		}
	}
	s.Errorf("no metric %s in\n%s", prefix, text)
}

func (s *syncs) get(url string) string {
	s.Helper()
	request, err := http.NewRequestWithContext(s.ctx(), http.MethodGet, url, nil)
	s.must(err)
	response, err := (&http.Client{}).Do(request)
	s.must(err)
	defer func() { _ = response.Body.Close() }() // was read
	text, err := io.ReadAll(response.Body)
	s.must(err)
	return string(text)
}

// TestSyncHistoryIsBounded goes through more revisions than are remembered.
func TestSyncHistoryIsBounded(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "0")})
	revision := ""
	for i := range v1.MaxHistory + 2 {
		revision = s.commit(map[string]string{"app/a.yaml": manifest("a", fmt.Sprint(i+1))})
		s.annotate(v1.AnnotationRequestedAt, fmt.Sprint(i))
		s.awaitReady("app", revision)
	}
	got := s.awaitReady("app", revision)
	if n := len(got.Status.History); n != v1.MaxHistory {
		t.Errorf("%d entries, want %d", n, v1.MaxHistory)
	}
	if got.Status.History[0].Revision != revision {
		t.Errorf("the newest entry is %v", got.Status.History[0])
	}
}
