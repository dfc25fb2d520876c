package health_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/health"
)

// quiet is how long a state must last to be the end of a step.
const quiet = 1500 * time.Millisecond

// image patches the one container.
func image(tag string) string {
	return `{spec: {template: {spec: {containers: [{name: app, image: "example.test/web:` + tag + `"}]}}}}`
}

// workload gives a manifest of apps; more is YAML of its spec.
func workload(kind, tag, more string) string {
	if kind == "StatefulSet" {
		more = "serviceName: web, " + more
	}
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: %s, metadata: {name: web}, spec: {%s selector: {matchLabels: {app: web}},
		template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: "example.test/web:%s"}]}}}}`, kind, more, tag)
}

// step is a patch, and how the object stands when all has settled.
type step struct {
	patch string
	want  health.Status
	quiet time.Duration
}

func TestAgreesWithRolloutStatus(t *testing.T) {
	tests := []struct {
		name   string
		create string
		steps  []step // the first has no patch
	}{
		{"Deployment: bad image and back", workload("Deployment", "1", "replicas: 2,"),
			[]step{{want: health.Current}, {patch: image("bad"), want: health.InProgress}, {patch: image("2"), want: health.Current}}},
		{"Deployment: progress deadline", workload("Deployment", "bad", "replicas: 1, progressDeadlineSeconds: 1,"),
			[]step{{want: health.Failed, quiet: 5 * time.Second}, {patch: image("2"), want: health.Current}}},
		{"Deployment: paused", workload("Deployment", "1", "replicas: 2,"),
			[]step{{want: health.Current}, {patch: "{spec: {paused: true}}", want: health.Current}, {patch: image("2"), want: health.InProgress}, {patch: "{spec: {paused: false}}", want: health.Current}}},
		{"Deployment: paused from the start", workload("Deployment", "1", "replicas: 2, paused: true,"), []step{{want: health.InProgress}}},
		{"Deployment: down to zero and up", workload("Deployment", "1", "replicas: 3,"),
			[]step{{want: health.Current}, {patch: "{spec: {replicas: 0}}", want: health.Current}, {patch: "{spec: {replicas: 2}}", want: health.Current}}},
		{"Deployment: of none", workload("Deployment", "1", "replicas: 0,"), []step{{want: health.Current}, {patch: image("2"), want: health.Current}}},
		{"Deployment: one by one", workload("Deployment", "1", "replicas: 4, minReadySeconds: 1, strategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 0}},"),
			[]step{{want: health.Current, quiet: 3 * time.Second}, {patch: image("2"), want: health.Current, quiet: 3 * time.Second}}},
		{"Deployment: recreated", workload("Deployment", "1", "replicas: 2, strategy: {type: Recreate},"), []step{{want: health.Current}, {patch: image("2"), want: health.Current}}},
		{"StatefulSet: update and scale", workload("StatefulSet", "1", "replicas: 3,"),
			[]step{{want: health.Current}, {patch: image("2"), want: health.Current}, {patch: "{spec: {replicas: 1}}", want: health.Current}, {patch: "{spec: {replicas: 0}}", want: health.Current}}},
		{"StatefulSet: bad image", workload("StatefulSet", "1", "replicas: 2,"), []step{{want: health.Current}, {patch: image("bad"), want: health.InProgress}}},
		{"StatefulSet: partition", workload("StatefulSet", "1", "replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}},"),
			[]step{{want: health.Current}, {patch: image("2"), want: health.Current}, {patch: "{spec: {updateStrategy: {rollingUpdate: {partition: 0}}}}", want: health.Current}}},
		{"StatefulSet: by hand", workload("StatefulSet", "1", "replicas: 2, updateStrategy: {type: OnDelete},"), []step{{want: health.Current}, {patch: image("2"), want: health.Current}}},
		{"DaemonSet: bad image and back", workload("DaemonSet", "1", ""), []step{{want: health.Current}, {patch: image("bad"), want: health.InProgress}, {patch: image("2"), want: health.Current}}},
		// Without minReadySeconds: the controller looked again after those in nine rollouts of ten only.
		{"DaemonSet: with a surge", workload("DaemonSet", "1", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},"),
			[]step{{want: health.Current}, {patch: image("2"), want: health.Current}}},
		{"DaemonSet: for no node", workload("DaemonSet", "1", ""), []step{{want: health.Current}, {patch: "{spec: {template: {spec: {nodeSelector: {no: node}}}}}", want: health.Current}}},
		{"DaemonSet: by hand", workload("DaemonSet", "1", "updateStrategy: {type: OnDelete},"), []step{{want: health.Current}, {patch: image("2"), want: health.Current}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			object := read(t, test.create)
			film := s.follow(object)
			s.create(object)
			ends := make([]int, 0, len(test.steps))
			for _, step := range test.steps {
				if step.patch != "" {
					s.patch(object, step.patch)
				}
				film.settle(s, step.want, max(quiet, step.quiet))
				ends = append(ends, len(film.states)-1)
			}
			s.compare(film, ends)
		})
	}
}

// compare asks kubectl about each state.
func (s *stage) compare(film *film, ends []int) {
	s.Helper()
	_, path := s.resource(film.states[0])
	frozen := newFrozen(s, s.cluster)
	asked, stricter := 0, 0
	for i, state := range film.states {
		ours := health.Compute(state)
		frozen.show(path, state)
		said, ok := frozen.ask(s, "rollout", "status", "--watch=false", "-n", s.namespace, strings.ToLower(state.GetKind())+"/"+state.GetName())
		theirs, known := verdict(said, ok)
		if !known {
			continue // kubectl says that it can't tell
		}
		asked++
		switch {
		case ours.Status == theirs:
		case theirs == health.Current && ours.Status == health.InProgress && passing(ours, state) && !slices.Contains(ends, i):
			stricter++
		default:
			s.Errorf("state %d of %d: kubectl: %s (%q), ours: %s\nstatus: %v", i, len(film.states), theirs, said, ours, state.Object["status"])
		}
	}
	s.Logf("%d states, of which kubectl judged %d; in %d of them we wait a moment longer", len(film.states), asked, stricter)
}

// passing knows the states in which Towline waits although kubectl doesn't: Pods of before are still ending, or the
// controller hasn't said yet that it is done. They pass by themselves; no step ends in one.
func passing(ours health.Health, state *unstructured.Unstructured) bool {
	switch ours.Reason {
	case "ExtraPods", "ReplicaSetNotAvailable", "DeploymentNotAvailable", "LessReady":
		return true
	case "RevisionMismatch":
		return state.GetKind() == "StatefulSet"
	}
	return false
}

// verdict reads what kubectl rollout status says; it is unknown where kubectl refuses to judge.
func verdict(said string, ok bool) (health.Status, bool) {
	switch {
	case ok && strings.HasPrefix(said, "Waiting for"):
		return health.InProgress, true
	case ok && (strings.Contains(said, "successfully rolled out") || strings.Contains(said, "rolling update complete") || strings.Contains(said, "roll out complete")):
		return health.Current, true
	case !ok && strings.Contains(said, "exceeded its progress deadline"):
		return health.Failed, true
	case !ok && strings.Contains(said, "only available for RollingUpdate"):
		return "", false
	}
	return health.Unknown, true
}
