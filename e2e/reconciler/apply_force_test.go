package reconciler_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/apply"
)

// immutables are objects, each before and after a change that can't be made in place.
func immutables(t *testing.T) map[string][2]*unstructured.Unstructured {
	t.Helper()
	selector := deployment(t, "web", "example.test/web:1")
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		if err := unstructured.SetNestedStringMap(selector.Object, map[string]string{"app": "other"}, path...); err != nil {
			t.Fatal(err)
		}
	}
	job := func(image string) *unstructured.Unstructured {
		return object(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "`+image+`"}]}}}}`)
	}
	stateful := func(service string) *unstructured.Unstructured {
		return object(t, `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {serviceName: `+service+`, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "example.test/web:1"}]}}}}`)
	}
	return map[string][2]*unstructured.Unstructured{
		"selector of a Deployment": {deployment(t, "web", "example.test/web:1"), selector},
		"template of a Job":        {job("example.test/web:1"), job("example.test/web:2")},
		"service of a StatefulSet": {stateful("one"), stateful("two")},
		"immutable ConfigMap": {
			object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, immutable: true, data: {key: a}}"),
			object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, immutable: true, data: {key: b}}"),
		},
		"type of a Secret": {
			object(t, "{apiVersion: v1, kind: Secret, metadata: {name: web}, type: a.example/one, stringData: {key: hunter2}}"),
			object(t, "{apiVersion: v1, kind: Secret, metadata: {name: web}, type: a.example/two, stringData: {key: hunter2}}"),
		},
		"role of a RoleBinding": {
			object(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: web}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: one}}"),
			object(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: web}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: two}}"),
		},
	}
}

func TestApplyMakesObjectsAnewOnlyWhereAllowed(t *testing.T) {
	for name, states := range immutables(t) {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			before, after := states[0], states[1]
			h.apply(before)
			uid := h.get(before).GetUID()

			var failure *apply.Error
			if err := h.applier.Apply(h.ctx(), h.plan(after)).Err(); !errors.As(err, &failure) || failure.Reason != apply.ReasonImmutable {
				t.Fatalf("error = %v, want %s", err, apply.ReasonImmutable)
			}
			if !strings.Contains(failure.Error(), apply.ForceAnnotation+": enabled") || strings.Contains(failure.Error(), "hunter2") {
				t.Errorf("the error doesn't say how to allow it, or tells a secret: %v", failure)
			}
			if got := h.get(before).GetUID(); got != uid {
				t.Fatal("it was made anew unasked")
			}
			set := h.set(after)
			set.Force = true
			refusing := after.DeepCopy()
			refusing.SetAnnotations(map[string]string{apply.ForceAnnotation: apply.Disabled})
			set.Objects = []*unstructured.Unstructured{refusing}
			plan, err := h.applier.Plan(h.ctx(), set)
			if err != nil {
				t.Fatal(err)
			}
			if got := h.applier.Apply(h.ctx(), plan); got.Count(apply.Failed) != 1 || h.get(before).GetUID() != uid {
				t.Fatalf("an object that refuses is %v", actions(got))
			}
			set.Objects = []*unstructured.Unstructured{after}
			result := h.applySet(set)
			if got := result.Outcomes[0].Action; got != apply.Recreated {
				t.Errorf("action = %s, want %s", got, apply.Recreated)
			}
			if h.get(before).GetUID() == uid {
				t.Error("it wasn't made anew")
			}
			if got := h.applySet(set).Outcomes[0].Action; got != apply.Unchanged {
				t.Errorf("applied again, it is %s, want unchanged", got)
			}
			h.noDrift()
		})
	}
}

// An invalid manifest isn't an immutable field, whatever is allowed.
func TestApplyDeletesNothingForAnInvalidManifest(t *testing.T) {
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:1")
	h.apply(web)
	uid := h.get(web).GetUID()
	invalid := immutables(t)["selector of a Deployment"][1]
	unstructured.RemoveNestedField(invalid.Object, "spec", "template", "metadata", "labels")
	set := h.set(invalid)
	set.Force = true
	plan, err := h.applier.Plan(h.ctx(), set)
	if err != nil {
		t.Fatal(err)
	}
	h.requests.reset()
	var failure *apply.Error
	if err := h.applier.Apply(h.ctx(), plan).Err(); !errors.As(err, &failure) || failure.Reason != apply.ReasonInvalid {
		t.Errorf("error = %v, want %s", err, apply.ReasonInvalid)
	}
	if h.requests.of("DELETE") != 0 || h.get(web).GetUID() != uid {
		t.Error("it was deleted")
	}
}

// What holds data is made anew only where its own manifest says so.
func TestApplyKeepsClaimsUnlessTheyThemselvesAllowIt(t *testing.T) {
	h := newHarness(t)
	claim := func(mode string, annotations string) *unstructured.Unstructured {
		return object(t, "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {"+annotations+"}}, spec: {accessModes: ["+mode+"], resources: {requests: {storage: 1Gi}}}}")
	}
	before := claim("ReadWriteOnce", "")
	h.apply(before)
	uid := h.get(before).GetUID()
	set := h.set(claim("ReadWriteMany", ""))
	set.Force = true
	plan, err := h.applier.Plan(h.ctx(), set)
	if err != nil {
		t.Fatal(err)
	}
	if result := h.applier.Apply(h.ctx(), plan); result.Count(apply.Failed) != 1 || h.get(before).GetUID() != uid {
		t.Fatalf("a claim is %v", actions(result))
	}
	h.applySet(h.set(claim("ReadWriteMany", apply.ForceAnnotation+": enabled")))
	if h.get(before).GetUID() == uid {
		t.Error("a claim that allows it wasn't made anew")
	}
}

// Someone renumbers a port and keeps its name. To apply ours beside it would make two ports of one name, which is
// refused: theirs has to go.
func TestApplyHealsDriftThatBreaksIt(t *testing.T) {
	ports := map[string][2]string{
		"Deployment": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "example.test/web:1", ports: [{name: http, containerPort: 80}]}]}}}}`,
			`[{"op":"replace","path":"/spec/template/spec/containers/0/ports/0/containerPort","value":8080},{"op":"add","path":"/spec/template/metadata/annotations","value":{"theirs":"stays"}}]`,
		},
		"Service": {
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{name: http, port: 80}]}}`,
			`[{"op":"replace","path":"/spec/ports/0/port","value":8080},{"op":"add","path":"/metadata/annotations","value":{"theirs":"stays"}}]`,
		},
	}
	for kind, test := range ports {
		t.Run(kind, func(t *testing.T) {
			h := newHarness(t)
			web := object(t, test[0])
			h.apply(web)
			before := h.get(web)
			h.meddle(web, types.JSONPatchType, test[1], metav1.PatchOptions{FieldManager: "meddler"})
			h.awaitDrift()
			h.apply(web)
			after := h.get(web)
			path := map[string][]string{"Deployment": {"spec", "template", "metadata", "annotations"}, "Service": {"metadata", "annotations"}}[kind]
			theirs, _, _ := unstructured.NestedString(after.Object, append(path, "theirs")...)
			if theirs != "stays" {
				t.Error("what someone else added elsewhere is gone")
			}
			unstructured.RemoveNestedField(after.Object, path...)
			if diff := cmp.Diff(before.Object["spec"], after.Object["spec"]); diff != "" {
				t.Errorf("spec after the heal (-before +healed):\n%s", diff)
			}
			if before.GetUID() != after.GetUID() {
				t.Error("it was made anew")
			}
		})
	}
}
