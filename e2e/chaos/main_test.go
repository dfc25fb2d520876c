package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// TestMain makes the test binary a replica of its own where the environment says so.
func TestMain(m *testing.M) {
	log := slog.New(slog.DiscardHandler)
	reconciler.AdoptLogs(log)
	if os.Getenv(replicaEnv) != "" {
		if err := replicate(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// These tests mostly wait for something: they needn't share out the processors.
	if err := flag.Set("test.parallel", "7"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testbed.Main(m))
}
