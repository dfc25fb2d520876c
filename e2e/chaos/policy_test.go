package chaos_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestAPolicyDeniesDeletes holds that what may not be deleted stays in the inventory, is
// named with the policy's word, holds nothing else up, and goes once it may.
func TestAPolicyDeniesDeletes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "app/guarded.yaml": manifest("guarded", "1"), "app/plain.yaml": manifest("plain", "1")})
	s.newSync("app")
	s.awaitReady("app", first)
	lift := s.guard("guarded")
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/guarded.yaml", "app/plain.yaml")
	message := s.awaitTrouble("app", v1.ReasonPruneFailed, "guarded", "it is guarded by the test")
	s.wantState("guarded", map[string]string{"a": "2", "guarded": "1"})
	t.Logf("it said: %s", message)
	lift()
	lifted := time.Now()
	s.awaitReady("app", second)
	t.Logf("well after %s", time.Since(lifted).Round(time.Millisecond))
	s.wantState("lifted", map[string]string{"a": "2"})
}

// TestAPolicyDeniesTheDeletionOfASync holds that a Sync which may not delete what it owns
// stays, says so, and goes once it may.
func TestAPolicyDeniesTheDeletionOfASync(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "app/guarded.yaml": manifest("guarded", "1")})
	sync := s.newSync("app")
	s.awaitReady("app", first)
	lift := s.guard("guarded")
	s.must(s.client.Delete(s.ctx(), sync))
	s.awaitTrouble("app", v1.ReasonPruneFailed, "it is guarded by the test", v1.AnnotationAbandon)
	s.wantState("guarded", map[string]string{"guarded": "1"})
	lift()
	s.awaitGone(sync.Name)
	s.wantState("lifted", map[string]string{})
}

// guard has a policy deny the deletion of a ConfigMap, and waits until it holds.
func (s *scene) guard(name string) (lift func()) {
	s.Helper()
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "guard-" + s.namespace},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				ResourceNames: []string{name},
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Delete},
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
				},
			}}},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "it is guarded by the test"}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy.Name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policy.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.namespace}}},
		},
	}
	s.must(s.client.Create(s.ctx(), policy))
	s.must(s.client.Create(s.ctx(), binding))
	lift = func() {
		s.Helper()
		s.must(client.IgnoreNotFound(s.client.Delete(s.ctx(), binding)))
		s.must(client.IgnoreNotFound(s.client.Delete(s.ctx(), policy)))
	}
	s.eventually("the policy holds", func() bool {
		return s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}, client.DryRunAll) != nil
	})
	return lift
}

// TestAQuotaThatIsUsedUp holds that what doesn't fit is named with the quota, that the
// rest is applied, and that nothing is pruned before all is.
func TestAQuotaThatIsUsedUp(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "app/old.yaml": serviceManifest("old")})
	s.newSync("app")
	s.awaitReady("app", first)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "few"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/services": resource.MustParse("1")}},
	}
	s.must(s.client.Create(s.ctx(), quota))
	s.eventually("the quota counts", func() bool {
		s.must(s.client.Get(s.ctx(), client.ObjectKeyFromObject(quota), quota))
		used := quota.Status.Used["count/services"]
		return used.Value() == 1
	})
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2"), "app/more.yaml": serviceManifest("more")}, "app/old.yaml")
	t.Logf("it said: %s", s.awaitTrouble("app", v1.ReasonFailed, "Service/"+s.namespace+"/more", "exceeded quota: few"))
	s.wantState("full", map[string]string{"a": "2"})
	var old corev1.Service
	s.must(s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: "old"}, &old))
	quota.Spec.Hard["count/services"] = resource.MustParse("5")
	s.must(s.client.Update(s.ctx(), quota))
	s.awaitReady("app", second)
	s.must(s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: "more"}, &old))
}

func serviceManifest(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: %s}, spec: {clusterIP: None, ports: [{port: 80}]}}\n", name)
}

func secretManifest(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s}, stringData: {a: a}}\n", name)
}

// slow lets each request wait a little.
func slow(answer http.ResponseWriter, request *http.Request, next http.Handler) {
	<-time.After(100 * time.Millisecond)
	next.ServeHTTP(answer, request)
}

// objects is how many there are in a set whose apply takes a while.
const objects = 60

// many gives so many objects of a value in folder "app".
func many(value string) map[string]string {
	files := map[string]string{}
	for i := range objects {
		files[fmt.Sprintf("app/m%d.yaml", i)] = manifest(fmt.Sprintf("m%d", i), value)
	}
	return files
}

// values gives what [many] makes of the cluster.
func values(value string) map[string]string {
	all := map[string]string{}
	for i := range objects {
		all[fmt.Sprintf("m%d", i)] = value
	}
	return all
}

// TestRightsTakenAwayInTheMiddle takes the rights of the ServiceAccount away, and itself,
// while a set is being applied.
func TestRightsTakenAwayInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	files := many("1")
	files["app/old.yaml"] = manifest("old", "1")
	first := s.commit(files)
	s.newSync("app")
	s.awaitReady("app", first)
	s.proxy.harm(of("apply"), slow)
	second := s.commit(many("2"), "app/old.yaml")
	s.eventually("some are applied", func() bool { return s.proxy.spoiled() > objects/4 })
	s.must(s.client.Delete(s.ctx(), s.binding()))
	s.must(s.client.Delete(s.ctx(), s.account()))
	message := s.awaitTrouble("app", v1.ReasonFailed, "forbidden", "system:serviceaccount:"+s.namespace+":deployer")
	s.proxy.heal()
	t.Logf("it said: %.300s", message)
	found := map[string]int{}
	for _, c := range s.owned() {
		found[c.Data["key"]]++
	}
	if found["1"] == 0 || found["2"] == 0 || found["1"]+found["2"] != objects+1 {
		t.Errorf("the objects are of %v, want some of both, and all", found)
	}
	s.must(s.client.Create(s.ctx(), s.account()))
	s.must(s.client.Create(s.ctx(), s.binding()))
	given := time.Now()
	s.awaitReady("app", second)
	t.Logf("well after %s", time.Since(given).Round(time.Millisecond))
	s.wantState("given back", values("2"))
	if strings.Count(s.log.String(), "\n") > 40 {
		t.Errorf("many words about it:\n%s", s.log)
	}
}
