package gitrepo

import (
	"context"
	"time"
)

// Lingering is lingering, for tests in which time is played.
func Lingering(ctx context.Context, grace time.Duration) (longer context.Context, begin, cancel func()) {
	return lingering(ctx, grace)
}
