package quota_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
)

// clock is a time that passes only by waiting.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return nil
}

func (c *clock) pass(d time.Duration) { _ = c.Wait(context.Background(), d) }

func header(pairs ...string) http.Header {
	out := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		out.Set(pair[0], pair[1])
	}
	return out
}

func TestLimitsHoldOtherRequestsBack(t *testing.T) {
	c := newClock()
	soon := strconv.FormatInt(c.now.Add(20*time.Minute).Unix(), 10)
	for _, test := range []struct {
		name      string
		status    int
		header    http.Header
		wait      time.Duration // 0: nothing is held back
		secondary bool
		graphql   bool // whether GraphQL is held back, too
	}{
		{"success", 200, header("X-RateLimit-Remaining", "7", "X-RateLimit-Reset", soon), 0, false, false},
		{"success with the last call", 200, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", soon), 20 * time.Minute, false, false},
		{"primary", 403, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", soon), 20 * time.Minute, false, false},
		{"GitLab's headers", 429, header("RateLimit-Remaining", "0", "RateLimit-Reset", soon), 20 * time.Minute, false, false},
		{"secondary", 403, header("Retry-After", "90"), 90 * time.Second, true, true},
		{"too many", 429, header("Retry-After", "90", "X-RateLimit-Remaining", "5"), 90 * time.Second, true, true},
		{"too many without a wait", 429, nil, time.Minute, true, true},
		{"forbidden", 403, nil, 0, false, false},
		{"away", 503, header("Retry-After", "90"), 0, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClock()
			q := quota.New(quota.Config{Now: c.Now, Wait: c.Wait})
			q.Answered(quota.Request{}, test.status, test.header)
			admitted(t, q, quota.Request{}, test.wait, test.secondary)
			if test.graphql {
				admitted(t, q, quota.Request{Resource: "graphql"}, test.wait, test.secondary)
			} else {
				admitted(t, q, quota.Request{Resource: "graphql"}, 0, false)
			}
			if test.wait > 0 {
				c.pass(test.wait - 500*time.Millisecond)
				admitted(t, q, quota.Request{}, time.Second, test.secondary) // at least
				c.pass(500 * time.Millisecond)
				admitted(t, q, quota.Request{}, 0, false)
			}
		})
	}
}

// admitted makes sure that a request is let through, or else told how long to wait.
func admitted(t *testing.T, q *quota.Quota, r quota.Request, wait time.Duration, secondary bool) {
	t.Helper()
	err := q.Admit(t.Context(), r)
	if wait == 0 {
		if err != nil {
			t.Errorf("%+v isn't let through: %v", r, err)
		}
		return
	}
	var limited *forge.RateLimitError
	if !errors.As(err, &limited) || limited.RetryAfter != wait || limited.Secondary != secondary {
		t.Errorf("%+v gives %v, want a wait of %s, secondary %t", r, err, wait, secondary)
	}
}

// A shorter limit that is told later doesn't end a longer one.
func TestTheLongestLimitHolds(t *testing.T) {
	c := newClock()
	q := quota.New(quota.Config{Now: c.Now})
	q.Answered(quota.Request{}, 429, header("Retry-After", "600"))
	q.Answered(quota.Request{}, 429, header("Retry-After", "5"))
	q.Hold(time.Minute)
	admitted(t, q, quota.Request{}, 10*time.Minute, true)
}

// Content goes out at once as long as there is room, and then no faster than GitHub
// asks, whatever else is read meanwhile.
func TestContentIsPaced(t *testing.T) {
	c := newClock()
	q := quota.New(quota.Config{Now: c.Now, Wait: c.Wait})
	start := c.Now()
	var made []time.Duration
	for range quota.ContentPerHour {
		if err := q.Admit(t.Context(), quota.Request{Content: true}); err != nil {
			t.Fatalf("after %d: %v", len(made), err)
		}
		made = append(made, c.Now().Sub(start))
		for range 5 {
			admitted(t, q, quota.Request{}, 0, false)
		}
	}
	for i, at := range made {
		if want := time.Duration(i/quota.ContentPerMinute) * time.Minute; at != want {
			t.Fatalf("number %d went out after %s, want %s", i+1, at, want)
		}
	}
	admitted(t, q, quota.Request{Content: true}, 54*time.Minute, true)
	admitted(t, q, quota.Request{}, 0, false)
	c.pass(54 * time.Minute)
	admitted(t, q, quota.Request{Content: true}, 0, false)
}

func TestALimitToldWhileWaitingIsObeyed(t *testing.T) {
	c := newClock()
	var q *quota.Quota
	q = quota.New(quota.Config{Now: c.Now, Wait: func(ctx context.Context, d time.Duration) error {
		q.Answered(quota.Request{}, 429, header("Retry-After", "120"))
		return c.Wait(ctx, d)
	}})
	for range quota.ContentPerMinute {
		admitted(t, q, quota.Request{Content: true}, 0, false)
	}
	admitted(t, q, quota.Request{Content: true}, time.Minute, true)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	c := newClock()
	q := quota.New(quota.Config{Now: c.Now})
	for range quota.ContentPerMinute {
		admitted(t, q, quota.Request{Content: true}, 0, false)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Admit(ctx, quota.Request{Content: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("Admit gave %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	c := newClock()
	var mu sync.Mutex
	seen := map[quota.Result]int{}
	q := quota.New(quota.Config{Now: c.Now, Wait: c.Wait, Observe: func(r quota.Result) {
		mu.Lock()
		defer mu.Unlock()
		seen[r]++
	}})
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			if err := q.Admit(t.Context(), quota.Request{Content: i%2 == 0}); err == nil {
				q.Answered(quota.Request{}, 429, header("Retry-After", "60"))
			}
		})
	}
	group.Wait()
	if seen[quota.ResultLimited]+seen[quota.ResultNotSent] != 100 || seen[quota.ResultLimited] == 0 {
		t.Errorf("results: %v", seen)
	}
	admitted(t, q, quota.Request{}, time.Minute, true)
}

func TestResults(t *testing.T) {
	var seen []quota.Result
	q := quota.New(quota.Config{Observe: func(r quota.Result) { seen = append(seen, r) }})
	for _, status := range []int{200, 201, 304, 404, 500, 429} {
		q.Answered(quota.Request{}, status, nil)
	}
	q.Unanswered()
	if err := q.Admit(t.Context(), quota.Request{}); err == nil {
		t.Error("a request goes out in spite of 429")
	}
	want := []quota.Result{
		quota.ResultOK, quota.ResultOK, quota.ResultUnchanged, quota.ResultRefused, quota.ResultFailed, quota.ResultLimited,
		quota.ResultFailed, quota.ResultNotSent,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestSetSharesByKey(t *testing.T) {
	asked := 0
	set := quota.NewSet(func(quota.Key) quota.Config { asked++; return quota.Config{} })
	one := quota.Key{Forge: "github", Host: "api.github.com", Credential: "/run/token"}
	other := one
	other.Credential = "/run/another"
	first := set.For(one)
	if again := set.For(one); again != first || set.For(other) == first || asked != 2 {
		t.Errorf("quotas aren't shared by key; %d were made", asked)
	}
}

func TestNilAllowsAll(t *testing.T) {
	var q *quota.Quota
	q.Answered(quota.Request{}, 429, nil)
	q.Hold(time.Hour)
	q.Unanswered()
	admitted(t, q, quota.Request{Content: true}, 0, false)
}
