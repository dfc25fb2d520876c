package reconciler_test

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// hearing tells when something is written that has a word in it.
type hearing struct {
	io.Writer
	word  string
	heard chan struct{}
	once  sync.Once
}

// Write implements io.Writer.
func (h *hearing) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(h.word)) {
		h.once.Do(func() { close(h.heard) })
	}
	return h.Writer.Write(p)
}

func (h *hearing) await(t *testing.T) {
	t.Helper()
	select {
	case <-h.heard:
	case <-time.After(patience):
		t.Fatalf("the log never speaks of %q", h.word)
	}
}

// TestStartBeforeSyncsAreServed has the reconciler started before the cluster knows of
// Syncs, as when all is installed at once.
func TestStartBeforeSyncsAreServed(t *testing.T) {
	cluster := testbed.OwnKube(t)
	s := &syncs{TB: t, cluster: cluster, log: &testbed.Log{}}
	working := &hearing{Writer: s.log, word: "Starting workers", heard: make(chan struct{})}
	waiting := &hearing{Writer: working, word: "waiting for the cluster to serve Syncs", heard: make(chan struct{})}
	s.config = reconciler.Config{
		REST: rest.CopyConfig(cluster.Config), CacheDir: t.TempDir(), Builder: builders(), Log: slog.New(slog.NewTextHandler(waiting, nil)),
	}
	s.start()
	waiting.await(t)
	cluster.InstallSyncs(t)
	working.await(t)
}
