package schedule_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/internal/schedule/scheduletest"
)

func TestBurst(t *testing.T) {
	const add = -1 // otherwise a step turns the clock
	for _, tt := range []struct {
		name  string
		steps []time.Duration
		want  int
	}{
		{"nothing", []time.Duration{time.Hour}, 0},
		{"before it is quiet", []time.Duration{add, 1999 * time.Millisecond}, 0},
		{"once it is quiet", []time.Duration{add, 2 * time.Second}, 1},
		{"once for all", []time.Duration{add, add, time.Second, add, time.Second, add, 2 * time.Second, time.Hour}, 1},
		{"each more puts it off", []time.Duration{add, time.Second, add, time.Second, add, 1999 * time.Millisecond}, 0},
		{"not for ever", []time.Duration{add, 1900 * time.Millisecond, add, 1900 * time.Millisecond, add, 1900 * time.Millisecond, add, 1900 * time.Millisecond, add, 1900 * time.Millisecond, add, 500 * time.Millisecond}, 1},
		{"again for the next", []time.Duration{add, 2 * time.Second, add, 2 * time.Second}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := scheduletest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
				b := schedule.NewBurst(schedule.BurstConfig{Clock: clock})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan struct{})
				calls := 0
				go func() {
					defer close(ended)
					b.Run(ctx, func() { calls++ })
				}()
				for _, step := range tt.steps {
					synctest.Wait()
					if step == add {
						b.Add()
					} else {
						clock.Advance(step)
					}
				}
				synctest.Wait()
				if calls != tt.want {
					t.Errorf("%d calls, want %d", calls, tt.want)
				}
				cancel()
				<-ended
			})
		})
	}
}

// TestBurstDuringACall holds that what comes before Run, and during a call, isn't lost.
func TestBurstDuringACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := schedule.NewBurst(schedule.BurstConfig{Quiet: time.Second})
		b.Add()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		calls := 0
		go func() {
			defer close(ended)
			b.Run(ctx, func() {
				if calls++; calls == 1 {
					b.Add()
				}
			})
		}()
		<-time.After(time.Minute)
		cancel()
		<-ended
		if calls != 2 {
			t.Errorf("%d calls, want 2", calls)
		}
	})
}

// TestBurstAndAClockSetBack holds that the call isn't put off until the old time comes
// again.
func TestBurstAndAClockSetBack(t *testing.T) {
	clock := scheduletest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	b := schedule.NewBurst(schedule.BurstConfig{Clock: clock})
	b.Add()
	clock.Advance(-time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	b.Run(ctx, cancel)
}
