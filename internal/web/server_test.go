package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/towline-dev/towline/internal/web"
)

func TestServe(t *testing.T) {
	reg := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "towline_test_total", Help: "Test."})
	reg.MustRegister(counter)
	var ready atomic.Bool
	h := web.Handler(web.Config{Metrics: reg, Ready: func() error {
		if ready.Load() {
			return nil
		}
		return errors.New("the first round has not ended")
	}})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, h) }()

	client := &http.Client{Timeout: time.Minute}
	get := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	expect := func(path string, wantCode int, wantText string) {
		t.Helper()
		if code, text := get(path); code != wantCode || !strings.Contains(text, wantText) {
			t.Errorf("GET %s gives %d %q, want %d and %q", path, code, text, wantCode, wantText)
		}
	}
	expect("/healthz", 200, "ok")
	expect("/readyz", 503, "first round")
	ready.Store(true)
	expect("/readyz", 200, "ok")
	expect("/metrics", 200, "towline_test_total 0")
	expect("/nothing", 404, "")
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve ends with %v, want nil after its context ended", err)
	}
}
