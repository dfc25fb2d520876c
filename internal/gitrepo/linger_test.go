package gitrepo_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
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

// The same over SSH, where one context bounds the whole session. The hook says when it
// runs, and waits until the caller was told to stop.
func TestSSHPushOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	repo := open(t, r.url, r.as())
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"a": []byte("2")}})
	if err != nil {
		t.Fatal(err)
	}
	r.git.Hook("deploy", "pre-receive", "echo > running; read told < told; cat > /dev/null")
	runs, told := filepath.Join(r.git.Dir("deploy"), "running"), filepath.Join(r.git.Dir("deploy"), "told")
	for _, pipe := range []string{runs, told} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pushed := make(chan error, 1)
	go func() {
		pushed <- repo.Push(ctx, gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
	}()
	if _, err := os.ReadFile(runs); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := os.WriteFile(told, []byte("stop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-pushed; err != nil {
		t.Errorf("got %v, want none", err)
	}
	if got := r.git.Head("deploy", "main"); got != string(made) {
		t.Errorf("main is at %s, want %s", got, made)
	}
}

func TestLingering(t *testing.T) {
	t.Parallel()
	cancelled := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Minute, cancel)
		return ctx, cancel
	}
	tests := []struct {
		name   string
		begun  bool
		end    func(context.Context) (context.Context, context.CancelFunc) // of the caller's, after a minute
		lasted time.Duration
		cause  error
	}{
		{"cancelled", true, cancelled, time.Minute + 15*time.Second, context.Canceled},
		{"cancelled before it began", false, cancelled, time.Minute, context.Canceled},
		{"out of time", true, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, time.Minute, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				caller, end := test.end(t.Context())
				defer end()
				ctx, begin, cancel := gitrepo.Lingering(caller, 15*time.Second)
				defer cancel()
				if test.begun {
					begin()
				}
				<-ctx.Done()
				if lasted := time.Since(began); lasted != test.lasted || !errors.Is(context.Cause(ctx), test.cause) {
					t.Errorf("it ended after %s for %v, want %s and %v", lasted, context.Cause(ctx), test.lasted, test.cause)
				}
			})
		})
	}
}
