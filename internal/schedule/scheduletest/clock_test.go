package scheduletest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/internal/schedule/scheduletest"
)

var _ schedule.Clock = (*scheduletest.Clock)(nil)

func TestTimersFireWhenTheClockIsTurned(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := scheduletest.NewClock(start)
	first, _ := clock.NewTimer(time.Second)
	second, stop := clock.NewTimer(2 * time.Second)
	given, giveUp := clock.NewTimer(time.Second)
	giveUp()
	if left, err := clock.Idle(t.Context()); err != nil || left != time.Second {
		t.Errorf("Idle = %s, %v; want 1s", left, err)
	}
	clock.Advance(999 * time.Millisecond)
	if len(first) != 0 {
		t.Error("a timer fired early")
	}
	clock.Advance(time.Millisecond)
	if got := <-first; !got.Equal(start.Add(time.Second)) || !clock.Now().Equal(got) {
		t.Errorf("fired at %s, now %s", got, clock.Now())
	}
	if len(second) != 0 || len(given) != 0 {
		t.Error("another timer fired too")
	}
	stop()
	if past, _ := clock.NewTimer(0); len(past) != 1 {
		t.Error("a timer of no length didn't fire at once")
	}
}

func TestIdleWaitsForATimer(t *testing.T) {
	clock := scheduletest.NewClock(time.Time{})
	idle := make(chan time.Duration)
	go func() {
		left, err := clock.Idle(t.Context())
		if err != nil {
			t.Error(err)
		}
		idle <- left
	}()
	clock.NewTimer(time.Hour)
	if got := <-idle; got != time.Hour {
		t.Errorf("Idle = %s, want 1h", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scheduletest.NewClock(time.Time{}).Idle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Idle with an ended context: %v", err)
	}
}
