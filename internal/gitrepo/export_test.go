package gitrepo

import (
	"context"
	"time"
)

// Lingering is lingering, for tests in which time is played.
func Lingering(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	return lingering(ctx, grace)
}
