package reconciler_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/health"
)

func (h *harness) waiter(grace time.Duration) *health.Waiter {
	h.Helper()
	config := rest.CopyConfig(h.cluster.Config)
	config.Wrap(h.requests.wrap)
	waiter, err := health.NewWaiter(health.Config{REST: config, Mapper: h.mapper, Grace: grace})
	if err != nil {
		h.Fatal(err)
	}
	return waiter
}

func targets(result apply.Result) []health.Target {
	var all []health.Target
	for _, outcome := range result.Outcomes {
		all = append(all, health.Target{Ref: outcome.Ref, ResourceVersion: outcome.ResourceVersion})
	}
	return all
}

func statuses(report health.Report) map[string]health.Status {
	got := map[string]health.Status{}
	for _, object := range report.Objects {
		got[object.Ref.Kind+"/"+object.Ref.Name] = object.Status
	}
	return got
}

func TestHealthWaitsUntilAllAreThere(t *testing.T) {
	h := newHarness(t)
	crd, _ := gadgets(t)
	h.deleteAfter(crd)
	job := object(t, `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/job:1"}]}}}
`)
	result := h.apply(deployment(t, "web", "example.test/web:1"), configMap(t, "settings"), job, crd)
	waiting := 0
	h.requests.reset()
	report, err := h.waiter(-1).Wait(h.ctx(), health.Request{Set: h.id, Targets: targets(result), Progress: func(r health.Report) {
		if !r.Healthy() {
			waiting++
		}
	}})
	if err != nil {
		t.Fatalf("waiting: %v\n%s", err, report.Summary())
	}
	want := map[string]health.Status{
		"Deployment/web": health.Current, "ConfigMap/settings": health.Current, "Job/migrate": health.Current, "CustomResourceDefinition/" + crd.GetName(): health.Current,
	}
	if diff := cmp.Diff(want, statuses(report)); diff != "" || !report.Healthy() {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if waiting == 0 {
		t.Error("no progress was reported before the end")
	}
	// One watch a kind that has a status, and one for the namespace's Pods; and once, whose the ReplicaSet is that a Pod
	// which isn't ready yet belongs to. Nothing is asked for again and again.
	if got := h.requests.of("GET") + h.requests.of("WATCH"); got > 5 {
		t.Errorf("waiting took %d requests, want at most 5", got)
	}
	if live := h.get(job); live.Object["status"] == nil {
		t.Error("the job has no status")
	}
}

func TestHealthFailsEarlyWithThePodsReason(t *testing.T) {
	tests := []struct {
		name string
		bad  *unstructured.Unstructured
	}{
		{"Deployment", deployment(t, "web", "example.test/web:bad")},
		{"StatefulSet", object(t, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "example.test/web:bad"}]}}
`)},
		{"DaemonSet", object(t, `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "example.test/web:bad"}]}}
`)},
		{"Job", object(t, `
apiVersion: batch/v1
kind: Job
metadata: {name: web}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/web:bad"}]}}}
`)},
		{"Pod", object(t, `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: app, image: "example.test/web:bad"}]}
`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			result := h.apply(test.bad, configMap(t, "beside"))
			report, err := h.waiter(-1).Wait(h.ctx(), health.Request{Set: h.id, Targets: targets(result)})
			if err != nil {
				t.Fatalf("waiting: %v\n%s", err, report.Summary())
			}
			failed := report.Failed()
			if len(failed) != 1 || failed[0].Ref != h.ref(test.bad) || failed[0].Reason != "ImagePullBackOff" {
				t.Fatalf("failed: %v, want %s because of ImagePullBackOff", failed, test.name)
			}
			for _, part := range []string{"Pod web", "container app", `Back-off pulling image "example.test/web:bad"`} {
				if !strings.Contains(failed[0].Message, part) {
					t.Errorf("message %q lacks %q", failed[0].Message, part)
				}
			}
		})
	}
}

func TestHealthOldPodsDoNotSpeakForTheNewRevision(t *testing.T) {
	daemon := func(image string) *unstructured.Unstructured {
		return object(t, `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "`+image+`"}]}}
`)
	}
	tests := []struct {
		name      string
		bad, good *unstructured.Unstructured
	}{
		{"Deployment", deployment(t, "web", "example.test/web:bad"), deployment(t, "web", "example.test/web:2")},
		{"DaemonSet", daemon("example.test/web:bad"), daemon("example.test/web:2")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			waiter := h.waiter(-1)
			request := health.Request{Set: h.id, Targets: targets(h.apply(test.bad))}
			if report, err := waiter.Wait(h.ctx(), request); err != nil || len(report.Failed()) != 1 {
				t.Fatalf("the bad image didn't fail: %v %s", err, report.Summary())
			}
			request.Targets = targets(h.apply(test.good))
			report, err := waiter.Wait(h.ctx(), request)
			if err != nil || !report.Healthy() {
				t.Errorf("after the mend: %v, %s; want healthy", err, report.Summary())
			}
		})
	}
}

func TestHealthEndsWithTheContext(t *testing.T) {
	h := newHarness(t)
	stuck := deployment(t, "stuck", "example.test/web:bad")
	result := h.apply(stuck)
	newer := errors.New("a newer revision is there")
	ctx, cancel := context.WithCancelCause(h.ctx())
	report, err := h.waiter(time.Hour).Wait(ctx, health.Request{Set: h.id, Targets: targets(result), Progress: func(r health.Report) {
		// The first look at the live object is enough: the Pod's trouble mustn't fail it within the grace.
		if len(r.Objects) == 1 && r.Objects[0].Reason != "" {
			cancel(newer)
		}
	}})
	if !errors.Is(err, newer) {
		t.Errorf("error = %v, want the context's cause", err)
	}
	if diff := cmp.Diff(map[string]health.Status{"Deployment/stuck": health.InProgress}, statuses(report)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestHealthSeesWhatIsGone(t *testing.T) {
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:bad")
	result := h.apply(web)
	ctx, cancel := context.WithCancel(h.ctx())
	deleted := false
	report, err := h.waiter(time.Hour).Wait(ctx, health.Request{Set: h.id, Targets: targets(result), Progress: func(r health.Report) {
		switch status := r.Objects[0].Status; {
		case status == health.NotFound:
			cancel()
		case !deleted:
			deleted = true
			if err := h.resource(web).Delete(h.ctx(), "web", metav1.DeleteOptions{}); err != nil {
				t.Error(err)
				cancel()
			}
		}
	}})
	if !errors.Is(err, context.Canceled) || report.Objects[0].Status != health.NotFound {
		t.Errorf("error = %v, report %s; want NotFound", err, report.Summary())
	}
}
