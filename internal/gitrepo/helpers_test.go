package gitrepo_test

import (
	"context"
	"time"
)

// noSleep makes the retry rule's waits take no time.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
