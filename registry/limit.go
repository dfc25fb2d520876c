package registry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxHold bounds how long an answer can keep us away from a host, so that no
// server turns itself off for a year with one header.
const maxHold = 15 * time.Minute

// limit is the budget of one host: so many requests a second, so many in
// flight, and none at all while the host has asked to be left alone.
type limit struct {
	next    http.RoundTripper
	bucket  *rate.Limiter
	slots   chan struct{}
	maxWait time.Duration
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error

	mu         sync.Mutex
	heldUntil  time.Time
	heldStatus int
}

// heldError says that the host asked for a longer pause than a call waits.
type heldError struct {
	host   string
	status int // of the answer that asked
	wait   time.Duration
}

func (e *heldError) Error() string {
	return fmt.Sprintf("%d %s: %s asks for a pause of %s",
		e.status, http.StatusText(e.status), e.host, e.wait.Round(time.Second))
}

func newLimit(next http.RoundTripper, h HostConfig, c Config) *limit {
	return &limit{
		next:    next,
		bucket:  rate.NewLimiter(rate.Limit(h.QPS), h.Burst),
		slots:   make(chan struct{}, h.MaxConns),
		maxWait: c.MaxWait, now: c.Now, sleep: c.Sleep,
	}
}

// RoundTrip implements http.RoundTripper.
func (l *limit) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.takeToken(ctx); err != nil {
		return nil, err
	}
	if err := l.waitOutHold(ctx, req.URL.Host); err != nil {
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	if err == nil {
		l.hold(retryAfter(resp, l.now()), resp.StatusCode)
	}
	return resp, err
}

func (l *limit) takeToken(ctx context.Context) error {
	now := l.now()
	r := l.bucket.ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d <= 0 {
		return nil
	}
	if err := l.sleep(ctx, d); err != nil {
		r.CancelAt(l.now())
		return err
	}
	return nil
}

// waitOutHold runs after the token has been waited for: in the meantime
// another request may have been told to stay away.
func (l *limit) waitOutHold(ctx context.Context, host string) error {
	for {
		l.mu.Lock()
		wait, status := l.heldUntil.Sub(l.now()), l.heldStatus
		l.mu.Unlock()
		switch {
		case wait <= 0:
			return nil
		case wait > l.maxWait:
			return &heldError{host: host, status: status, wait: wait}
		}
		if err := l.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (l *limit) hold(d time.Duration, status int) {
	if d <= 0 {
		return
	}
	until := l.now().Add(min(d, maxHold))
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.heldUntil) {
		l.heldUntil, l.heldStatus = until, status
	}
}
