package reconciler

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// State is the state of a commit status.
type State string

// The states of a commit status.
const (
	StatePending State = "pending"
	StateSuccess State = "success"
	StateFailure State = "failure"
)

// Status is a commit status, as forges know it.
type Status struct {
	Context     string // "towline/NAMESPACE/NAME": one line a Sync on the commit's page
	State       State
	Description string // one line of at most 140 characters
	URL         string // a page that tells more; may be empty
}

// StatusReporter tells a forge how a commit fared. It may be called again with
// the same arguments, and by several goroutines.
type StatusReporter interface {
	Report(ctx context.Context, repositoryURL, sha string, status Status) error
}

const (
	maxDescription = 140 // GitHub's bound; the lowest of the forges'
	maxWaiting     = 1000
	reportTimeout  = 30 * time.Second
)

// reports delivers commit statuses beside the work. A forge that is away delays
// them; of several for one commit and Sync only the newest is delivered.
type reports struct {
	to    StatusReporter
	log   *slog.Logger
	retry backoff

	mu      sync.Mutex
	waiting map[reportKey]Status
	order   []reportKey // oldest first
	news    chan struct{}
}

type reportKey struct{ url, sha, context string }

func newReports(c Config) *reports {
	return &reports{
		to: c.Reporter, log: c.Log, retry: backoff{min: c.RetryMin, max: c.RetryMax},
		waiting: map[reportKey]Status{}, news: make(chan struct{}, 1),
	}
}

// send puts a status in line. It doesn't wait.
func (r *reports) send(url, sha string, status Status) {
	if r.to == nil || sha == "" {
		return
	}
	status.Description = shorten(status.Description, maxDescription)
	key := reportKey{url, sha, status.Context}
	r.mu.Lock()
	if _, ok := r.waiting[key]; !ok {
		r.order = append(r.order, key)
	}
	r.waiting[key] = status
	if len(r.order) > maxWaiting { // a forge that is away for days: the oldest commits matter least
		delete(r.waiting, r.order[0])
		r.order = r.order[1:]
	}
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends.
func (r *reports) run(ctx context.Context) error {
	for {
		pause := time.Hour
		if !r.deliver(ctx) {
			pause = r.retry.next()
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-r.news:
			timer.Stop()
			if r.retry.failures > 0 && !wait(ctx, pause) { // news don't make a forge come back sooner
				return nil
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// deliver sends what waits, and tells whether all of it went out.
func (r *reports) deliver(ctx context.Context) bool {
	for {
		key, status, ok := r.first()
		if !ok {
			return true
		}
		limited, cancel := context.WithTimeout(ctx, reportTimeout)
		err := r.to.Report(limited, key.url, key.sha, status)
		cancel()
		if err != nil {
			r.failed(ctx, key, err)
			if !permanent(err) {
				r.rotate()
				return false
			}
		} else {
			r.retry.reset()
		}
		r.done(key, status)
	}
}

func (r *reports) failed(ctx context.Context, key reportKey, err error) {
	if r.retry.failures == 0 && ctx.Err() == nil { // once an outage
		r.log.WarnContext(ctx, "delivering a commit status", "repository", key.url, "commit", key.sha, "error", err)
	}
}

func (r *reports) first() (reportKey, Status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == 0 {
		return reportKey{}, Status{}, false
	}
	key := r.order[0]
	return key, r.waiting[key], true
}

// rotate puts the first in line last, so that one that is never taken doesn't hold
// up the others.
func (r *reports) rotate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) > 1 {
		r.order = append(r.order[1:], r.order[0])
	}
}

// done takes a status out of the line, unless a newer one took its place.
func (r *reports) done(key reportKey, sent Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[key] != sent || len(r.order) == 0 || r.order[0] != key {
		return
	}
	delete(r.waiting, key)
	r.order = r.order[1:]
}
