package gitrepo

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/internal/gitrepo/proxy"
	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
)

// sshIdle is how long a connection is kept for the next command: long enough for the
// push that follows a fetch.
const sshIdle = 15 * time.Second

// sshTransport is go-git's transport over our own SSH client: go-git's reads
// ~/.ssh/config, has no deadline for a handshake, and loses the types of errors.
type sshTransport struct {
	url          *url.URL
	auth         func(context.Context) (SSH, error)
	proxy        proxy.Dialer
	maxPackBytes int64

	mu    sync.Mutex
	idle  *sshConn    // the last that a command was done with
	timer *time.Timer // closes idle
}

func newSSHTransport(u *url.URL, cfg Config) (*sshTransport, error) {
	if cfg.Auth.SSH == nil {
		return nil, errors.New("an ssh URL needs a key or an agent, and known_hosts (hint: or use the repository's https URL)")
	}
	through, err := proxy.Parse(cfg.Auth.Proxy)
	if err != nil {
		return nil, err
	}
	roots, err := cfg.Auth.roots()
	if err != nil {
		return nil, err
	}
	dialer := proxy.Dialer{URL: through, Roots: roots}
	return &sshTransport{url: u, auth: cfg.Auth.SSH, proxy: dialer, maxPackBytes: cfg.MaxPackBytes}, nil
}

// NewUploadPackSession implements transport.Transport. Nothing is sent before the
// session is asked for references, since only that call has a context.
func (t *sshTransport) NewUploadPackSession(*transport.Endpoint, transport.AuthMethod) (transport.UploadPackSession, error) {
	return &sshSession{transport: t, service: transport.UploadPackServiceName}, nil
}

// NewReceivePackSession implements transport.Transport.
func (t *sshTransport) NewReceivePackSession(*transport.Endpoint, transport.AuthMethod) (transport.ReceivePackSession, error) {
	return &sshSession{transport: t, service: transport.ReceivePackServiceName}, nil
}

// sshConn is a connection, and who signed in to it.
type sshConn struct {
	*sshclient.Conn
	identity SSH
}

// start runs a service on the host, over the idle connection where there is one that
// still works, and that was made by who we are now: else a key that was replaced, or a
// host that isn't trusted any more, would stay for as long as we are busy.
func (t *sshTransport) start(ctx context.Context, service string) (*sshConn, *sshclient.Command, error) {
	line := service + " " + shellQuote(giturl.SSHPath(t.url))
	identity, err := t.auth(ctx)
	if err != nil {
		return nil, nil, &tokenError{err}
	}
	if conn := t.take(); conn != nil {
		if conn.identity.Equal(identity) {
			if cmd, err := conn.Start(ctx, line); err == nil {
				return conn, cmd, nil
			}
		}
		_ = conn.Close() // where it was ours, the host has closed it meanwhile
	}
	dialed, err := sshclient.Dial(ctx, sshclient.Config{
		Address:  net.JoinHostPort(t.url.Hostname(), giturl.SSHPort(t.url)),
		User:     t.url.User.Username(),
		Identity: identity, Proxy: t.proxy,
	})
	if err != nil {
		return nil, nil, err
	}
	conn := &sshConn{dialed, identity}
	cmd, err := conn.Start(ctx, line)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, cmd, nil
}

func (t *sshTransport) take() *sshConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	conn := t.idle
	if conn != nil {
		t.timer.Stop()
	}
	t.idle = nil
	return conn
}

// keep takes a connection back that has no command running.
func (t *sshTransport) keep(conn *sshConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		_ = conn.Close()
		return
	}
	t.idle = conn
	t.timer = time.AfterFunc(sshIdle, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.idle == conn {
			t.idle = nil
			_ = conn.Close()
		}
	})
}

// shellQuote makes one word of a path for the host's shell. A forge takes the quotes
// off itself, and as Git does: ' and ! stand outside of them.
func shellQuote(path string) string {
	return "'" + strings.NewReplacer(`'`, `'\''`, `!`, `'\!'`).Replace(path) + "'"
}
