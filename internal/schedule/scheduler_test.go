package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/internal/schedule/scheduletest"
)

func midnight() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }

// rig runs a Scheduler on a clock that the test turns. Each call hands its keys
// to the test and then goes on when the test lets it.
type rig struct {
	t      *testing.T
	clock  *scheduletest.Clock
	s      *schedule.Scheduler
	calls  chan []string
	resume chan struct{}
	stop   context.CancelFunc
	done   chan error
}

func start(t *testing.T, config schedule.Config, entries map[string]string) *rig {
	t.Helper()
	r := &rig{
		t: t, clock: scheduletest.NewClock(midnight()),
		calls: make(chan []string), resume: make(chan struct{}), done: make(chan error, 1),
	}
	config.Clock = r.clock
	if config.Jitter == nil {
		config.Jitter = schedule.NoJitter
	}
	r.s = schedule.New(config)
	r.set(entries)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() {
		r.done <- r.s.Run(ctx, func(_ context.Context, keys []string) {
			r.calls <- keys
			<-r.resume
		})
	}()
	t.Cleanup(cancel)
	return r
}

func (r *rig) set(entries map[string]string) {
	r.t.Helper()
	if err := r.s.Set(entries); err != nil {
		r.t.Fatal(err)
	}
}

// begins expects a call for the keys, and leaves it running.
func (r *rig) begins(keys ...string) {
	r.t.Helper()
	if diff := cmp.Diff(keys, <-r.calls); diff != "" {
		r.t.Fatalf("at %s: keys (-want +got):\n%s", r.clock.Now().Format(time.TimeOnly), diff)
	}
}

func (r *rig) ends() { r.resume <- struct{}{} }

func (r *rig) called(keys ...string) {
	r.t.Helper()
	r.begins(keys...)
	r.ends()
}

// idle expects that nothing is due, and for how long.
func (r *rig) idle(want time.Duration) {
	r.t.Helper()
	got, err := r.clock.Idle(r.t.Context())
	if err != nil || got != want {
		r.t.Fatalf("at %s: idle for %s (%v), want %s", r.clock.Now().Format(time.TimeOnly), got, err, want)
	}
}

func TestCallsByExpression(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 30s", "b": "@every 45s", "c": "*/1 * * * *", "d": "@every 30s"})
	r.called("a", "b", "c", "d") // at once
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a", "d")
	r.idle(15 * time.Second)
	r.clock.Advance(15 * time.Second)
	r.called("b")
	r.idle(15 * time.Second)
	r.clock.Advance(15 * time.Second)
	r.called("a", "c", "d") // together
	r.idle(30 * time.Second)
}

func TestLongWaitsAreTakenInSteps(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 150s"})
	r.called("a")
	r.idle(time.Minute)
	r.clock.Advance(time.Minute)
	r.idle(time.Minute)
	r.clock.Advance(time.Minute)
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a")
}

func TestMissedTicksBecomeOne(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"fast": "@every 1s", "slow": "@every 30s"})
	r.begins("fast", "slow")
	r.clock.Advance(10*time.Second + 500*time.Millisecond)
	r.ends()
	r.called("fast")
	r.idle(500 * time.Millisecond) // back on its second
	r.clock.Advance(500 * time.Millisecond)
	r.called("fast")
	r.idle(time.Second)
}

func TestGather(t *testing.T) {
	late := func(spec string, _ time.Duration) time.Duration {
		if spec == "@every 60s" {
			return 400 * time.Millisecond
		}
		return 0
	}
	entries := map[string]string{"a": "@every 30s", "b": "@every 60s"}
	r := start(t, schedule.Config{Jitter: late}, entries)
	r.called("a", "b")
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a")
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a", "b") // b a little early
	r.idle(30 * time.Second)

	r = start(t, schedule.Config{Jitter: late, Gather: -1}, entries)
	r.called("a", "b")
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a")
	r.idle(30 * time.Second)
	r.clock.Advance(30 * time.Second)
	r.called("a")
	r.idle(400 * time.Millisecond)
	r.clock.Advance(400 * time.Millisecond)
	r.called("b")
}

func TestTrigger(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 30s", "b": "@every 30s", "c": "@every 30s"})
	r.called("a", "b", "c")
	r.idle(30 * time.Second)
	r.s.Trigger("b", "unknown")
	r.begins("b")
	r.s.Trigger("b", "a") // during the call
	r.s.Trigger("a")
	r.ends()
	r.called("a", "b") // once each
	r.s.TriggerAll()
	r.called("a", "b", "c")
	r.idle(30 * time.Second) // the schedule is what it was
}

func TestSetWhileRunning(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"gone": "@every 10s", "kept": "@every 30s", "changed": "@every 30s"})
	r.called("changed", "gone", "kept")
	r.idle(10 * time.Second)
	r.clock.Advance(5 * time.Second)
	r.set(map[string]string{"kept": "@every 30s", "changed": "@every 20s", "new": "@every 1h"})
	r.called("new")
	r.idle(20 * time.Second)
	r.clock.Advance(20 * time.Second)
	r.called("changed")
	r.idle(5 * time.Second)
	r.clock.Advance(5 * time.Second)
	r.called("kept")
	r.s.Trigger("gone") // nothing comes of it
	r.set(map[string]string{"last": "@every 40s"})
	r.called("last")
	r.idle(40 * time.Second)
}

// A key that goes while it is waiting for its call isn't called for.
func TestRemovedKeyIsNotPending(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@hourly", "b": "@hourly"})
	r.begins("a", "b")
	r.s.Trigger("a", "b")
	r.set(map[string]string{"b": "@hourly"})
	r.ends()
	r.called("b")
}

func TestSetIsAllOrNothing(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 10s"})
	r.called("a")
	err := r.s.Set(map[string]string{"a": "@every 1h", "x": "nonsense", "y": "0 0 30 2 *", "z": "nonsense"})
	for _, part := range []string{`scheduling "x": `, `scheduling "y": `, `scheduling "z": `} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %s", err, part)
		}
	}
	r.idle(10 * time.Second)
}

func TestJitter(t *testing.T) {
	var asked []string
	r := start(t, schedule.Config{Jitter: func(spec string, period time.Duration) time.Duration {
		asked = append(asked, fmt.Sprint(spec, " ", period))
		return time.Duration(len(asked)) * time.Second
	}}, map[string]string{"a": "*/1 * * * *", "b": "*/1 * * * *"})
	r.called("a", "b") // the first isn't delayed
	r.idle(time.Minute)
	r.clock.Advance(time.Minute)
	r.idle(time.Second)
	r.clock.Advance(time.Second)
	r.called("a", "b")
	r.idle(time.Minute) // 61 s in all: the moment is kept, not the delay
	r.clock.Advance(time.Minute)
	r.idle(time.Second)
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"*/1 * * * * 1m0s", "*/1 * * * * 1m0s"}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestRandomJitter(t *testing.T) {
	tests := []struct{ period, most time.Duration }{
		{0, 0},
		{9 * time.Second, 0},
		{10 * time.Second, time.Second},
		{5 * time.Minute, 30 * time.Second},
		{24 * time.Hour, 30 * time.Second},
	}
	for _, tt := range tests {
		var most time.Duration
		for range 1000 {
			got := schedule.RandomJitter("", tt.period)
			most = max(most, got)
			if got < 0 || got > tt.most {
				t.Fatalf("period %s: jitter %s, want at most %s", tt.period, got, tt.most)
			}
		}
		if most < tt.most/2 {
			t.Errorf("period %s: a thousand draws stay under %s", tt.period, most)
		}
	}
}

func TestStopWaitsForTheCall(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 10s"})
	r.begins("a")
	r.stop()
	select {
	case err := <-r.done:
		t.Fatalf("Run returned %v during a call", err)
	default:
	}
	r.s.Trigger("a")
	r.ends()
	if err := <-r.done; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestRunIsForOne(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 10s"})
	r.begins("a")
	if err := r.s.Run(t.Context(), func(context.Context, []string) {}); !errors.Is(err, schedule.ErrRunning) {
		t.Errorf("a second Run returned %v", err)
	}
	r.ends()
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

func TestEmptyScheduleWaitsForEntries(t *testing.T) {
	r := start(t, schedule.Config{}, nil)
	r.idle(time.Minute)
	r.set(map[string]string{"a": "@every 10s"})
	r.called("a")
}

// A machine that booted with a clock far ahead goes on when the clock is mended.
func TestClockSetBack(t *testing.T) {
	r := start(t, schedule.Config{}, map[string]string{"a": "@every 30s", "b": "0 * * * *"})
	r.called("a", "b")
	r.idle(30 * time.Second)
	r.clock.Advance(-24*365*time.Hour - 10*time.Minute)
	r.s.Trigger("a") // wakes it; else the sleep of a minute does
	r.called("a")
	r.idle(30 * time.Second)
}

// The system's clock and the default jitter, in a bubble of its own time.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := schedule.New(schedule.Config{})
		if err := s.Set(map[string]string{"a": "@every 5m"}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var calls []time.Time
		err := s.Run(ctx, func(context.Context, []string) {
			if calls = append(calls, time.Now()); len(calls) == 3 {
				cancel()
			}
		})
		if err != nil || len(calls) != 3 {
			t.Fatalf("%d calls, %v", len(calls), err)
		}
		for i := range 2 {
			if gap := calls[i+1].Sub(calls[i]); gap < 4*time.Minute+30*time.Second || gap > 5*time.Minute+30*time.Second {
				t.Errorf("%s between calls %d and %d", gap, i, i+1)
			}
		}
	})
}
