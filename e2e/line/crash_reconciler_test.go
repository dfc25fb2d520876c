package line_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
)

// TestCrashOfReconciler holds that a reconciler that is killed while it works on a
// merge, and started again, brings the merge to its end and deletes nothing.
func TestCrashOfReconciler(t *testing.T) {
	t.Parallel()
	program := testbed.Towline(t)
	fetch := gitRequest("git-upload-pack")
	status := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/statuses/")
	}
	for _, at := range []struct {
		name string
		moment
	}{
		{"before the fetch is answered", moment{fetch, unserved}},
		{"halfway through the fetch", moment{fetch, halfAnswered}},
		{"before the commit status is taken", moment{status, unserved}},
		{"after the commit status, before the answer", moment{status, served}},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(newLine(t, program), testbed.Kube(t))
			w.follow("hello", "plain")
			w.awaitHealthy("hello")
			w.awaitStatus()
			before := w.identities()
			w.publish("1.1.0")
			w.botOnce("bot")
			w.killReconcilerAt(at.moment, w.merge)
			w.startReconciler()
			w.awaitHealthy("hello")
			w.awaitStatus()
			w.wantMerged(before)
		})
	}
}

// killReconcilerAt does something that makes the reconciler work, and kills it at the
// moment.
func (w *whole) killReconcilerAt(m moment, cause func()) {
	w.Helper()
	dead := make(chan struct{})
	var reached atomic.Bool
	w.onRequest(func(rw http.ResponseWriter, r *http.Request) bool {
		if !m.of(r) || reached.Swap(true) {
			return false
		}
		w.serve(rw, r, m.when)
		w.reconciler.Kill()
		close(dead)
		return true
	})
	defer w.onRequest(nil)
	cause()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-dead:
	case <-timer.C:
		w.Fatal("the moment at which the reconciler was to be killed hasn't come")
	}
}
