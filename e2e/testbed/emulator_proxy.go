package testbed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/towline-dev/towline/e2e/testbed/openapi"
)

// validator is a proxy that writes down what doesn't fit GitHub's description.
// It passes everything on all the same.
type validator struct {
	url    string
	target atomic.Pointer[string] // host and port of the emulator
	server *http.Server
	ended  chan error

	mu         sync.Mutex
	violations []openapi.Violation
}

// startValidator starts the proxy; its target is to be set before it is used.
func startValidator(ctx context.Context) (*validator, error) {
	description, err := openapi.Load()
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &validator{url: "http://" + listener.Addr().String(), ended: make(chan error, 1)}
	v.server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: &httputil.ReverseProxy{
			Transport: &openapi.Transport{Description: description, Report: v.report},
			Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = "http", *v.target.Load()
				shortenPages(r.Out.URL)
			},
		},
	}
	go func() { v.ended <- v.server.Serve(listener) }()
	return v, nil
}

// EmulatorPageSize is the most that a page of a list holds, whatever is asked for: a
// hundred pull requests, to fill one of GitHub's pages, take the emulator a minute.
const EmulatorPageSize = 5

func shortenPages(u *url.URL) {
	query := u.Query()
	if n, err := strconv.Atoi(query.Get("per_page")); err == nil && n > EmulatorPageSize {
		query.Set("per_page", strconv.Itoa(EmulatorPageSize))
		u.RawQuery = query.Encode()
	}
}

func (v *validator) report(violation openapi.Violation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.violations = append(v.violations, violation)
}

func (v *validator) all() []openapi.Violation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.violations)
}

// close ends the proxy; calling it again is allowed.
func (v *validator) close() error {
	err := v.server.Close()
	if served, ok := <-v.ended; ok {
		close(v.ended)
		if !errors.Is(served, http.ErrServerClosed) {
			return served
		}
	}
	return err
}
