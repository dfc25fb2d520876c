package crash_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

func TestMain(m *testing.M) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	reconciler.AdoptLogs(log)
	if os.Getenv(orderEnv) != "" {
		if err := live(context.Background(), log); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(testbed.Main(m))
}
