package reconciler_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// awaitTrouble waits until the conditions say what is in the way, while it is waited for.
func (s *syncs) awaitTrouble(wants ...string) {
	s.Helper()
	s.awaitSync("app", "still waiting, and saying "+strings.Join(wants, ", "), func(y *v1.Sync) bool {
		for _, kind := range []string{v1.ConditionHealthy, v1.ConditionReady, v1.ConditionReconciling} {
			c := meta.FindStatusCondition(y.Status.Conditions, kind)
			if c == nil || kind != v1.ConditionReconciling && c.Status != metav1.ConditionUnknown {
				return false
			}
			for _, want := range wants {
				if !strings.Contains(c.Message, want) {
					return false
				}
			}
		}
		return true
	})
}

// TestSyncSaysWhatItWaitsFor holds that the trouble of a Pod is said while it is waited
// for, seldom, and stays when the time is over.
func TestSyncSaysWhatItWaitsFor(t *testing.T) {
	asked := &requests{}
	s := newSyncs(t, asked.note)
	revision := s.commit(map[string]string{
		"app/web.yaml": strings.Replace(web("example.com/web:1"), "spec: {containers", "spec: {nodeSelector: {no: node}, containers", 1),
	})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Timeout.Duration = 9 * time.Second })
	s.awaitTrouble("Unschedulable", "didn't match Pod's node affinity/selector")
	if got := s.awaitStatus(revision, reconciler.StateFailure); !strings.Contains(got, "Unschedulable") {
		t.Errorf("commit status %q, want the Pod's reason", got)
	}
	if !s.forge.told("waiting for health: apps/Deployment/" + s.namespace + "/web: Unschedulable") {
		t.Error("the forge wasn't told what is in the way while it was waited for")
	}
	got := s.awaitSync("app", "given up", func(y *v1.Sync) bool {
		return meta.IsStatusConditionFalse(y.Status.Conditions, v1.ConditionReady)
	})
	healthy := meta.FindStatusCondition(got.Status.Conditions, v1.ConditionHealthy)
	if healthy.Reason != "Unschedulable" || !strings.Contains(healthy.Message, "not healthy within 9s") {
		t.Errorf("Healthy is %+v, want the gravest trouble", healthy)
	}
	n := 0
	for _, line := range asked.writes() {
		if strings.HasSuffix(line, "/syncs/app/status") {
			n++
		}
	}
	if n > 5 { // applied, three words at most, given up
		t.Errorf("the status was written %d times", n)
	}
}

// TestSyncSaysWhatAWaveWaitsFor holds the same of a wave that others wait for.
func TestSyncSaysWhatAWaveWaitsFor(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/web.yaml": web("example.com/web:bad"), "app/b.yaml": inWave(manifest("b", "1"), 1)})
	s.newSync("app")
	s.awaitTrouble("ImagePull", "/web")
	if message := s.awaitReason("app", v1.ReasonHealthFailed); !strings.Contains(message, "ImagePullBackOff") {
		t.Errorf("message %q", message)
	}
}
