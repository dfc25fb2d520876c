package health_test

import (
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/health"
)

// TestRightsThatAreMissingAreNamed waits without the right to watch, which is then given.
func TestRightsThatAreMissingAreNamed(t *testing.T) {
	s := newStage(t)
	config := rest.CopyConfig(s.cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "somebody-" + s.namespace, Groups: []string{"system:authenticated"}}
	waiter, err := health.NewWaiter(health.Config{REST: config})
	if err != nil {
		t.Fatal(err)
	}
	set := "set-" + s.namespace
	targets := s.make(set, s.read(workload("Deployment", "1", "replicas: 1,")))
	role := s.read(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: NAMESPACE}, rules: [{apiGroups: [apps], resources: [deployments], verbs: [list, watch]}]}`)
	binding := s.read(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: NAMESPACE},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NAMESPACE}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody-NAMESPACE}]}`)
	said := false
	report, err := waiter.Wait(s.ctx(), health.Request{Set: set, Targets: targets, Progress: func(r health.Report) {
		one := r.Objects[0]
		if said || one.Status != health.InProgress || one.Reason != "Forbidden" || !strings.Contains(one.Message, "it can't be watched: deployments.apps is forbidden") {
			return
		}
		said = true
		s.deleteAfter(s.create(role))
		s.deleteAfter(s.create(binding))
	}})
	if err != nil || !report.Healthy() || !said {
		t.Errorf("waiting: %v, %s; the missing right was named: %t", err, report.Summary(), said)
	}
}
