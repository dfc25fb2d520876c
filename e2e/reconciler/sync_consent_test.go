package reconciler_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncOfRewrittenHistory holds that what a history says that doesn't hold the last
// applied commit is applied, and that nothing is deleted for it without consent: a branch
// that was pushed over, and a repository that was replaced by another.
func TestSyncOfRewrittenHistory(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rewrite func(*syncs)
	}{
		{"force push", func(s *syncs) {
			s.git.Git("deploy", "update-ref", "refs/heads/main", "refs/heads/before")
		}},
		{"another repository", func(s *syncs) {
			s.git.Remove("deploy")
			s.git.Create("deploy")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSyncs(t)
			s.commit(map[string]string{"app/a.yaml": manifest("a", "0")})
			s.git.Git("deploy", "branch", "before", "main")
			s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1")})
			tt.rewrite(s)
			s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
			message := s.awaitReason("app", v1.ReasonHistoryRewritten)
			s.awaitConfigMap("a", "2")
			if !s.there("b") {
				t.Fatal("deleted without consent")
			}
			// A later commit of that history changes nothing about it.
			third := s.commit(map[string]string{"app/a.yaml": manifest("a", "3")})
			s.awaitConfigMap("a", "3")
			if !s.there("b") {
				t.Fatal("deleted without consent, by a second commit")
			}
			_, consent, ok := strings.Cut(message, v1.AnnotationConsent+"=")
			if !ok {
				t.Fatalf("message has no consent to copy: %s", message)
			}
			s.annotate(v1.AnnotationConsent, consent)
			s.awaitReady("app", third)
			s.awaitGone(configMapResource(), "b")
		})
	}
}

// TestSyncOfAnotherBranch holds that a person who has a Sync follow another branch needn't
// consent once more.
func TestSyncOfAnotherBranch(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/a.yaml": manifest("a", "0")})
	s.git.Git("deploy", "branch", "release", "main")
	s.awaitReadyAfter(map[string]string{"app/b.yaml": manifest("b", "1")})
	s.git.Commit("deploy", gitrepotest.Commit{Branch: "release", Files: map[string]string{"app/a.yaml": manifest("a", "release")}})
	s.patchSync(`{"spec":{"source":{"branch":"release"}}}`)
	s.awaitConfigMap("a", "release")
	s.awaitGone(configMapResource(), "b")
}

// TestSyncSeesItsVariables holds that a change of a ConfigMap that gives variables is seen,
// and that what is missing is said and mended.
func TestSyncSeesItsVariables(t *testing.T) {
	s := newSyncs(t)
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "${COLOUR}")})
	s.newSync("app", func(y *v1.Sync) {
		y.Spec.Substitute = &v1.Substitute{From: []v1.SubstituteReference{{Kind: "ConfigMap", Name: "vars"}, {Kind: "Secret", Name: "more", Optional: true}}}
	})
	if message := s.awaitReason("app", v1.ReasonInputFailed); !strings.Contains(message, `vars`) {
		t.Errorf("message %q, want the ConfigMap's name", message)
	}
	vars := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "vars"}, Data: map[string]string{"COLOUR": "green"}}
	s.must(s.client.Create(s.ctx(), vars))
	s.awaitReady("app", revision)
	s.awaitConfigMap("a", "green")
	vars.Data["COLOUR"] = "blue"
	s.must(s.client.Update(s.ctx(), vars))
	s.awaitConfigMap("a", "blue")
	s.must(s.client.Create(s.ctx(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "more"}, StringData: map[string]string{"COLOUR": "red"}}))
	s.awaitConfigMap("a", "red")
	s.awaitReady("app", revision)
}

// TestSyncDeletionPolicy holds that the policy wins over prune.
func TestSyncDeletionPolicy(t *testing.T) {
	for _, tt := range []struct {
		name   string
		prune  bool
		policy v1.DeletionPolicy
		there  bool
	}{
		{"orphan", true, v1.DeletionOrphan, true},
		{"delete", false, v1.DeletionDelete, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSyncs(t)
			revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
			sync := s.newSync("app", func(y *v1.Sync) { y.Spec.Prune, y.Spec.DeletionPolicy = tt.prune, tt.policy })
			s.awaitReady("app", revision)
			s.must(s.client.Delete(s.ctx(), sync))
			s.awaitGone(syncResource(), "app")
			if got := s.there("a"); got != tt.there {
				t.Errorf("the object is there: %t, want %t", got, tt.there)
			}
		})
	}
}

// TestSyncInvalidSpec holds that a rule which can't be understood is said, and mended by
// another.
func TestSyncInvalidSpec(t *testing.T) {
	s := newSyncs(t)
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) {
		y.Spec.HealthCheckExprs = []v1.HealthCheckExpr{{APIVersion: "example.com/v1", Kind: "X", Current: "status.ready ="}}
	})
	if message := s.awaitReason("app", v1.ReasonInvalidSpec); !strings.Contains(message, "healthCheckExprs[0].current") {
		t.Errorf("message %q, want the place", message)
	}
	s.patchSync(`{"spec":{"healthCheckExprs":[]}}`)
	s.awaitReady("app", revision)
}

// TestSyncRightsTakenAway holds that a Sync whose ServiceAccount loses its rights says so,
// loses nothing, and goes on by itself when it has them again.
func TestSyncRightsTakenAway(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/old.yaml": manifest("old", "1")})
	binding := s.binding()
	s.must(s.client.Delete(s.ctx(), binding))
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/old.yaml")
	if message := s.awaitReason("app", v1.ReasonFailed); !strings.Contains(message, "forbidden") {
		t.Errorf("message %q, want that it is forbidden", message)
	}
	if !s.there("old") {
		t.Error("pruned although the apply failed")
	}
	binding.ResourceVersion, binding.UID = "", ""
	s.must(s.client.Create(s.ctx(), binding))
	s.awaitReady("app", second)
	s.awaitGone(configMapResource(), "old")
}

// TestSyncAbandoned holds that a Sync which can't delete what it owns is let go by
// annotation, says what it leaves, and leaves it to another of its name.
func TestSyncAbandoned(t *testing.T) {
	s := newSyncs(t)
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.must(s.client.Delete(s.ctx(), s.binding()))
	s.must(s.client.Delete(s.ctx(), got))
	s.awaitReason("app", v1.ReasonPruneFailed)
	s.annotate(v1.AnnotationAbandon, "true")
	s.awaitGone(syncResource(), "app")
	s.awaitEvent(v1.ReasonAbandoned, "core/ConfigMap/"+s.namespace+"/a")
	s.await(configMapResource(), s.namespace, "a", "being left", func(o *unstructured.Unstructured) bool { return o != nil })
}

// TestSyncUnhurried holds that the status of a Sync which a commit doesn't change follows
// that commit all the same.
func TestSyncUnhurried(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	started := time.Now()
	got := s.awaitReady("app", s.commit(map[string]string{"other.txt": "1"}))
	t.Logf("written down after %s", time.Since(started))
	if !meta.IsStatusConditionTrue(got.Status.Conditions, v1.ConditionHealthy) {
		t.Error("not Healthy any more")
	}
}

// binding gives what the ServiceAccount has its rights by.
func (s *syncs) binding() *rbacv1.RoleBinding {
	s.Helper()
	var binding rbacv1.RoleBinding
	s.must(s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: "deployer"}, &binding))
	return &binding
}
