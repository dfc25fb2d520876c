package proxy_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/proxy"
)

// A proxy that takes the connection and says nothing is left when the time is over.
func TestSilentProxies(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // the connections in its queue go with it
	for _, scheme := range []string{"http", "https", "socks5"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			d := proxy.Dialer{URL: &url.URL{Scheme: scheme, Host: listener.Addr().String(), User: url.UserPassword("pat", "hunter2")}}
			conn, err := d.Dial(ctx, "git.example.com:22")
			if err == nil {
				_ = conn.Close()
				t.Fatal("there is a tunnel")
			}
			if deadline, _ := ctx.Deadline(); time.Now().Before(deadline) {
				t.Errorf("it was given up early: %v", err)
			}
			if errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}
