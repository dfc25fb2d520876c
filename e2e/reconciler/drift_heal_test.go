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
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
)

// meddle changes a live Deployment as someone else would.
func (h *harness) meddle(web *unstructured.Unstructured, kind types.PatchType, patch string, options metav1.PatchOptions, subresources ...string) {
	h.Helper()
	if options.FieldManager == "" {
		options.FieldManager = "meddler"
	}
	if _, err := h.resource(web).Patch(h.ctx(), web.GetName(), kind, []byte(patch), options, subresources...); err != nil {
		h.Fatalf("meddling: %v", err)
	}
}

// ours returns the fields that the API server books for us.
func ours(live *unstructured.Unstructured) string {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == apply.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply {
			return entry.FieldsV1.GetRawString()
		}
	}
	return ""
}

func TestDriftIsSeenAndHealed(t *testing.T) {
	force := true
	tests := []struct {
		name   string
		meddle func(*harness, *unstructured.Unstructured)
		want   drift.Event // without Set, Ref and Delay
	}{
		{"scale", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.MergePatchType, `{"spec":{"replicas":5}}`, metav1.PatchOptions{}, "scale")
		}, drift.Event{Cause: drift.Fields, Lost: []string{".spec.replicas"}, By: "meddler"}},
		{"JSON patch", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.JSONPatchType, `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"evil:1"}]`, metav1.PatchOptions{})
		}, drift.Event{Cause: drift.Fields, Lost: []string{`.spec.template.spec.containers[name="app"].image`}, By: "meddler"}},
		{"removed field", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.JSONPatchType, `[{"op":"remove","path":"/spec/template/spec/containers/0/env"}]`, metav1.PatchOptions{})
		}, drift.Event{Cause: drift.Fields, Lost: []string{
			`.spec.template.spec.containers[name="app"].env[name="MODE"].name`, `.spec.template.spec.containers[name="app"].env[name="MODE"].value`,
		}}},
		{"forced apply", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.ApplyPatchType, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":7}}`, metav1.PatchOptions{Force: &force})
		}, drift.Event{Cause: drift.Fields, Lost: []string{".spec.replicas"}, By: "meddler"}},
		{"label removed", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.MergePatchType, `{"metadata":{"labels":{"`+apply.PartOfLabel+`":null}}}`, metav1.PatchOptions{})
		}, drift.Event{Cause: drift.Gone}},
		{"label changed", func(h *harness, web *unstructured.Unstructured) {
			h.meddle(web, types.MergePatchType, `{"metadata":{"labels":{"`+apply.PartOfLabel+`":"applyset-other-v1"}}}`, metav1.PatchOptions{})
		}, drift.Event{Cause: drift.Gone, By: "meddler"}},
		{"deleted", func(h *harness, web *unstructured.Unstructured) {
			if err := h.resource(web).Delete(h.ctx(), "web", metav1.DeleteOptions{}); err != nil {
				h.Fatal(err)
			}
		}, drift.Event{Cause: drift.Gone}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			web := deployment(t, "web", "example.test/web:1")
			h.apply(web, configMap(t, "beside"))
			before := h.get(web)

			test.meddle(h, web)
			start := time.Now()
			event := h.awaitDrift()
			seen := time.Since(start)
			if got, want := event.Ref.String(), "apps/Deployment/"+h.namespace+"/web"; got != want || event.Set != h.id {
				t.Errorf("drift of %s in set %s, want %s in %s", got, event.Set, want, h.id)
			}
			got := event
			got.Set, got.Ref, got.Delay, got.Attempt = "", test.want.Ref, 0, 0
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}

			h.requests.reset()
			h.apply(web) // heals by one object
			healed := time.Since(start)
			if got := h.requests.of("PATCH"); got != 1 {
				t.Errorf("healing took %d writes, want 1", got)
			}
			if diff := cmp.Diff(before.Object["spec"], h.get(web).Object["spec"]); diff != "" {
				t.Errorf("spec after the heal (-before +healed):\n%s", diff)
			}
			if diff := cmp.Diff(ours(before), ours(h.get(web))); diff != "" {
				t.Errorf("our fields after the heal (-before +healed):\n%s", diff)
			}
			t.Logf("seen after %s, healed after %s", seen, healed)
			if healed > time.Second {
				t.Errorf("healed after %s, want less than a second", healed)
			}
		})
	}
}

func TestDriftIsNotWhatOthersAdd(t *testing.T) {
	h := newHarness(t)
	web, beside := deployment(t, "web", "example.test/web:1"), configMap(t, "beside")
	h.apply(web, beside)
	h.meddle(web, types.StrategicMergePatchType, `{"metadata":{"annotations":{"note":"x"}},"spec":{"template":{"spec":{"containers":[{"name":"app","env":[{"name":"EXTRA","value":"1"}]}]}}}}`, metav1.PatchOptions{})
	h.meddle(web, types.MergePatchType, `{"spec":{"minReadySeconds":1}}`, metav1.PatchOptions{})

	// The deletion of another object is a later event of the same cluster: when it is seen, the additions were, too.
	other := deployment(t, "other", "example.test/web:1")
	h.apply(other)
	if err := h.resource(other).Delete(h.ctx(), "other", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if event := h.awaitDrift(); event.Ref.Name != "other" {
		t.Errorf("%s, want only the deletion", event)
	}
	h.requests.reset()
	h.apply(web, beside)
	if got := h.requests.of("PATCH"); got != 0 {
		t.Errorf("applying again took %d writes, want none: additions are left alone", got)
	}
	if env, _, _ := unstructured.NestedSlice(h.get(web).Object, "spec", "template", "spec", "containers"); !strings.Contains(toJSON(t, env), "EXTRA") {
		t.Errorf("the added variable is gone: %v", env)
	}
}

func TestDriftFightBacksOffAndNamesTheOther(t *testing.T) {
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:1")
	h.apply(web)
	var last drift.Event
	for round := 1; round <= 5; round++ {
		h.meddle(web, types.MergePatchType, `{"spec":{"replicas":`+string(rune('4'+round))+`}}`, metav1.PatchOptions{FieldManager: "autoscaler"})
		last = h.awaitDrift()
		if last.Attempt != round || last.By != "autoscaler" {
			t.Fatalf("round %d: attempt %d by %q, want attempt %d by autoscaler", round, last.Attempt, last.By, round)
		}
		h.apply(web)
	}
	if last.Delay != 2*time.Second {
		t.Errorf("the fifth heal was held back for %s, want 2s", last.Delay)
	}
}

func TestDriftAfterAPrunedObjectIsNone(t *testing.T) {
	h := newHarness(t)
	web, extra := configMap(t, "web"), configMap(t, "extra")
	h.apply(web, extra)
	request := apply.PruneRequest{ID: h.id, Refs: h.plan(web).Unwanted(h.plan(web, extra).Refs()), Owned: 2}
	if got := actions(h.applier.Prune(h.ctx(), request)); got["ConfigMap/extra"] != apply.Deleted || len(got) != 1 {
		t.Fatalf("pruned %v, want ConfigMap/extra deleted", got)
	}
	if err := h.resource(web).Delete(h.ctx(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if event := h.awaitDrift(); event.Ref.Name != "web" {
		t.Errorf("%s, want the drift of web alone: the other was deleted by us", event)
	}
}

func TestDriftWatchCutHealsNothing(t *testing.T) {
	h := newHarness(t)
	var all []*unstructured.Unstructured
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		all = append(all, configMap(t, name), deployment(t, name, "example.test/web:1"))
	}
	h.apply(all...)
	for range 3 {
		h.requests.reset()
		h.network.cut()
		// Seen through the watches that come back; by then, whatever the cut stirred up was handled before it.
		if err := h.resource(all[0]).Delete(h.ctx(), "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if event := h.awaitDrift(); event.Ref != h.ref(all[0]) {
			t.Errorf("%s, want only the deletion of ConfigMap a", event)
		}
		h.apply(all...)
		if got := h.requests.of("PATCH"); got != 1 {
			t.Errorf("after the cut %d objects were written, want 1", got)
		}
	}
	select {
	case event := <-h.drifted:
		t.Errorf("also %s", event)
	default:
	}
}

func TestDriftWhileNobodyWatchedIsSeenAfterwards(t *testing.T) {
	h := newHarness(t)
	ctx, stop := context.WithCancel(t.Context())
	events := make(chan drift.Event, 10)
	watcher, err := drift.New(drift.Config{REST: h.cluster.Config, Notify: func(e drift.Event) { events <- e }})
	if err != nil {
		t.Fatal(err)
	}
	applier, err := apply.New(apply.Config{REST: h.cluster.Config, Mapper: h.mapper, Memory: watcher})
	if err != nil {
		t.Fatal(err)
	}
	kept, gone, changed := configMap(t, "kept"), configMap(t, "gone"), configMap(t, "changed")
	if err := applier.Apply(h.ctx(), h.plan(kept, gone, changed)).Err(); err != nil {
		t.Fatal(err)
	}
	if err := h.resource(gone).Delete(h.ctx(), "gone", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	h.meddle(changed, types.MergePatchType, `{"data":{"key":"2"}}`, metav1.PatchOptions{})
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx) }()
	got := map[string]drift.Cause{}
	for range 2 {
		select {
		case event := <-events:
			got[event.Ref.Name] = event.Cause
		case <-h.ctx().Done():
			t.Fatalf("only %v was seen", got)
		}
	}
	if diff := cmp.Diff(map[string]drift.Cause{"gone": drift.Gone, "changed": drift.Fields}, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestDriftOfAWholeNamespaceCanBeHealedLater(t *testing.T) {
	h := newHarness(t)
	space := testbed.UniqueName()
	namespace := object(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+space+"}}")
	inside := configMap(t, "inside")
	inside.SetNamespace(space)
	h.apply(namespace, inside)
	h.deleteAfter(namespace)
	if err := h.resource(namespace).Delete(h.ctx(), space, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if event := h.awaitDrift(); event.Ref.Name != "inside" {
		t.Fatalf("%s, want the ConfigMap inside", event)
	}
	var failure *apply.Error
	if err := h.applier.Apply(h.ctx(), h.plan(inside)).Err(); !errors.As(err, &failure) || !failure.Temporary() {
		t.Errorf("healing in a namespace that is being deleted: %v, want a temporary failure", err)
	}
	if event := h.awaitDrift(); event.Ref.Name != space {
		t.Fatalf("%s, want the Namespace", event)
	}
	h.apply(namespace, inside)
	if !h.exists(inside) {
		t.Error("the ConfigMap isn't there again")
	}
}
