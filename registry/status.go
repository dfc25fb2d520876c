package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// HostState is how a registry host fares.
type HostState string

// The states of a host.
const (
	// HostReady: requests are sent.
	HostReady HostState = "ready"
	// HostHeld: the host has asked for a pause, or allows no further requests.
	HostHeld HostState = "held"
	// HostFailing: nothing but failures came back; calls fail at once until NextTry.
	HostFailing HostState = "failing"
	// HostTrying: as HostFailing, and one request is on its way to see whether it still is so.
	HostTrying HostState = "trying"
)

// HostStatus tells how one registry host fares, its token server included.
type HostStatus struct {
	// Host is as image names write it: "docker.io", "127.0.0.1:5000".
	Host  string
	State HostState
	// Failures is how many requests have failed in a row, and Since the time of the
	// first of them: no answer, one too late, or 5xx.
	Failures int
	Since    time.Time
	// LastError is the last of these failures.
	LastError string
	// NextTry is when a request is let through again; zero unless the host is failing.
	NextTry time.Time
	// HeldUntil is when the pause ends that the host has asked for, zero without one.
	// PullsHeldUntil is that for GETs of manifests alone, as Docker Hub counts them.
	HeldUntil, PullsHeldUntil time.Time
	// Requests is how many were sent so far, retries and those for tokens and blobs included.
	Requests int64
}

// Hosts tells about every host that was asked so far, sorted by Host.
func (c *Client) Hosts() []HostStatus {
	var all []HostStatus
	for _, h := range c.hosts.all() {
		all = append(all, h.status(c.config.Now()))
	}
	slices.SortFunc(all, func(a, b HostStatus) int { return cmp.Compare(a.Host, b.Host) })
	return all
}

func (h *host) status(now time.Time) HostStatus {
	s := HostStatus{Host: h.shown, State: HostReady, Requests: h.limit.sent.Load() + h.blobs.sent.Load()}
	h.limit.report(&s, now)
	h.breaker.report(&s)
	return s
}

func (l *limit) report(s *HostStatus, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.held[anyRequest].until; until.After(now) {
		s.HeldUntil, s.State = until, HostHeld
	}
	if until := l.held[pulls].until; until.After(now) {
		s.PullsHeldUntil = until
	}
}

func (b *breaker) report(s *HostStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Failures, s.Since, s.LastError = b.failures, b.since, b.last
	switch {
	case b.pause == 0:
	case b.probing:
		s.State, s.NextTry = HostTrying, b.retryAt
	default:
		s.State, s.NextTry = HostFailing, b.retryAt
	}
}

// shown is the registry as image names write it.
func shown(registry string) string {
	if registry == name.DefaultRegistry {
		return "docker.io"
	}
	return registry
}
