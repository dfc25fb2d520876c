package gitrepo_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
)

// script is a command that sshd runs in place of what is asked for. The shell reads it:
// a file can't be run while a process that another test begins has it open for writing.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "command")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "exec /bin/sh " + path
}

func TestSSHRemoteCommands(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script    string
		want      error // nil with says: of no kind
		says      string
		temporary bool
	}{
		"GitHub: missing":     {`echo 'ERROR: Repository not found.' >&2; exit 1`, gitrepo.ErrRepositoryNotFound, "status 1: ERROR", false},
		"Gitea: missing":      {`echo 'Gitea: Repository does not exist or you do not have access' >&2; exit 1`, gitrepo.ErrRepositoryNotFound, "", false},
		"Git's own line":      {`printf '0023ERR access denied to that repo\n'; exit 0`, gitrepo.ErrAuth, "the remote says", false},
		"GitHub: may not":     {`echo 'ERROR: Permission to a/b.git denied to deploy key' >&2; exit 1`, gitrepo.ErrAuth, "", false},
		"out of order":        {`echo 'Internal Server Error' >&2; exit 1`, gitrepo.ErrUnavailable, "", true},
		"killed":              {`kill -9 $$`, gitrepo.ErrUnavailable, "KILL", true},
		"no Git there":        {`exit 127`, nil, "status 127", false},
		"says nothing":        {`exit 0`, nil, "", false},
		"a shell's greeting":  {`echo Welcome to the machine; exit 0`, nil, "", false},
		"control characters":  {`printf 'not authorized \033[2J\n\033]0;x\a' >&2; exit 1`, gitrepo.ErrAuth, "", false},
		"endless complaining": {`yes 'not authorized' | head -c 30000000 >&2; exit 1`, gitrepo.ErrAuth, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := overSSH(t, sshd.Options{Command: script(t, test.script)})
			_, err := open(t, r.url, r.as()).Fetch(t.Context(), "main")
			var failed *gitrepo.Error
			if !errors.As(err, &failed) || failed.Temporary() != test.temporary || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %v, temporary: %t", err, test.want, test.temporary)
			}
			if len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\x1b\a\n") {
				t.Errorf("the error is %q", err)
			}
		})
	}
}

func TestSSHEndlessReferences(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{Command: script(t, `line='1111111111111111111111111111111111111111 refs/heads/aaaaaaaaa'
printf '0043%s\0\n' "$line"
yes "0042$line"`)})
	_, err := open(t, r.url, r.as()).Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestSSHTooLargePack(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"large": noise(t, 300<<10)}})
	_, err := open(t, r.url, r.as(), func(c *gitrepo.Config) { c.MaxPackBytes = 100 << 10 }).Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// noise doesn't compress.
func noise(t *testing.T, n int) string {
	t.Helper()
	data := make([]byte, n)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSSHCutOff(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"large": noise(t, 1<<20)}})
	for name, test := range map[string]struct {
		cuts []int64
		want error
	}{
		"in the greeting":      {[]int64{5}, nil},
		"in the handshake":     {[]int64{1200}, nil},
		"in the pack":          {[]int64{300 << 10}, nil},
		"in pack after pack":   {[]int64{300 << 10, 500 << 10}, nil},
		"at once, three times": {[]int64{1, 1, 1}, gitrepo.ErrUnavailable},
		"packs, three times":   {[]int64{300 << 10, 300 << 10, 300 << 10}, gitrepo.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.Connections()
			r.Cut(test.cuts...)
			defer r.Cut()
			repo := open(t, r.url, r.as())
			_, err := repo.Fetch(t.Context(), "main")
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			tries := len(test.cuts)
			if test.want == nil {
				tries++
			}
			if got := r.Connections() - before; got != tries {
				t.Errorf("%d connections, want %d", got, tries)
			}
			if _, err := repo.Fetch(t.Context(), "main"); err != nil {
				t.Errorf("the next fetch: %v", err)
			}
		})
	}
}

func TestSSHHangs(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	quick := func(c *gitrepo.Config) { c.Timeout, c.Tries = 300*time.Millisecond, 1 }
	t.Run("before the greeting", func(t *testing.T) {
		r.Mute(true)
		defer r.Mute(false)
		if _, err := open(t, r.url, r.as(), quick).Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("on a kept connection", func(t *testing.T) {
		waits := 0
		repo := open(t, r.url, r.as(), func(c *gitrepo.Config) {
			c.Timeout, c.Tries = 5*time.Second, 5
			c.Sleep = func(ctx context.Context, _ time.Duration) error { waits++; r.Mute(false); return ctx.Err() }
		})
		fetch(t, repo, "main")
		waits = 0
		r.Mute(true)
		fetch(t, repo, "main") // by another connection, once the time is over
		if waits == 0 {
			t.Error("a mute host answered")
		}
	})
	t.Run("in the command", func(t *testing.T) {
		stuck := overSSH(t, sshd.Options{Command: script(t, "exec sleep 60")})
		if _, err := open(t, stuck.url, stuck.as(), func(c *gitrepo.Config) { c.Timeout, c.Tries = 2*time.Second, 1 }).Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("in the agent", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		socket := listenUnix(t, func(net.Conn) { <-release })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := open(t, r.url, r.as(func(i *gitrepo.SSH) { i.AgentSocket = socket })).Fetch(ctx, "main"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSSHCallerGoesAway(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{Command: script(t, "exec sleep 60")})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	repo := open(t, r.url, func(c *gitrepo.Config) {
		c.Auth.SSH = func(context.Context) (gitrepo.SSH, error) { defer cancel(); return r.identity(), nil }
	})
	go func() { _, err := repo.Fetch(ctx, "main"); done <- err }()
	err := <-done
	var failed *gitrepo.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &failed) && failed.Temporary() {
		t.Errorf("got %v", err)
	}
}

func TestSSHHostThatIsNone(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	known := sshd.KnownHosts("127.0.0.1:22", sshd.NewKey(t, sshd.ED25519).Public)
	identity := gitrepo.SSH{PrivateKey: sshd.NewKey(t, sshd.ED25519).PEM(""), KnownHosts: known}
	auth := func(c *gitrepo.Config) {
		c.Auth.SSH = func(context.Context) (gitrepo.SSH, error) { return identity, nil }
		c.Timeout = 2 * time.Second
	}
	_, err := open(t, "ssh://"+strings.TrimPrefix(server.URL, "http://")+"/deploy.git", auth).Fetch(t.Context(), "main")
	if err == nil {
		t.Error("a web server is taken for an SSH host")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, "ssh://"+listener.Addr().String()+"/deploy.git", auth).Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrUnavailable) {
		t.Errorf("a closed port: %v", err)
	}
}
