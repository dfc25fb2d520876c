// Package quota keeps to what a forge allows one credential: after a limit was told,
// no request goes out until it is over; and content is made no faster than GitHub
// asks for. Adapters that use one host with one credential share a Quota, so that
// each knows what the others were told.
//
// It stores nothing on disk. After a restart the first answer tells the limit again.
package quota

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// What GitHub asks of requests that make content, such as pull requests and comments,
// which people are told of ("Rate limits for the REST API", secondary rate limits).
const (
	ContentPerMinute = 80
	ContentPerHour   = 500
)

// maxPause is how long a request that makes content waits for its turn. What would
// have to wait longer is refused, and is for another round.
const maxPause = time.Minute

// Config describes a Quota.
type Config struct {
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Wait waits for a turn, or for the context's end; nil means by a timer.
	Wait func(context.Context, time.Duration) error
	// Observe hears of each request, with one of the results below; nil means nobody does.
	Observe func(Result)
}

// Result is what became of a request.
type Result string

// The results.
const (
	ResultOK        Result = "ok"        // 2xx and 3xx
	ResultUnchanged Result = "unchanged" // 304, which costs nothing of the limit
	ResultRefused   Result = "refused"   // 4xx
	ResultLimited   Result = "limited"   // by a limit that the server told
	ResultFailed    Result = "failed"    // 5xx, or no answer
	ResultNotSent   Result = "not_sent"  // because of a limit told before
)

const (
	defaultResource = "core" // GitHub's name of the limit on REST calls
	everyResource   = "*"    // no server's name
)

// Bounds of what a server may make us wait, and what it makes us wait when it doesn't
// say: GitHub asks for a minute after a secondary limit without Retry-After ("Rate
// limits for the REST API", docs.github.com).
const (
	minWait     = time.Second
	maxWait     = 24 * time.Hour
	unknownWait = time.Minute
)

// Request is what a Quota has to know of a request.
type Request struct {
	Resource string // what the server limits apart from others; "" means the API's calls
	Content  bool   // it makes content
}

// Quota is what one credential may do at one host. Its methods may be called
// concurrently; those of a nil Quota allow all.
type Quota struct {
	config Config

	mu    sync.Mutex
	held  map[string]hold // by resource
	slots []time.Time     // when content was made, or is to be, in order; of the last hour
}

type hold struct {
	until     time.Time
	secondary bool
}

// New makes a quota of which nothing is used.
func New(config Config) *Quota {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Wait == nil {
		config.Wait = waitByTimer
	}
	return &Quota{config: config, held: map[string]hold{}}
}

func waitByTimer(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Admit returns when the request may be made. A *forge.RateLimitError says that it may
// not be for longer than a pause; otherwise an error is the context's.
func (q *Quota) Admit(ctx context.Context, r Request) error {
	if q == nil {
		return nil
	}
	pause, err := q.book(r)
	if err == nil && pause > 0 {
		if err := q.config.Wait(ctx, pause); err != nil {
			return err
		}
		_, err = q.book(Request{Resource: r.Resource}) // a limit may have been told meanwhile
	}
	if err != nil {
		q.observe(ResultNotSent)
	}
	return err
}

// book gives the request its turn and tells how far off that is.
func (q *Quota) book(r Request) (time.Duration, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.config.Now()
	for _, resource := range []string{everyResource, orCore(r.Resource)} {
		if h := q.held[resource]; now.Before(h.until) {
			return 0, &forge.RateLimitError{RetryAfter: max(h.until.Sub(now), minWait), Secondary: h.secondary}
		}
	}
	if !r.Content {
		return 0, nil
	}
	for len(q.slots) > 0 && now.Sub(q.slots[0]) >= time.Hour {
		q.slots = q.slots[1:]
	}
	slot := now
	for _, window := range []struct {
		size int
		span time.Duration
	}{{ContentPerMinute, time.Minute}, {ContentPerHour, time.Hour}} {
		if n := len(q.slots); n >= window.size {
			if free := q.slots[n-window.size].Add(window.span); free.After(slot) {
				slot = free
			}
		}
	}
	pause := slot.Sub(now)
	if pause > maxPause {
		return 0, &forge.RateLimitError{RetryAfter: pause, Secondary: true}
	}
	q.slots = append(q.slots, slot)
	return pause, nil
}

// Answered takes in what an answer says of limits.
func (q *Quota) Answered(r Request, status int, header http.Header) {
	if q == nil {
		return
	}
	limited := Limited(status, header)
	switch {
	case Exhausted(header):
		q.hold(orCore(r.Resource), RetryAfter(header, q.config.Now()), false)
	case limited:
		q.hold(everyResource, RetryAfter(header, q.config.Now()), true)
	}
	q.observe(resultOf(status, limited))
}

// Unanswered counts a request that got no answer.
func (q *Quota) Unanswered() { q.observe(ResultFailed) }

// Hold lets no request out for a while: a limit that an answer's headers don't tell.
func (q *Quota) Hold(wait time.Duration) {
	if q != nil {
		q.hold(everyResource, wait, true)
	}
}

func (q *Quota) hold(resource string, wait time.Duration, secondary bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	until := q.config.Now().Add(wait)
	if until.After(q.held[resource].until) {
		q.held[resource] = hold{until: until, secondary: secondary}
	}
}

func (q *Quota) observe(result Result) {
	if q != nil && q.config.Observe != nil {
		q.config.Observe(result)
	}
}

func orCore(resource string) string {
	if resource == "" {
		return defaultResource
	}
	return resource
}
