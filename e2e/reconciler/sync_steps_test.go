package reconciler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

func jobResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
}

// inWave puts a manifest with metadata: {name: …} into a wave.
func inWave(manifest string, wave int) string {
	return strings.Replace(manifest, "metadata: {", fmt.Sprintf("metadata: {annotations: {towline.dev/wave: %q}, ", fmt.Sprint(wave)), 1)
}

// hook is a Job that is a hook. The nodes of these tests run it, but never to its end:
// finish does that.
func hook(name, phase, policy string) string {
	return `apiVersion: batch/v1
kind: Job
metadata:
  name: ` + name + `
  annotations: {towline.dev/hook: "` + phase + `", towline.dev/hook-delete-policy: "` + policy + `"}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: run, image: example.com/run:1}]}
`
}

// finish ends a Job as its controller would, and gives its UID. Other than the UID before
// means that it must be another run.
func (s *syncs) finish(name, how, before string) string {
	s.Helper()
	job := s.await(jobResource(), s.namespace, name, "a run", func(o *unstructured.Unstructured) bool {
		return o != nil && string(o.GetUID()) != before && o.GetDeletionTimestamp() == nil
	})
	now := time.Now().UTC().Format(time.RFC3339)
	conditions := fmt.Sprintf(`[{"type":"SuccessCriteriaMet","status":"True","lastTransitionTime":%[1]q},{"type":"Complete","status":"True","lastTransitionTime":%[1]q}]`, now)
	times := fmt.Sprintf(`,"startTime":%[1]q,"completionTime":%[1]q`, now)
	if how == "Failed" {
		conditions = fmt.Sprintf(`[{"type":"FailureTarget","status":"True","lastTransitionTime":%[1]q},{"type":"Failed","status":"True","reason":"BackoffLimitExceeded","lastTransitionTime":%[1]q}]`, now)
		times = fmt.Sprintf(`,"startTime":%q`, now)
	}
	patch := fmt.Sprintf(`{"status":{"conditions":%s,"active":0,"ready":0,"terminating":0%s}}`, conditions, times)
	_, err := s.dynamic.Resource(jobResource()).Namespace(s.namespace).Patch(s.ctx(), name, "application/merge-patch+json", []byte(patch), metav1.PatchOptions{}, "status")
	s.must(err)
	return string(job.GetUID())
}

// TestSyncWaves holds that a wave is applied once the one before is healthy, and that
// the wait holds nobody up.
func TestSyncWaves(t *testing.T) {
	s := newSyncs(t, func(c *reconciler.Config) { c.Workers = 1 })
	first := s.commit(map[string]string{
		"app/web.yaml": web("example.com/web:bad"), "app/b.yaml": inWave(manifest("b", "1"), 1), "other/c.yaml": manifest("c", "1"),
	})
	s.newSync("app")
	s.awaitSync("app", "waiting for the first wave", func(y *v1.Sync) bool {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		return c != nil && (strings.Contains(c.Message, "before wave 1") || c.Reason == v1.ReasonHealthFailed)
	})
	s.newSync("other", path("other")) // the one worker isn't held by the wait
	s.awaitReady("other", first)
	if message := s.awaitReason("app", v1.ReasonHealthFailed); !strings.Contains(message, "wave 0") || !strings.Contains(message, "ImagePullBackOff") {
		t.Errorf("message %q, want the wave and the Pod's reason", message)
	}
	if s.there("b") {
		t.Fatal("applied although the wave before failed")
	}
	// What mends the first wave without a commit is seen too, but here is a commit.
	second := s.commit(map[string]string{"app/web.yaml": web("example.com/web:1")})
	s.awaitReady("app", second)
	s.awaitConfigMap("b", "1")
}

// TestSyncNewerRevisionPreemptsAWave holds that nothing waits for a wave that is no
// longer wanted.
func TestSyncNewerRevisionPreemptsAWave(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/a.yaml": hook("a", "pre-sync", "before-creation"), "app/b.yaml": manifest("b", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Timeout.Duration = time.Hour })
	s.awaitSync("app", "waiting for the hook", func(y *v1.Sync) bool {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		return c != nil && strings.Contains(c.Message, "waiting for 1 objects")
	})
	if s.there("b") {
		t.Fatal("applied before the hook was done")
	}
	s.awaitReady("app", s.commit(map[string]string{"app/b.yaml": manifest("b", "2")}, "app/a.yaml"))
	s.awaitConfigMap("b", "2")
	s.awaitGone(jobResource(), "a")
}

// TestSyncHooks holds when hooks run and when they don't.
func TestSyncHooks(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{
		"app/pre.yaml": hook("pre", "pre-sync", "before-creation"), "app/post.yaml": hook("post", "post-sync", "succeeded"),
		"app/a.yaml": manifest("a", "1"), "other/c.yaml": manifest("c", "1"),
	})
	s.newSync("app")
	pre := s.finish("pre", "Complete", "")
	s.awaitConfigMap("a", "1")
	post := s.finish("post", "Complete", "")
	s.awaitReady("app", first)
	s.awaitGone(jobResource(), "post") // as its policy says
	got := s.awaitReady("app", first)
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 1}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	// Neither drift nor a commit elsewhere nor a restart nor a wish runs them.
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}))
	s.awaitConfigMap("a", "1")
	s.awaitReady("app", s.commit(map[string]string{"other/c.yaml": manifest("c", "2")}))
	s.stop()
	s.start()
	s.annotate(v1.AnnotationRequestedAt, "now")
	s.awaitSync("app", "asked again", func(y *v1.Sync) bool { return y.Status.LastHandledReconcileAt == "now" })
	job := s.await(jobResource(), s.namespace, "pre", "being left", func(o *unstructured.Unstructured) bool { return o != nil })
	if string(job.GetUID()) != pre {
		t.Error("the hook ran again without a change")
	}
	// A change does.
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	s.finish("pre", "Complete", pre)
	s.awaitConfigMap("a", "2")
	s.finish("post", "Complete", post)
	s.awaitReady("app", second)
}

// TestSyncFailedHook holds that what comes after a hook that failed isn't applied, that
// the hooks of a failure run, and that a commit mends it.
func TestSyncFailedHook(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{
		"app/pre.yaml": hook("pre", "pre-sync", "failed"), "app/fail.yaml": hook("alarm", "sync-fail", "before-creation"),
		"app/a.yaml": manifest("a", "1"),
	})
	s.newSync("app")
	s.finish("pre", "Failed", "")
	if message := s.awaitReason("app", v1.ReasonHookFailed); !strings.Contains(message, "pre-sync") || !strings.Contains(message, "BackoffLimitExceeded") {
		t.Errorf("message %q, want the hooks and the Job's reason", message)
	}
	s.await(jobResource(), s.namespace, "alarm", "being there", func(o *unstructured.Unstructured) bool { return o != nil })
	s.awaitGone(jobResource(), "pre") // as its policy says
	if s.there("a") {
		t.Error("applied although the hook before failed")
	}
	second := s.commit(nil, "app/pre.yaml")
	s.awaitReady("app", second)
	s.awaitConfigMap("a", "1")
}

// TestSyncHealsWhileItWaits holds that drift is healed while a hook is waited for, and that
// the wait goes on after that.
func TestSyncHealsWhileItWaits(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	never := strings.Replace(hook("never", "post-sync", "before-creation"), "spec: {restartPolicy", "spec: {nodeSelector: {no: node}, restartPolicy", 1)
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2"), "app/never.yaml": never})
	s.awaitSync("app", "waiting for the hook", func(y *v1.Sync) bool {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		return c != nil && strings.Contains(c.Message, "waiting for 1 objects")
	})
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}))
	s.awaitConfigMap("a", "2")
	<-time.After(quiet)
	got := s.awaitSync("app", "being there", func(*v1.Sync) bool { return true })
	if got.Status.LastAppliedRevision == second {
		t.Error("called applied although its hook isn't done")
	}
	s.awaitReady("app", s.commit(nil, "app/never.yaml"))
}
