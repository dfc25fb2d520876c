package gitwriter

import (
	"fmt"
	"time"
)

// Capacity is how many pull requests may be opened now; -1 is no bound. While the
// windows are shut, or the forge wants no more requests, it is 0.
func (s *Session) Capacity() int {
	if s.cfg.Waits != "" || s.mustWait() {
		return 0
	}
	left := -1
	bound := func(limit, used int) {
		if room := max(0, limit-used); limit > 0 && (left < 0 || room < left) {
			left = room
		}
	}
	bound(s.cfg.Limits.Open, s.opened())
	bound(s.cfg.Limits.PerHour, len(s.recent()))
	return left
}

// opened counts our pull requests that are open, or would be.
func (s *Session) opened() int { return len(s.known().open) + s.planned }

// recent gives when those were opened that were opened within the last hour, newest
// first.
func (s *Session) recent() (at []time.Time) {
	now := s.w.cfg.Now()
	for range s.planned {
		at = append(at, now)
	}
	for _, pull := range s.known().ours {
		if now.Sub(pull.CreatedAt) < time.Hour {
			at = append(at, pull.CreatedAt)
		}
	}
	return at
}

// full says why no further pull request may be opened; "" when one may.
func (s *Session) full() string {
	open, limit := s.opened(), s.cfg.Limits.Open
	if limit > 0 && open >= limit {
		return fmt.Sprintf("%d pull requests are open, and limits.open is %d", open, limit)
	}
	if recent, limit := s.recent(), s.cfg.Limits.PerHour; limit > 0 && len(recent) >= limit {
		return fmt.Sprintf("%d pull requests were opened within the last hour, and limits.perHour is %d; the next may be opened at %s",
			len(recent), limit, when(recent[limit-1].Add(time.Hour)))
	}
	return ""
}
