package reconciler_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncOfBadRepositoryPrunesNothing goes through what a repository can do to
// itself. Whatever it is, what is applied stays, the condition says what is wrong,
// and a mend is picked up.
func TestSyncOfBadRepositoryPrunesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		harm   func(*syncs)
		reason string
		want   string // in the message
		stalls bool
	}{
		{"empty", func(s *syncs) {
			s.commit(map[string]string{"app/README.md": "nothing"}, "app/a.yaml")
		}, v1.ReasonEmptyRender, "no objects", true},
		{"path gone", func(s *syncs) {
			s.commit(map[string]string{"README.md": "nothing"}, "app/a.yaml")
		}, v1.ReasonBuildFailed, "app: file does not exist", true},
		{"syntax", func(s *syncs) {
			s.commit(map[string]string{"app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"})
		}, v1.ReasonBuildFailed, "app/a.yaml:", true},
		{"remote base", func(s *syncs) {
			s.commit(map[string]string{"app/kustomization.yaml": "resources: [a.yaml, 'https://127.0.0.1:1/x']\n"})
		}, v1.ReasonBuildFailed, "app/kustomization.yaml:1:", true},
		{"symlink out", func(s *syncs) {
			s.git.Commit("deploy", gitrepotest.Commit{
				Files: map[string]string{"app/b.yaml": "../../../etc/passwd"}, Modes: map[string]string{"app/b.yaml": "120000"},
			})
		}, v1.ReasonBuildFailed, "app/b.yaml", true},
		{"branch gone", func(s *syncs) {
			s.git.Git("deploy", "branch", "-m", "main", "elsewhere")
		}, v1.ReasonGitFailed, "branch", false},
		{"repository gone", func(s *syncs) { s.git.Remove("deploy") }, v1.ReasonGitFailed, "", false},
		{"credentials", func(s *syncs) { s.git.RequireAuth("user", "password") }, v1.ReasonAuthentication, "not authorized", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSyncs(t)
			s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
			tt.harm(s)
			message := s.awaitReason("app", tt.reason)
			if !strings.Contains(message, tt.want) {
				t.Errorf("message %q, want one with %q", message, tt.want)
			}
			got := s.awaitSync("app", "being there", func(*v1.Sync) bool { return true })
			if stalled := meta.IsStatusConditionTrue(got.Status.Conditions, v1.ConditionStalled); stalled != tt.stalls {
				t.Errorf("Stalled is %t, want %t", stalled, tt.stalls)
			}
			if !s.there("a") {
				t.Error("the object was pruned")
			}
			if !tt.stalls {
				return
			}
			s.awaitReady("app", s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/kustomization.yaml", "app/b.yaml"))
		})
	}
}

// TestSyncOfEmptyRepository holds that a repository without a commit is waited for.
func TestSyncOfEmptyRepository(t *testing.T) {
	s := newSyncs(t)
	s.newSync("app")
	if got := s.awaitReason("app", v1.ReasonGitFailed); !strings.Contains(got, "empty") {
		t.Errorf("message %q", got)
	}
	s.awaitReady("app", s.commit(map[string]string{"app/a.yaml": manifest("a", "1")}))
}

func TestSyncOfBadImage(t *testing.T) {
	s := newSyncs(t)
	good := s.commit(map[string]string{"app/web.yaml": web("example.com/web:1.0.0")})
	s.newSync("app")
	s.awaitReady("app", good)
	bad := s.commit(map[string]string{"app/web.yaml": web("example.com/web:bad")})
	message := s.awaitReason("app", v1.ReasonHealthFailed)
	if !strings.Contains(message, "ImagePullBackOff") || !strings.Contains(message, "/web") {
		t.Errorf("message %q, want the Pod's reason and the Deployment", message)
	}
	got := s.awaitSync("app", "being there", func(*v1.Sync) bool { return true })
	healthy := meta.FindStatusCondition(got.Status.Conditions, v1.ConditionHealthy)
	if healthy == nil || healthy.Status != metav1.ConditionFalse || healthy.Reason != "ImagePullBackOff" {
		t.Errorf("Healthy is %+v, want False for ImagePullBackOff", healthy)
	}
	if status := s.awaitStatus(bad, reconciler.StateFailure); !strings.Contains(status, "ImagePullBackOff") {
		t.Errorf("commit status %q, want the Pod's reason", status)
	}
	// A newer revision pre-empts the wait.
	mended := s.commit(map[string]string{"app/web.yaml": web("example.com/web:1.0.1")})
	s.awaitReady("app", mended)
	s.awaitStatus(mended, reconciler.StateSuccess)
}

// TestSyncOneBadObjectHoldsNobodyUp holds that what can be applied is, and that
// nothing is pruned while something can't be.
func TestSyncOneBadObjectHoldsNobodyUp(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/old.yaml": manifest("old", "1")})
	s.commit(map[string]string{
		"app/a.yaml": manifest("a", "2"),
		"app/b.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {ports: [{port: 99999}]}\n",
		"app/c.yaml": "apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: c}\n",
	}, "app/old.yaml")
	message := s.awaitReason("app", v1.ReasonFailed)
	for _, want := range []string{"2 of 3 objects", "99999", "example.com/Unknown"} {
		if !strings.Contains(message, want) {
			t.Errorf("message %q, want one with %q", message, want)
		}
	}
	s.awaitConfigMap("a", "2")
	if !s.there("old") {
		t.Error("pruned although the apply failed")
	}
	s.awaitReady("app", s.commit(nil, "app/b.yaml", "app/c.yaml"))
	s.awaitGone(configMapResource(), "old")
}

func TestSyncWithoutRights(t *testing.T) {
	s := newSyncs(t)
	s.serviceAccount("nobody", "")
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.ServiceAccountName = "nobody" })
	message := s.awaitReason("app", v1.ReasonFailed)
	if !strings.Contains(message, "forbidden") || !strings.Contains(message, "system:serviceaccount:"+s.namespace+":nobody") {
		t.Errorf("message %q, want who was forbidden what", message)
	}
	if s.there("a") {
		t.Error("applied with rights that it doesn't have")
	}
	s.patchSync(`{"spec":{"serviceAccountName":"deployer"}}`)
	s.awaitReady("app", revision)
}

func TestSyncWithoutServiceAccount(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		s := newSyncs(t)
		s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
		s.newSync("app", func(y *v1.Sync) { y.Spec.ServiceAccountName = "" })
		if got := s.awaitReason("app", v1.ReasonImpersonation); !strings.Contains(got, "spec.serviceAccountName is required") {
			t.Errorf("message %q", got)
		}
		if s.there("a") {
			t.Error("applied all the same")
		}
	})
	t.Run("allowed", func(t *testing.T) {
		s := newSyncs(t, func(c *reconciler.Config) { c.AllowNoServiceAccount = true })
		revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
		s.newSync("app", func(y *v1.Sync) { y.Spec.ServiceAccountName = "" })
		s.awaitReady("app", revision)
	})
}

func TestSyncWithCredentials(t *testing.T) {
	s := newSyncs(t)
	s.git.RequireAuth("user", "password")
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Source.SecretRef = &v1.SecretReference{Name: "git"} })
	if got := s.awaitReason("app", v1.ReasonAuthentication); !strings.Contains(got, `"git" not found`) {
		t.Errorf("message %q", got)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "git"}, StringData: map[string]string{"username": "user", "password": "wrong"}}
	s.must(s.client.Create(s.ctx(), secret))
	s.awaitSync("app", "refused by the server", func(y *v1.Sync) bool {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		return c != nil && strings.Contains(c.Message, "not authorized")
	})
	secret.StringData = map[string]string{"password": "password"}
	s.must(s.client.Update(s.ctx(), secret))
	s.awaitReady("app", revision)
	if strings.Contains(s.log.String(), "wrong") {
		t.Error("a password stands in the log")
	}
	// Another Sync without the credentials must not read through the same mirror.
	s.newSync("anonymous", path("app"))
	s.awaitReason("anonymous", v1.ReasonAuthentication)
}

// outage is how long a server is away in these tests: long enough for several
// tries, since the pauses between them are short here.
const outage = 4 * time.Second

func TestSyncWhileGitIsAway(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	before := s.log.Lines()
	s.git.Fault(gitrepotest.Status(1<<30, http.StatusServiceUnavailable, nil))
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	s.awaitReason("app", v1.ReasonGitFailed)
	// Drift is healed all the same.
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}))
	s.awaitConfigMap("a", "1")
	<-time.After(outage)
	if n := s.log.Lines() - before; n > 10 {
		t.Errorf("%d lines were logged during the outage:\n%s", n, s.log)
	}
	s.git.Fault(nil)
	s.awaitReady("app", second)
	s.awaitConfigMap("a", "2")
}

func TestSyncWhileTheForgeIsAway(t *testing.T) {
	s := newSyncs(t)
	s.forge.setFail(errors.New("the forge is away"))
	before := s.log.Lines()
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	<-time.After(outage)
	if n := s.log.Lines() - before; n > 10 {
		t.Errorf("%d lines were logged during the outage:\n%s", n, s.log)
	}
	s.forge.setFail(nil)
	s.awaitStatus(got.Status.LastAppliedRevision, reconciler.StateSuccess)
}

// TestSyncWhileTheAPIServerIsAway has a cluster of its own, which it suspends and
// stops in the middle of a rollout.
func TestSyncWhileTheAPIServerIsAway(t *testing.T) {
	cluster := testbed.OwnKube(t)
	s := newSyncsOn(t, cluster)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/web.yaml": web("example.com/web:1")})
	before := s.log.Lines() + libraryLog.Lines()

	s.must(cluster.Pause())
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2"), "app/web.yaml": web("example.com/web:2"), "app/b.yaml": manifest("b", "1")})
	<-time.After(outage)
	s.must(cluster.Resume())
	s.awaitReady("app", second)
	s.awaitConfigMap("a", "2")

	cluster.Shutdown()
	third := s.commit(map[string]string{"app/a.yaml": manifest("a", "3")}, "app/b.yaml")
	<-time.After(outage)
	s.must(cluster.Restart(t.Context()))
	s.awaitReady("app", third)
	s.awaitConfigMap("a", "3")
	s.awaitGone(configMapResource(), "b")
	if n := s.log.Lines() + libraryLog.Lines() - before; n > 100 {
		t.Errorf("%d lines were logged during the outages:\n%s\n%s", n, s.log, &libraryLog)
	} else {
		t.Logf("%d lines were logged", n)
	}
}

// TestSyncRestart holds that a reconciler that starts anew takes up where the last
// one ended, and that what changed in the meantime is done.
func TestSyncRestart(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1")})
	s.stop()
	s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "a"}}))
	s.start()
	s.awaitConfigMap("a", "1")
	s.stop()
	second := s.commit(nil, "app/b.yaml")
	s.start()
	s.awaitReady("app", second)
	s.awaitGone(configMapResource(), "b")
}

// TestSyncDeletionWithoutRights holds that a Sync whose ServiceAccount lost its
// rights says so and can be let go.
func TestSyncDeletionWithoutRights(t *testing.T) {
	s := newSyncs(t)
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.serviceAccount("nobody", "")
	s.patchSync(`{"spec":{"serviceAccountName":"nobody"}}`)
	s.must(s.client.Delete(s.ctx(), got))
	if message := s.awaitReason("app", v1.ReasonPruneFailed); !strings.Contains(message, v1.AnnotationAbandon) {
		t.Errorf("message %q, want the way out", message)
	}
	s.annotate(v1.AnnotationAbandon, "true")
	s.awaitGone(syncResource(), "app")
	s.await(configMapResource(), s.namespace, "a", "being left", func(o *unstructured.Unstructured) bool { return o != nil })
}
