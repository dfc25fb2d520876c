package reconciler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler"
)

// quiet is how long nothing may be written after a start.
const quiet = time.Second

// steps are those that a reconciler tells of.
type steps chan string

func (s steps) note(c *reconciler.Config) {
	c.Step = func(_ types.NamespacedName, step string) { s <- step }
}

func (s steps) drain() {
	for len(s) > 0 {
		<-s
	}
}

// concluded waits for the end of an attempt.
func (s steps) concluded(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case step := <-s:
			if step == "concluded" {
				return
			}
		case <-timer.C:
			t.Fatal("waited in vain for the end of an attempt")
		}
	}
}

// variety are objects of several kinds, in two waves and with a hook.
func variety() map[string]string {
	files := map[string]string{ //nolint:gosec // G101: a Secret that guards nothing
		"app/web.yaml": web("example.com/web:1"), "app/last.yaml": inWave(manifest("last", "1"), 1),
		"app/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n",
		"app/hook.yaml":   hook("pre", "pre-sync", "succeeded"),
	}
	for i := range 5 {
		files[fmt.Sprintf("app/c%d.yaml", i)] = manifest(fmt.Sprintf("c%d", i), "1")
	}
	return files
}

// TestSyncRestartInSilence holds that a start writes nothing where nothing changed, asks
// nothing of single objects, and sees what drifted in the meantime.
func TestSyncRestartInSilence(t *testing.T) {
	asked, done := &requests{}, make(steps, 1000)
	s := newSyncs(t, asked.note, done.note)
	revision := s.commit(variety())
	s.newSync("app")
	s.finish("pre", "Complete", "")
	before := s.awaitReady("app", revision)
	s.stop()
	asked.take()
	done.drain()
	s.start()
	done.concluded(t)
	<-time.After(quiet)
	after := s.awaitReady("app", revision)
	if diff := cmp.Diff(before.Status, after.Status); diff != "" {
		t.Errorf("the status has changed (-before +after):\n%s", diff)
	}
	for _, line := range asked.take() {
		verb, path, _ := strings.Cut(line, " ")
		if strings.Contains(path, "/events") {
			continue
		}
		if verb != "GET" || strings.Contains(path, "/configmaps/c") || strings.Contains(path, "/deployments/web") {
			t.Errorf("the start asked for %s", line)
		}
	}
}

// TestSyncHandOver holds that a replica that takes the Lease over writes nothing but that.
func TestSyncHandOver(t *testing.T) {
	asked, done := &requests{}, make(steps, 1000)
	s := newSyncs(t, asked.note, done.note, func(c *reconciler.Config) { c.LeaderElection, c.LeaderElectionNamespace = true, c.Namespace })
	revision := s.commit(variety())
	s.newSync("app")
	s.finish("pre", "Complete", "")
	s.awaitReady("app", revision)
	stopFirst := s.stop
	asked.take()
	done.drain()
	s.config.CacheDir = t.TempDir()
	s.config.WebhookBind, s.config.MetricsBind = "", ""
	began := time.Now()
	s.start()
	stopFirst()
	done.concluded(t)
	<-time.After(quiet)
	t.Logf("handed over after %s", time.Since(began))
	if got := asked.writes(); len(got) > 0 {
		t.Errorf("the hand-over wrote:\n%s", strings.Join(got, "\n"))
	}
	second := s.commit(map[string]string{"app/c0.yaml": manifest("c0", "2"), "app/last.yaml": inWave(manifest("last", "2"), 1)}, "app/hook.yaml")
	s.awaitReady("app", second)
	s.await(configMapResource(), s.namespace, "last", "the new value", func(o *unstructured.Unstructured) bool {
		got, _, _ := unstructured.NestedString(o.Object, "data", "key")
		return got == "2"
	})
}
