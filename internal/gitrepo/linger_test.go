package gitrepo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// A push that the server has begun to take ends well though the caller is told to stop.
func TestPushOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	server, repo, base, made := ready(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server.Fault(func(_ http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
			cancel()
		}
		return false
	})
	if err := repo.Push(ctx, gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if got := server.Head("deploy", "main"); got != string(made) {
		t.Errorf("main is at %s, want %s", got, made)
	}
	if err := repo.Push(ctx, gitrepo.PushRequest{Commit: base, Branch: "next"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a push that begins later ends with %v, want %v", err, context.Canceled)
	}
}

func TestLingering(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		end    func(context.Context) (context.Context, context.CancelFunc) // of the caller's, after a minute
		lasted time.Duration
		cause  error
	}{
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Minute, cancel)
			return ctx, cancel
		}, time.Minute + 15*time.Second, context.Canceled},
		{"out of time", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, time.Minute, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				caller, end := test.end(t.Context())
				defer end()
				ctx, cancel := gitrepo.Lingering(caller, 15*time.Second)
				defer cancel()
				<-ctx.Done()
				if lasted := time.Since(began); lasted != test.lasted || !errors.Is(context.Cause(ctx), test.cause) {
					t.Errorf("it ended after %s for %v, want %s and %v", lasted, context.Cause(ctx), test.lasted, test.cause)
				}
			})
		})
	}
}
