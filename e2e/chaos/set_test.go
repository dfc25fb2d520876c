package chaos_test

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/apply"
)

// still is how many objects of a set stay as they are.
const still = 10

func manifest(name, value string, more ...string) string {
	text := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n", name)
	for _, m := range more {
		text += m + "\n"
	}
	return text + fmt.Sprintf("data: {key: %q}\n", value)
}

// set is the n-th form of a set in folder "app": objects that stay as they are, one that
// changes, one that is made anew because it can't be changed, one that is new, one that
// comes in a later wave, a hook before all, an object of a kind that wasn't there so far,
// and in place of what was new before nothing.
func set(n int) (files map[string]string, deletes []string) {
	value := fmt.Sprint(n)
	files = map[string]string{
		"app/changed.yaml":                manifest("changed", value),
		"app/frozen.yaml":                 manifest("frozen", value, `  annotations: {towline.dev/force: enabled}`, "immutable: true"),
		"app/hook.yaml":                   manifest("hook", value, `  annotations: {towline.dev/hook: pre-sync}`),
		"app/late.yaml":                   manifest("late", value, `  annotations: {towline.dev/wave: "1"}`),
		fmt.Sprintf("app/new-%d.yaml", n): manifest(fmt.Sprintf("new-%d", n), value) + "---\n" + visitor(n),
	}
	for i := range still {
		files[fmt.Sprintf("app/still-%d.yaml", i)] = manifest(fmt.Sprintf("still-%d", i), "0")
	}
	if n > 0 {
		deletes = []string{fmt.Sprintf("app/new-%d.yaml", n-1)}
	}
	return files, deletes
}

// wanted is what the cluster holds of the n-th form.
func wanted(n int) map[string]string {
	value := fmt.Sprint(n)
	want := map[string]string{"changed": value, "frozen": value, "hook": value, "late": value, fmt.Sprintf("new-%d", n): value}
	for i := range still {
		want[fmt.Sprintf("still-%d", i)] = "0"
	}
	return want
}

// owned gives the values of all ConfigMaps that belong to a set, by name.
func (s *scene) owned() map[string]corev1.ConfigMap {
	s.Helper()
	var list corev1.ConfigMapList
	s.must(s.client.List(s.ctx(), &list, client.InNamespace(s.namespace), client.HasLabels{apply.PartOfLabel}))
	found := map[string]corev1.ConfigMap{}
	for _, c := range list.Items {
		found[c.Name] = c
	}
	return found
}

func (s *scene) wantState(what string, want map[string]string) {
	s.Helper()
	got := map[string]string{}
	for name, c := range s.owned() {
		got[name] = c.Data["key"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s: the objects (-want +got):\n%s", what, diff)
	}
}

// wantSame holds that objects are still those of before, not ones that were made anew.
func (s *scene) wantSame(what string, before map[string]corev1.ConfigMap, names ...string) {
	s.Helper()
	after := s.owned()
	for _, name := range names {
		if before[name].UID != after[name].UID {
			s.Errorf("%s: %s was deleted meanwhile (UID %q, now %q)", what, name, before[name].UID, after[name].UID)
		}
	}
}

// visitors are objects of one kind each, which the reconciler has to ask for, watch, and
// name on the Sync.
func visitors() []string {
	return []string{
		"{apiVersion: v1, kind: Secret, metadata: {name: visitor}}",
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: visitor}}",
		"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: visitor}, spec: {podSelector: {}}}",
		"{apiVersion: v1, kind: Service, metadata: {name: visitor}, spec: {clusterIP: None, ports: [{port: 80}]}}",
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: visitor}, rules: []}",
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: visitor}, spec: {suspend: true, schedule: '0 0 1 1 *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}}",
		"{apiVersion: v1, kind: PodTemplate, metadata: {name: visitor}, template: {spec: {containers: [{name: a, image: a}]}}}",
		"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: visitor}, addressType: IPv4, endpoints: []}",
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: visitor}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: visitor}}",
		"{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: visitor}, data: {}, revision: 1}",
		"{apiVersion: v1, kind: LimitRange, metadata: {name: visitor}, spec: {limits: [{type: Pod, max: {cpu: '64'}}]}}",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: visitor}, spec: {replicas: 0, selector: {matchLabels: {a: a}}, template: {metadata: {labels: {a: a}}, spec: {containers: [{name: a, image: a}]}}}}",
		"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: visitor}, spec: {replicas: 0, serviceName: a, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}}",
	}
}

func visitor(n int) string {
	all := visitors()
	return all[n%len(all)] + "\n"
}

// wantVisitor holds that of all visitors just the n-th is there.
func (s *scene) wantVisitor(what string, n int) {
	s.Helper()
	for i := range visitors() {
		object := &unstructured.Unstructured{}
		s.must(yaml.Unmarshal([]byte(visitor(i)), &object.Object))
		err := s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: object.GetName()}, object)
		if client.IgnoreNotFound(err) != nil {
			s.Fatal(err)
		}
		if there, want := err == nil && object.GetDeletionTimestamp() == nil, i == n%len(visitors()); there != want {
			s.Errorf("%s: the %s is there: %t, want %t", what, object.GetKind(), there, want)
		}
	}
}
