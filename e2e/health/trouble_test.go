package health_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// waiter returns one with little patience, and counts what it asks of the API server.
func (s *stage) waiter(patience time.Duration) (*health.Waiter, *requests) {
	s.Helper()
	config := rest.CopyConfig(s.cluster.Config)
	counted := &requests{}
	config.Wrap(counted.wrap)
	waiter, err := health.NewWaiter(health.Config{REST: config, Mapper: s.mapper, Grace: -1, Patience: patience})
	if err != nil {
		s.Fatal(err)
	}
	return waiter, counted
}

// make creates objects as those of a set, and returns them as targets.
func (s *stage) make(set string, objects ...*unstructured.Unstructured) []health.Target {
	s.Helper()
	targets, err := s.tryMake(s.ctx(), set, objects...)
	if err != nil {
		s.Fatal(err)
	}
	return targets
}

// tryMake is make for goroutines of a test.
func (s *stage) tryMake(ctx context.Context, set string, objects ...*unstructured.Unstructured) ([]health.Target, error) {
	var targets []health.Target
	for _, object := range objects {
		object.SetLabels(map[string]string{apply.PartOfLabel: set})
		client, _ := s.resource(object)
		live, err := client.Create(ctx, object, metav1.CreateOptions{})
		if err != nil {
			return nil, err
		}
		s.deleteAfter(live)
		targets = append(targets, health.Target{Ref: inventory.RefOf(live), ResourceVersion: live.GetResourceVersion()})
	}
	return targets, nil
}

// TestTroubleIsNamed holds that what stands in no Pod's status, or may pass, is said while it is waited for, and ends the
// wait when it lasts.
func TestTroubleIsNamed(t *testing.T) {
	noPods := `{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: "0"}}}`
	hungry := func(kind string) string {
		return strings.Replace(workload(kind, "1", ""), "example.test/web:1\"", "example.test/web:1\", resources: {requests: {cpu: 4k}}", 1)
	}
	tests := []struct {
		name    string
		before  string // made first
		object  string
		reasons string
		message string
	}{
		{"a quota for a Deployment", noPods, workload("Deployment", "1", ""), "FailedCreate", "exceeded quota"},
		{"a quota for a StatefulSet", noPods, workload("StatefulSet", "1", ""), "FailedCreate", "exceeded quota"},
		{"a quota for a DaemonSet", noPods, workload("DaemonSet", "1", ""), "FailedCreate", "exceeded quota"},
		{"a quota for a Job", noPods, `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/job:1"}]}}}}`, "FailedCreate", "exceeded quota"},
		{"no room for a Deployment", "", hungry("Deployment"), "Unschedulable", "Insufficient cpu"},
		{"no room for a StatefulSet", "", hungry("StatefulSet"), "Unschedulable", "Insufficient cpu"},
		{"no room for a Pod", "", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: app, image: "example.test/web:1", resources: {requests: {cpu: 4k}}}]}}`, "Unschedulable", "Insufficient cpu"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if test.before != "" {
				s.create(s.read(test.before))
				s.awaitQuota()
			}
			targets := s.make("set-"+s.namespace, s.read(test.object))
			waiter, _ := s.waiter(2 * time.Second)
			said := false
			report, err := waiter.Wait(s.ctx(), health.Request{Set: "set-" + s.namespace, Targets: targets, Progress: func(r health.Report) {
				said = said || r.Objects[0].Status == health.InProgress && r.Objects[0].Reason == test.reasons
			}})
			if err != nil {
				t.Fatalf("waiting: %v\n%s", err, report.Summary())
			}
			failed := report.Failed()
			if len(failed) != 1 || failed[0].Reason != test.reasons || !strings.Contains(failed[0].Message, test.message) {
				t.Fatalf("%s; want %s: …%s…", report.Summary(), test.reasons, test.message)
			}
			if !said {
				t.Error("the reason wasn't said while it was waited for")
			}
			t.Log(report.Summary())
		})
	}
}

// TestClaimWaitsForItsFirstPod holds that a claim which is bound only when a Pod uses it holds nobody up.
func TestClaimWaitsForItsFirstPod(t *testing.T) {
	s := newStage(t)
	class := s.read(`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: NAMESPACE}, provisioner: example.test/none, volumeBindingMode: WaitForFirstConsumer}`)
	claim := s.read(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: NAMESPACE, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`)
	targets := s.make("set-"+s.namespace, class, claim)
	waiter, _ := s.waiter(0)
	report, err := waiter.Wait(s.ctx(), health.Request{Set: "set-" + s.namespace, Targets: targets})
	if err != nil || !report.Healthy() {
		t.Errorf("waiting: %v, %s; want healthy", err, report.Summary())
	}
}

// TestRulesJudgeCustomResources follows a custom resource by a rule, in the version that the rule is written for.
func TestRulesJudgeCustomResources(t *testing.T) {
	s := newStage(t)
	kind := s.read(definition("NAMESPACEs", "Gadget"))
	targets := s.make("set-"+s.namespace, kind)
	waiter, _ := s.waiter(0)
	if report, err := waiter.Wait(s.ctx(), health.Request{Set: "set-" + s.namespace, Targets: targets}); err != nil || !report.Healthy() {
		t.Fatalf("the kind: %v, %s", err, report.Summary())
	}
	gadget := s.read(`{apiVersion: NAMESPACE.example.test/v1, kind: Gadget, metadata: {name: a}, spec: {size: 2}}`)
	targets = s.make("set-"+s.namespace, gadget)
	rules, err := health.CompileRules([]health.Rule{{
		APIVersion: s.namespace + ".example.test/v1", Kind: "Gadget", Current: "status.ready == spec.size", Failed: "status.broken",
	}})
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	next := map[string]string{
		"evaluating failed: no such attribute(s): status": `{status: {broken: false, ready: 1, message: one more}}`,
		"one more": `{status: {broken: false, ready: 2}}`,
	}
	report, err := waiter.Wait(s.ctx(), health.Request{Set: "set-" + s.namespace, Targets: targets, Rules: rules, Progress: func(r health.Report) {
		message := r.Objects[0].Message
		heard = append(heard, fmt.Sprintf("%s %s", r.Objects[0].Status, message))
		if status := next[message]; status != "" {
			delete(next, message)
			s.patchStatus(gadget, status)
		}
	}})
	if err != nil || !report.Healthy() || len(next) > 0 {
		t.Errorf("waiting: %v, %s; heard %q", err, report.Summary(), heard)
	}
	s.patchStatus(gadget, `{status: {broken: true, message: it fell down}}`)
	report, err = waiter.Wait(s.ctx(), health.Request{Set: "set-" + s.namespace, Targets: targets, Rules: rules})
	if err != nil || len(report.Failed()) != 1 || report.Failed()[0].Message != "it fell down" {
		t.Errorf("waiting: %v, %s; want that it failed", err, report.Summary())
	}
}
