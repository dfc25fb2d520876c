package health_test

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	var read unstructured.Unstructured
	if err := read.UnmarshalJSON(encoded); err != nil {
		t.Fatal(err)
	}
	return &read
}

func TestCompute(t *testing.T) {
	tests := []struct {
		name     string
		manifest string
		status   health.Status
		reason   string
		message  string // a part of it
	}{
		{"a ConfigMap", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`, health.Current, "", ""},
		{"a Deployment nobody looked at yet", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 2}, status: {observedGeneration: 1}}`, health.InProgress, "", "generation"},
		{"a Deployment past its deadline", `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
 status: {observedGeneration: 1, conditions: [{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: too late}]}}`, health.Failed, "ProgressDeadlineExceeded", "too late"},
		{"a Deployment that is there", `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
 status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{type: Available, status: "True"}]}}`, health.Current, "", ""},
		{"what is being deleted", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, deletionTimestamp: "2026-01-01T00:00:00Z"}}`, health.Terminating, "", ""},
		{"a custom resource that says it isn't ready", `
{apiVersion: example.com/v1, kind: Gadget, metadata: {name: a}, status: {conditions: [{type: Ready, status: "False", reason: Cooking, message: not yet}]}}`, health.InProgress, "Cooking", "not yet"},
		{"a Job that runs", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {active: 1, startTime: "2026-01-01T00:00:00Z"}}`, health.InProgress, "", "1 Pods active"},
		{"a Job that is done", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {succeeded: 1, conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True", reason: CompletionsReached}]}}`, health.Current, "CompletionsReached", ""},
		{"a Job that failed", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {failed: 3, conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: gave up}]}}`, health.Failed, "BackoffLimitExceeded", "gave up"},
		{"a Job that waits to be let go", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [{type: Suspended, status: "True", reason: JobSuspended}]}}`, health.Current, "JobSuspended", ""},
		{"a Job that resumed", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {active: 1, conditions: [{type: Suspended, status: "False"}]}}`, health.InProgress, "", "1 Pods active"},
		{"a Job being deleted", `{apiVersion: batch/v1, kind: Job, metadata: {name: a, deletionTimestamp: "2026-01-01T00:00:00Z"}}`, health.Terminating, "", ""},
		{"a Deployment that a quota forbids Pods", `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
 status: {observedGeneration: 1, conditions: [{type: ReplicaFailure, status: "True", reason: FailedCreate, message: exceeded quota}]}}`, health.InProgress, "FailedCreate", "exceeded quota"},
		{"a paused Deployment that is there", `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1, paused: true, progressDeadlineSeconds: 600},
 status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{type: Available, status: "True"}, {type: Progressing, status: Unknown, reason: DeploymentPaused}]}}`, health.Current, "DeploymentPaused", "paused, and available"},
		{"a paused Deployment that isn't", `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1, paused: true, progressDeadlineSeconds: 600}, status: {observedGeneration: 1}}`, health.InProgress, "DeploymentPaused", "it is paused"},
		{"a StatefulSet updated by hand", `
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a, generation: 2}, spec: {replicas: 2, updateStrategy: {type: OnDelete}},
 status: {observedGeneration: 2, replicas: 2, readyReplicas: 2, updatedReplicas: 0}}`, health.Current, "", ""},
		{"a StatefulSet updated by hand that isn't ready", `
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a, generation: 2}, spec: {replicas: 2, updateStrategy: {type: OnDelete}},
 status: {observedGeneration: 2, replicas: 2, readyReplicas: 1, updatedReplicas: 0}}`, health.InProgress, "LessReady", "Ready: 1/2"},
		{"a DaemonSet updated by hand", `
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, generation: 2}, spec: {updateStrategy: {type: OnDelete}},
 status: {observedGeneration: 2, desiredNumberScheduled: 2, currentNumberScheduled: 2, numberAvailable: 2, numberReady: 2}}`, health.Current, "", "by hand"},
		{"a DaemonSet updated by hand that isn't ready", `
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, generation: 2}, spec: {updateStrategy: {type: OnDelete}},
 status: {observedGeneration: 2, desiredNumberScheduled: 2, currentNumberScheduled: 2, numberAvailable: 1, numberReady: 1}}`, health.InProgress, "LessAvailable", "1/2"},
		{"a claim that lost its volume", `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, status: {phase: Lost}}`, health.Failed, "ClaimLost", ""},
		{"a Pod that failed", `
{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Failed, containerStatuses: [{name: app, state: {terminated: {exitCode: 4, reason: Error}}}]}}`, health.Failed, "Error", "exit code 4"},
		{"a Pod whose image can't be pulled", `
{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ErrImagePull, message: no such image}}}]}}`, health.Failed, "ErrImagePull", "no such image"},
		{"a Pod without a node", `
{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: "2026-01-01T00:00:00Z"}, status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: no room}]}}`, health.InProgress, "Unschedulable", "no room"},
		{"a Job that can't be read", `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {active: many}}`, health.Unknown, "", "reading its status"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := health.Compute(object(t, test.manifest))
			if got.Status != test.status || test.reason != "" && got.Reason != test.reason || !strings.Contains(got.Message, test.message) {
				t.Errorf("%s, reason %q, message %q; want %s, %q, …%s…", got.Status, got.Reason, got.Message, test.status, test.reason, test.message)
			}
			if got.Ref.Name != "a" {
				t.Errorf("reference %v", got.Ref)
			}
		})
	}
}

func TestReportSummary(t *testing.T) {
	of := func(name string, status health.Status, reason, message string) health.Health {
		return health.Health{Ref: inventory.ObjectRef{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: name}, Status: status, Reason: reason, Message: message}
	}
	tests := []struct {
		name    string
		report  health.Report
		healthy bool
		want    string
	}{
		{"empty", health.Report{}, true, "all 0 objects are ready"},
		{"ready", health.Report{Objects: []health.Health{of("a", health.Current, "", "")}}, true, "all 1 objects are ready"},
		{"mixed", health.Report{Objects: []health.Health{
			of("a", health.Current, "", ""), of("b", health.InProgress, "", "1 of 2 replicas"), of("c", health.NotFound, "", ""),
			of("d", health.Failed, "ImagePullBackOff", "no such image"),
		}}, false, "apps/Deployment/shop/d: ImagePullBackOff: no such image; 2 of 4 not ready yet, such as apps/Deployment/shop/b: 1 of 2 replicas"},
		{"the gravest is named", health.Report{Objects: []health.Health{
			of("a", health.InProgress, "", "1 of 2 replicas"), {Ref: of("b", "", "", "").Ref, Status: health.InProgress, Reason: "Unschedulable", Message: "no room", Trouble: health.Patient},
		}}, false, "2 of 2 not ready yet, such as apps/Deployment/shop/b: Unschedulable: no room"},
		{"many", health.Report{Objects: []health.Health{
			of("a", health.Failed, "A", ""), of("b", health.Failed, "B", ""), of("c", health.Failed, "C", ""), of("d", health.Failed, "D", ""), of("e", health.Failed, "E", ""),
		}}, false, "apps/Deployment/shop/a: A; apps/Deployment/shop/b: B; apps/Deployment/shop/c: C; 2 more failed"},
		{"without words", health.Report{Objects: []health.Health{of("c", health.NotFound, "", "")}}, false, "1 of 1 not ready yet, such as apps/Deployment/shop/c: NotFound"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.report.Summary(); got != test.want {
				t.Errorf("Summary() = %q, want %q", got, test.want)
			}
			if got := test.report.Healthy(); got != test.healthy {
				t.Errorf("Healthy() = %t, want %t", got, test.healthy)
			}
		})
	}
}

func TestWaiterOfNothing(t *testing.T) {
	if _, err := health.NewWaiter(health.Config{}); err == nil {
		t.Error("a waiter of no cluster was made")
	}
	// Objects without status are ready as they were applied: nothing is asked of a cluster, which isn't there.
	waiter, err := health.NewWaiter(health.Config{REST: &rest.Config{Host: "https://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	settings := health.Target{Ref: inventory.ObjectRef{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "settings"}, ResourceVersion: "1"}
	report, err := waiter.Wait(t.Context(), health.Request{Set: "set", Targets: []health.Target{settings}})
	if err != nil || !report.Healthy() {
		t.Errorf("Wait = %s, %v; want healthy", report.Summary(), err)
	}
	if _, err := waiter.Wait(t.Context(), health.Request{Targets: []health.Target{settings}}); err == nil {
		t.Error("waiting without a set succeeded")
	}
	// With a rule, they have something to be judged by.
	judged := rules(t, health.Rule{APIVersion: "v1", Kind: "ConfigMap", Current: "has(data.done)"})
	if report, err := waiter.Wait(t.Context(), health.Request{Set: "set", Targets: []health.Target{settings}, Rules: judged}); err == nil || report.Healthy() {
		t.Errorf("Wait = %s, %v; want an error, as there is a rule and no cluster", report.Summary(), err)
	}
	// With one that has a status, the cluster is missed.
	web := health.Target{Ref: inventory.ObjectRef{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"}}
	report, err = waiter.Wait(t.Context(), health.Request{Set: "set", Targets: []health.Target{web}})
	if err == nil || errors.Is(err, t.Context().Err()) || report.Healthy() {
		t.Errorf("Wait = %s, %v; want an error", report.Summary(), err)
	}
}
