package drift_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/drift"
)

func TestTheFirstChangeIsToldAtOnceAndABurstOnce(t *testing.T) {
	play(t, drift.Config{Debounce: 100 * time.Millisecond}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		s.watched(5, live("web", 5, "towline a"))
		s.reader.Seen(live("web", 6, "kubectl!a"))
		if got := s.told(0); len(got) != 1 {
			s.Errorf("told %q, want one event at once", got)
		}
		s.applied(live("web", 7, "towline a"))
		s.reader.Seen(live("web", 8, "kubectl!a"))
		s.reader.Seen(live("web", 9, "kubectl!a", "other!z"))
		if got := s.told(99 * time.Millisecond); got != nil {
			s.Errorf("told %q before the debounce was over", got)
		}
		s.reader.Seen(live("web", 10, "towline a")) // taken back
		s.unchanged("web", true)
		s.reader.Seen(live("web", 11, "kubectl!a"))
		if got := s.told(101 * time.Millisecond); len(got) != 1 {
			s.Errorf("told %q, want one event in the end", got)
		}
	})
}

func TestFightsBackOff(t *testing.T) {
	patience := drift.Patience{Free: 2, First: time.Second, Most: 5 * time.Second, Quiet: time.Minute}
	play(t, drift.Config{Patience: patience}, func(s *scene) {
		s.applied(live("web", 1, "towline a"))
		s.watched(1, live("web", 1, "towline a"))
		var delays []time.Duration
		version := 1
		fight := func() {
			version += 2
			s.reader.Seen(live("web", version-1, "hpa!a"))
			<-time.After(10 * time.Second)
			synctest.Wait()
			for _, event := range s.events {
				delays = append(delays, event.Delay)
			}
			s.events = nil
			s.applied(live("web", version, "towline a"))
		}
		for range 6 {
			fight()
		}
		<-time.After(2 * time.Minute)
		fight()
		want := []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 0}
		if diff := cmp.Diff(want, delays); diff != "" {
			s.Errorf("delays (-want +got):\n%s", diff)
		}
	})
}
