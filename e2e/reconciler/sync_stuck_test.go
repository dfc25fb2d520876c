package reconciler_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncWhoseSecretCameBack holds that a Sync is ready again once its credentials
// can be read again, without a new commit.
func TestSyncWhoseSecretCameBack(t *testing.T) {
	var ahead atomic.Int64
	s := newSyncs(t, func(c *reconciler.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	s.git.RequireAuth("user", "password")
	secret := func() *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "git"},
			StringData: map[string]string{"username": "user", "password": "password"},
		}
	}
	s.must(s.client.Create(s.ctx(), secret()))
	revision := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Source.SecretRef = &v1.SecretReference{Name: "git"} })
	s.awaitReady("app", revision)
	s.must(s.client.Delete(s.ctx(), secret()))
	ahead.Store(int64(time.Hour)) // what was read of it is too old to be used
	s.annotate("example.com/look", "again")
	s.awaitReason("app", v1.ReasonAuthentication)
	s.must(s.client.Create(s.ctx(), secret()))
	s.awaitReady("app", revision)
}

// neverReady waits until want holds, and notes a state before that is Ready and
// speaks of the newest generation.
func (s *syncs) neverReady(what string, want func(*v1.Sync) bool) {
	s.Helper()
	s.awaitSync("app", what, func(y *v1.Sync) bool {
		if y.Status.ObservedGeneration == y.Generation && meta.IsStatusConditionTrue(y.Status.Conditions, v1.ConditionReady) {
			s.Errorf("ready at generation %d before: %s", y.Generation, what)
			return true
		}
		return want(y)
	})
}

// TestSyncChangedWhileDown holds that another folder of the same revision isn't
// called ready before it is healthy.
func TestSyncChangedWhileDown(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "bad/web.yaml": web("example.com/web:bad")})
	s.stop()
	s.patchSync(`{"spec":{"source":{"path":"bad"}}}`)
	s.start()
	s.neverReady("its image can't be pulled", func(y *v1.Sync) bool {
		c := meta.FindStatusCondition(y.Status.Conditions, v1.ConditionReady)
		return c != nil && c.Reason == v1.ReasonHealthFailed
	})
}

// TestSyncMovedElsewhere holds that a Sync isn't ready for a source of which
// nothing is known yet.
func TestSyncMovedElsewhere(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	release := make(chan struct{})
	s.git.Fault(gitrepotest.Hang(release))
	t.Cleanup(func() { close(release) })
	s.patchSync(`{"spec":{"source":{"branch":"other"}}}`)
	s.neverReady("the new source is asked", func(y *v1.Sync) bool {
		return y.Status.ObservedGeneration == y.Generation
	})
}

// TestSyncWhoseMirrorIsLost holds that what was fetched is fetched again.
func TestSyncWhoseMirrorIsLost(t *testing.T) {
	s := newSyncs(t)
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	folders, err := filepath.Glob(filepath.Join(s.config.CacheDir, "*"))
	s.must(err)
	for _, folder := range folders {
		s.must(os.RemoveAll(folder))
	}
	s.annotate(v1.AnnotationRequestedAt, "now")
	s.awaitSync("app", "applied again", func(y *v1.Sync) bool {
		return y.Status.LastHandledReconcileAt == "now" && meta.IsStatusConditionTrue(y.Status.Conditions, v1.ConditionReady)
	})
	s.awaitReady("app", got.Status.LastAppliedRevision)
}

// TestSyncOfANameThatWasLetGo holds that a Sync doesn't prune what another of its
// name was told to leave. Nothing collects garbage here, so the old inventory stands.
func TestSyncOfANameThatWasLetGo(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "other/b.yaml": manifest("b", "1")})
	sync := s.newSync("app", func(y *v1.Sync) { y.Spec.Prune = false })
	s.awaitReady("app", first)
	s.must(s.client.Delete(s.ctx(), sync))
	s.awaitGone(syncResource(), "app")
	s.newSync("app", path("other"))
	s.awaitReady("app", first)
	if !s.there("a") {
		t.Error("a was left by the first Sync, and pruned by the second")
	}
}

// TestSyncOfADeletedNamespace holds that a namespace can be deleted with the Sync,
// its ServiceAccount and its inventory in it.
func TestSyncOfADeletedNamespace(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/web.yaml": web("example.com/web:1")})
	s.must(s.client.Delete(s.ctx(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}))
	s.awaitGone(syncResource(), "app")
}

// TestSyncTellsNoSecret holds that the API server's word for a value that doesn't
// fit isn't passed on when the object is a Secret.
func TestSyncTellsNoSecret(t *testing.T) {
	s := newSyncs(t)
	s.commit(map[string]string{"app/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pin: 73519902}\n"})
	s.newSync("app")
	if message := s.awaitReason("app", v1.ReasonFailed); strings.Contains(message, "73519902") || !strings.Contains(message, "core/Secret") {
		t.Errorf("message %q, want the Secret's name and not its value", message)
	}
	if strings.Contains(s.log.String(), "73519902") {
		t.Errorf("a secret stands in the log:\n%s", s.log)
	}
}

// TestSyncToldAfterRestart holds that a commit status which didn't reach the forge
// before the reconciler ended does so afterwards.
func TestSyncToldAfterRestart(t *testing.T) {
	s := newSyncs(t)
	s.forge.setFail(errors.New("the forge is away"))
	got := s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.stop()
	s.forge.setFail(nil)
	s.start()
	s.awaitStatus(got.Status.LastAppliedRevision, reconciler.StateSuccess)
}
