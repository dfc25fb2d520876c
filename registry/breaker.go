package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// breakAfter is how many requests in a row must fail; more than one call makes,
	// so that one repository that the registry stumbles over isn't enough.
	breakAfter = 10
	firstBreak = 10 * time.Second
	maxBreak   = 5 * time.Minute
)

// breaker spares a host that is in trouble, and those who would wait for it: when
// nothing but failures comes back, requests are refused at once, until a single
// one that is let through after a while succeeds. While those fail, the time
// between them doubles, up to maxBreak.
type breaker struct {
	next   http.RoundTripper
	host   string
	now    func() time.Time
	jitter func() float64
	log    *slog.Logger

	mu       sync.Mutex
	failures int           // in a row
	since    time.Time     // of the first of them
	last     string        // what the last of them was
	pause    time.Duration // 0 while requests are let through
	retryAt  time.Time     // the pause's end
	probing  bool          // one request is on its way after the pause
}

// brokenError says that nothing was sent, since nothing came of it lately.
type brokenError struct {
	host  string
	since time.Time
	last  string
	wait  time.Duration // until the next request is let through; 0: one is on its way
}

func (e *brokenError) Error() string {
	next := "is being tried again now"
	if e.wait > 0 {
		next = "is tried again in " + e.wait.Round(time.Second).String()
	}
	return fmt.Sprintf("%s has been failing since %s and %s; last: %s", e.host, e.since.UTC().Format(time.RFC3339), next, e.last)
}

// RoundTrip implements http.RoundTripper.
func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	probe, err := b.admit()
	if err != nil {
		return nil, err
	}
	resp, err := b.next.RoundTrip(req)
	b.record(verdictOn(req.Context(), resp, err), probe, resp, err)
	return resp, err
}

func (b *breaker) admit() (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause == 0 {
		return false, nil
	}
	wait := b.retryAt.Sub(b.now())
	if wait > 0 || b.probing {
		return false, &brokenError{host: b.host, since: b.since, last: b.last, wait: max(wait, 0)}
	}
	b.probing = true
	return true, nil
}

func (b *breaker) record(v verdict, probe bool, resp *http.Response, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	switch {
	case v == saysNothing:
	case v == sound:
		if b.pause > 0 {
			b.log.Info("a registry answers again", "host", b.host, "failed_since", b.since)
		}
		b.failures, b.since, b.last, b.pause = 0, time.Time{}, "", 0
	case b.pause > 0 && !probe:
		// It was sent before the pause began.
	default:
		b.fail(probe, outcome(resp, err))
	}
}

// fail runs with the lock held.
func (b *breaker) fail(probe bool, what string) {
	if b.failures++; b.failures == 1 {
		b.since = b.now()
	}
	b.last = what
	switch {
	case probe:
		b.pause = min(2*b.pause, maxBreak)
	case b.failures < breakAfter:
		return
	default:
		b.pause = firstBreak
		b.log.Warn("leaving a registry alone for a while", "host", b.host, "failed_since", b.since, "last", what)
	}
	b.retryAt = b.now().Add(spread(b.pause, b.jitter))
}

// verdict is what an outcome says about the host.
type verdict int

const (
	saysNothing verdict = iota // nothing was sent, or the caller went away
	sound                      // there is somebody who answers
	failing
)

func verdictOn(ctx context.Context, resp *http.Response, err error) verdict {
	var held *heldError
	var network *net.OpError
	var dns *net.DNSError
	switch {
	case err == nil && retryAfter(resp, time.Time{}) > 0:
		return saysNothing // the pause that it asks for is kept by limit
	case err == nil && (transient(ctx, resp, nil) && resp.StatusCode != http.StatusTooManyRequests):
		return failing
	case err == nil, errors.Is(err, ErrBadAnswer):
		return sound
	case ctx.Err() != nil, errors.As(err, &held):
		return saysNothing
	case transientError(err), errors.As(err, &network), errors.As(err, &dns):
		return failing
	}
	return saysNothing
}
