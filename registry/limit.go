package registry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
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

	sent atomic.Int64

	mu   sync.Mutex
	held [classes]hold
}

// hold is a pause that the host has asked for.
type hold struct {
	until  time.Time
	status int // of the answer that asked, 0 where one said that nothing remains
}

// heldError says that the host asked for a longer pause than a call waits.
type heldError struct {
	host   string
	of     class
	status int // as in hold
	wait   time.Duration
}

func (e *heldError) Error() string {
	wait := e.wait.Round(time.Second)
	switch {
	case e.status != 0:
		return fmt.Sprintf("%d %s: %s asks for a pause of %s", e.status, http.StatusText(e.status), e.host, wait)
	case e.of == pulls:
		return fmt.Sprintf("%s allows no further pulls for %s", e.host, wait)
	}
	return fmt.Sprintf("%s allows no further requests for %s", e.host, wait)
}

func newLimit(next http.RoundTripper, h HostConfig, c Config) *limit {
	return &limit{
		next:    next,
		bucket:  rate.NewLimiter(rate.Limit(h.QPS), h.Burst),
		slots:   make(chan struct{}, h.MaxConns),
		maxWait: c.MaxWait, now: c.Now, sleep: c.Sleep,
	}
}

// RoundTrip implements http.RoundTripper. Pauses are waited for before a slot is
// taken, which others may use, and looked at again after the wait for the token:
// in the meantime another request may have been told to stay away.
func (l *limit) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := l.waitOutHolds(req); err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.takeToken(ctx); err != nil {
		return nil, err
	}
	if err := l.waitOutHolds(req); err != nil {
		return nil, err
	}
	l.sent.Add(1)
	resp, err := l.next.RoundTrip(req)
	if err == nil {
		l.learn(resp)
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

func (l *limit) waitOutHolds(req *http.Request) error {
	for {
		of, h, wait := l.longestHold(classOf(req))
		switch {
		case wait <= 0:
			return nil
		case wait > l.maxWait:
			return &heldError{host: req.URL.Host, of: of, status: h.status, wait: wait}
		}
		if err := l.sleep(req.Context(), wait); err != nil {
			return err
		}
	}
}

// longestHold is the last of the holds that concern requests of the class to end.
func (l *limit) longestHold(c class) (of class, h hold, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of = anyRequest; l.held[c].until.After(l.held[of].until) {
		of = c
	}
	return of, l.held[of], l.held[of].until.Sub(l.now())
}

// learn holds what the answer asks to be held.
func (l *limit) learn(resp *http.Response) {
	now := l.now()
	l.hold(anyRequest, now, retryAfter(resp, now), resp.StatusCode)
	if a, known := allowanceOf(resp.Header, now); known && a.left == 0 {
		l.hold(a.of, now, a.reset, 0)
	}
}

func (l *limit) hold(of class, now time.Time, d time.Duration, status int) {
	if d <= 0 {
		return
	}
	until := now.Add(min(d, maxHold))
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.held[of].until) {
		l.held[of] = hold{until: until, status: status}
	}
}
