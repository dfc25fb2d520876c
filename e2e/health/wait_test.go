package health_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/health"
)

// TestAgreesWithWait holds Jobs, PersistentVolumeClaims and CustomResourceDefinitions against kubectl wait for the
// condition that their documentation names: Current is what it waits for, and Failed what else it may come to.
func TestAgreesWithWait(t *testing.T) {
	const (
		complete, failed = "condition=Complete", "condition=Failed"
		bound            = "jsonpath={.status.phase}=Bound"
		established      = "condition=Established"
	)
	job := func(tag, more string) string {
		return `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {` + more + ` template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/job:` + tag + `"}]}}}}`
	}
	tests := []struct {
		name    string
		create  string
		before  []string // made first
		current string   // what kubectl waits for
		failed  string   // the same, or "" where kubectl has no word for it
		want    health.Status
		quiet   time.Duration
	}{
		{name: "Job", create: job("1", "completions: 3, parallelism: 1,"), current: complete, failed: failed, want: health.Current},
		{name: "Job out of time", create: job("bad", "activeDeadlineSeconds: 1,"), current: complete, failed: failed, want: health.Failed, quiet: 4 * time.Second},
		{name: "Job that waits", create: job("bad", ""), current: complete, failed: failed, want: health.InProgress},
		{name: "claim of a volume", current: bound, want: health.Current,
			before: []string{`{apiVersion: v1, kind: PersistentVolume, metadata: {name: NAMESPACE}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
				storageClassName: NAMESPACE, claimRef: {namespace: NAMESPACE, name: web}, hostPath: {path: /nowhere}}}`},
			create: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web}, spec: {storageClassName: NAMESPACE, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`},
		{name: "claim of no volume", current: bound, want: health.InProgress,
			create: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web}, spec: {storageClassName: NAMESPACE, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`},
		{name: "kind", current: established, want: health.Current, create: definition("NAMESPACEs", "A")},
		{name: "kind whose name is taken", current: established, want: health.Failed, before: []string{definition("NAMESPACEs", "A")}, create: definition("NAMESPACEx", "A")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for _, manifest := range test.before {
				s.deleteAfter(s.create(s.read(manifest)))
			}
			object := s.read(test.create)
			film := s.follow(object)
			s.deleteAfter(s.create(object))
			film.settle(s, test.want, max(quiet, test.quiet))
			frozen, met := newFrozen(t, s.cluster), 0
			_, path := s.resource(object)
			for i, state := range film.states {
				frozen.show(path, state)
				ours := health.Compute(state).Status
				for _, one := range []struct {
					means health.Status
					wait  string
				}{{health.Current, test.current}, {health.Failed, test.failed}} {
					if one.wait == "" {
						continue
					}
					said, ok := frozen.ask(t, "wait", "--timeout=0", "-n", s.namespace, "--for="+one.wait, kindArgument(state)+"/"+state.GetName())
					if ok != (ours == one.means) {
						t.Errorf("state %d: ours is %s, and kubectl wait --for=%s: %t (%q)\nstatus: %v", i, ours, one.wait, ok, said, state.Object["status"])
					}
					met++
				}
			}
			t.Logf("%d states, %d times asked", len(film.states), met)
		})
	}
}

func kindArgument(object *unstructured.Unstructured) string {
	return map[string]string{"Job": "job", "PersistentVolumeClaim": "pvc", "CustomResourceDefinition": "crd"}[object.GetKind()]
}

// definition gives a CustomResourceDefinition of the group of the test.
func definition(plural, kind string) string {
	return `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: ` + plural + `.NAMESPACE.example.test},
		spec: {group: NAMESPACE.example.test, scope: Namespaced, names: {plural: ` + plural + `, kind: ` + kind + `},
		versions: [{name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`
}
