package schedule

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// ErrRunning is what Run returns while another Run of the same Scheduler goes on.
var ErrRunning = errors.New("running a schedule: it is running already")

// Run calls f for the keys that are due, sorted, until ctx ends: first at once
// for all keys that Set was given, then by their expressions and for Trigger.
// f is called in Run's own goroutine, so calls never overlap, and Run returns
// only when the last one has; f gets ctx and is expected to end soon after it.
// However often a key comes due during a call, it is called for once afterwards.
// Run returns nil when ctx has ended.
func (s *Scheduler) Run(ctx context.Context, f func(ctx context.Context, keys []string)) error {
	if !s.begin() {
		return ErrRunning
	}
	defer s.end()
	for ctx.Err() == nil {
		keys, wait := s.collect()
		if len(keys) > 0 {
			s.log.DebugContext(ctx, "calling for what is due", "keys", len(keys))
			f(ctx, keys)
			continue
		}
		s.wait(ctx, wait)
	}
	return nil
}

func (s *Scheduler) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return false
	}
	s.running = true
	return true
}

func (s *Scheduler) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
}

func (s *Scheduler) wait(ctx context.Context, d time.Duration) {
	fired, stop := s.clock.NewTimer(d)
	defer stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-fired:
	}
}

// collect takes all keys that are due, and moves their expressions on to the
// next moment; or it says how long nothing is due.
func (s *Scheduler) collect() (keys []string, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.noticeClockSetBack(now)
	wait = maxSleep
	dueNow := map[string]bool{}
	anyDue := len(s.pending) > 0
	for _, g := range s.groups {
		if g.due.IsZero() {
			continue
		}
		anyDue = anyDue || !g.due.After(now)
		wait = min(wait, g.due.Sub(now))
	}
	if !anyDue {
		return nil, wait
	}
	for text, g := range s.groups {
		if !g.due.IsZero() && !g.due.After(now.Add(s.gather)) {
			dueNow[text] = true
			s.advance(g, g.nominal, now)
		}
	}
	for key, text := range s.keys {
		if dueNow[text] {
			s.pending[key] = true
		}
	}
	keys = slices.Sorted(maps.Keys(s.pending))
	clear(s.pending)
	return keys, 0
}

// advance sets the group's next moment after the given one; moments that have
// passed already are left out, which is what makes missed ones one.
func (s *Scheduler) advance(g *group, after, now time.Time) {
	g.nominal = g.spec.Next(after)
	if !g.nominal.After(now) {
		g.nominal = g.spec.Next(now)
	}
	if g.nominal.IsZero() {
		g.due = time.Time{}
		return
	}
	period := max(g.spec.Next(g.nominal).Sub(g.nominal), 0)
	g.due = g.nominal.Add(max(s.jitter(g.spec.String(), period), 0))
}

// noticeClockSetBack counts all moments anew when the wall clock went back by
// more than a correction: a machine that booted with a wrong year would
// otherwise wait until that year.
func (s *Scheduler) noticeClockSetBack(now time.Time) {
	if now.Before(s.lastNow.Add(-maxSleep)) {
		for _, g := range s.groups {
			s.advance(g, now, now)
		}
	}
	s.lastNow = now
}
