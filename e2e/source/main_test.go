// Package source holds a reconciler to what its repositories do: how they are reached and
// signed in to, what is followed of them, whose signatures count, and what becomes of the
// cluster when they are lost.
package source_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// TestMain gives the libraries a logger, as the program does.
func TestMain(m *testing.M) {
	reconciler.AdoptLogs(slog.New(slog.DiscardHandler))
	os.Exit(testbed.Main(m))
}
