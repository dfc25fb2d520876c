package forgetest

import (
	"net/http"
	"strconv"
	"time"
)

// limits is the rate limiting that tests ask for.
type limits struct {
	limit, remaining int
	reset            time.Time
	secondary        time.Duration // of Retry-After; 0 for none
	secondaryCalls   int           // how many more calls are refused
}

// SetRateLimit leaves so many calls until the reset; the API answers 403 with
// X-RateLimit-Remaining: 0 to further ones, and has a new 5000 after the reset.
func (s *Server) SetRateLimit(remaining int, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.remaining, s.limits.reset = remaining, reset
}

// SetSecondaryLimit refuses so many calls with GitHub's secondary limit: 403 and
// a Retry-After.
func (s *Server) SetSecondaryLimit(calls int, retryAfter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.secondary, s.limits.secondaryCalls = retryAfter, calls
}

// giveBack takes a call back that turned out to cost nothing.
func (l *limits) giveBack(header http.Header) {
	l.remaining++
	header.Set("X-RateLimit-Remaining", strconv.Itoa(l.remaining))
	header.Set("X-RateLimit-Used", strconv.Itoa(l.limit-l.remaining))
}

// spend counts a call and says so in the answer's headers.
func (l *limits) spend(header http.Header, path string, now time.Time) error {
	if !now.Before(l.reset) {
		if !l.reset.IsZero() {
			l.remaining = l.limit
		}
		l.reset = now.Add(time.Hour)
	}
	exceeded := l.remaining <= 0
	if !exceeded && path != "/rate_limit" { // asking is free
		l.remaining--
	}
	header.Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(l.remaining))
	header.Set("X-RateLimit-Used", strconv.Itoa(l.limit-l.remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(l.reset.Unix(), 10))
	header.Set("X-RateLimit-Resource", "core")
	if exceeded && path != "/rate_limit" {
		return &apiError{status: http.StatusForbidden, message: "API rate limit exceeded for user ID 1."}
	}
	if l.secondaryCalls > 0 {
		l.secondaryCalls--
		return &apiError{
			status:  http.StatusForbidden,
			message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			header:  http.Header{"Retry-After": {strconv.Itoa(int(l.secondary.Seconds()))}},
		}
	}
	return nil
}

func (s *Server) getRateLimit(*call) (answer, error) {
	l := &s.limits
	rate := object{"limit": l.limit, "remaining": l.remaining, "used": l.limit - l.remaining, "reset": l.reset.Unix()}
	return answer{body: object{"resources": object{"core": rate, "search": rate}, "rate": rate}}, nil
}
