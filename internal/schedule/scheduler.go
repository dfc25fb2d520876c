package schedule

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Config says how a Scheduler behaves; its zero value is ready for use.
type Config struct {
	// Clock tells the time. The default is the system's.
	Clock Clock
	// Jitter delays each moment. The default is RandomJitter.
	Jitter Jitter
	// Gather is how far apart keys may be due and still go into one call; the later
	// ones then go early. The default, 0, is 500 ms; negative is none.
	Gather time.Duration
	// Log gets a line at debug level for each call. The default discards.
	Log *slog.Logger
}

const (
	defaultGather = 500 * time.Millisecond
	// maxSleep bounds one wait, so that a wall clock that was set, or a machine
	// that slept, is noticed within it.
	maxSleep = time.Minute
)

// Scheduler calls for keys when they are due. Its methods may be called from
// any goroutine, before and while it runs; Run is for one goroutine at a time.
type Scheduler struct {
	clock  Clock
	jitter Jitter
	gather time.Duration
	log    *slog.Logger
	wake   chan struct{} // holds one: something has changed

	mu      sync.Mutex
	running bool
	lastNow time.Time
	groups  map[string]*group // by expression
	keys    map[string]string // key → expression
	pending map[string]bool   // keys to call for at once
}

// group is one expression and its next moment, shared by all keys that have it.
type group struct {
	spec    Spec
	nominal time.Time // the moment itself
	due     time.Time // with jitter
}

// New makes a Scheduler without entries. It starts nothing.
func New(c Config) *Scheduler {
	s := &Scheduler{
		clock: c.Clock, jitter: c.Jitter, gather: c.Gather, log: c.Log,
		wake:   make(chan struct{}, 1),
		groups: map[string]*group{}, keys: map[string]string{}, pending: map[string]bool{},
	}
	if s.clock == nil {
		s.clock = realClock{}
	}
	if s.jitter == nil {
		s.jitter = RandomJitter
	}
	switch {
	case s.gather == 0:
		s.gather = defaultGather
	case s.gather < 0:
		s.gather = 0
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Set replaces the entries, from key to expression. A key that is new is due at
// once; one whose expression has changed, at its next moment; one that is gone
// isn't called for any more. When an expression is wrong nothing is changed, and
// the error names every such key.
func (s *Scheduler) Set(entries map[string]string) error {
	specs := map[string]Spec{}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text := entries[key]
		if _, known := specs[text]; known {
			continue
		}
		spec, err := Parse(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("scheduling %q: %w", key, err))
			continue
		}
		specs[text] = spec
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	s.mu.Lock()
	s.replace(entries, specs)
	s.mu.Unlock()
	s.signal()
	return nil
}

func (s *Scheduler) replace(entries map[string]string, specs map[string]Spec) {
	now := s.clock.Now()
	for text := range s.groups {
		if _, kept := specs[text]; !kept {
			delete(s.groups, text)
		}
	}
	for text, spec := range specs {
		if s.groups[text] == nil {
			g := &group{spec: spec}
			s.advance(g, now, now)
			s.groups[text] = g
		}
	}
	for key := range entries {
		if _, known := s.keys[key]; !known {
			s.pending[key] = true
		}
	}
	s.keys = maps.Clone(entries)
	maps.DeleteFunc(s.pending, func(key string, _ bool) bool {
		_, kept := s.keys[key]
		return !kept
	})
}

// Trigger makes the keys due now, beside their schedules. Unknown keys are
// passed over: an entry may go while a webhook for it is on its way.
func (s *Scheduler) Trigger(keys ...string) {
	s.mu.Lock()
	for _, key := range keys {
		if _, known := s.keys[key]; known {
			s.pending[key] = true
		}
	}
	s.mu.Unlock()
	s.signal()
}

// TriggerAll makes every key due now.
func (s *Scheduler) TriggerAll() {
	s.mu.Lock()
	for key := range s.keys {
		s.pending[key] = true
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Scheduler) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // a signal is waiting already
	}
}
