// Package reconciler_test holds the reconciler to a real control plane: sync_* the whole of
// it, apply_*, drift_*, health_* and inventory_* its parts.
package reconciler_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// TestMain gives the libraries a logger, as the program does: they look at it from
// the first request on.
func TestMain(m *testing.M) {
	reconciler.AdoptLogs(slog.New(slog.NewTextHandler(&libraryLog, nil)))
	os.Exit(testbed.Main(m))
}

// libraryLog is what the libraries log.
var libraryLog testbed.Log //nolint:gochecknoglobals // their logger is the process's
