package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/towline-dev/towline/policy"
)

const (
	// maxAhead is how far Open looks for the end of windows that follow each other, longer
	// than any one lasts, and maxSteps how many of them it joins.
	maxAhead = 8 * 24 * time.Hour
	maxSteps = 1000
	// maxPeriods bounds the changes of a zone's offset between now and a window that comes
	// once in four years.
	maxPeriods = 64
)

// Windows are times in which something may happen. The zero value is always open.
type Windows struct{ all []window }

type window struct {
	begins Spec // of the wall clock; it is never asked about a zone
	lasts  time.Duration
	zone   *time.Location
}

// NewWindows makes the windows of a repository's settings. Time zones are looked up in
// the IANA database of the machine or the program.
func NewWindows(windows []policy.Window) (Windows, error) {
	var w Windows
	for _, each := range windows {
		begins, err := Parse(each.Schedule)
		if err != nil {
			return Windows{}, fmt.Errorf("reading a window: %w", err)
		}
		if strings.ContainsAny(each.Schedule, "@=") {
			return Windows{}, fmt.Errorf("reading a window: %q is not five cron fields", shorten(each.Schedule))
		}
		zone, err := time.LoadLocation(each.TimeZone)
		if err != nil {
			return Windows{}, fmt.Errorf("reading a window's time zone: %w", err)
		}
		if each.Duration <= 0 {
			return Windows{}, fmt.Errorf("reading a window: it lasts %s", each.Duration)
		}
		w.all = append(w.all, window{begins: begins, lasts: each.Duration, zone: zone})
	}
	return w, nil
}

// Open reports whether one of the windows is open, and until when: where they overlap or
// touch, until the last one ends. Otherwise it gives when the first one opens, in that
// window's zone. The zero time is never, or, where windows follow each other for days, not
// within a week.
//
// A window begins by its zone's wall clock and lasts its duration, however the clock is
// changed meanwhile. One that would begin in an hour that is left out begins when that
// hour would have ended; in an hour that comes twice it begins twice.
func (w Windows) Open(now time.Time) (open bool, until time.Time) {
	if len(w.all) == 0 {
		return true, time.Time{}
	}
	until = now
	for range maxSteps {
		end := w.end(until)
		if !end.After(until) {
			break
		}
		if open, until = true, end; until.Sub(now) >= maxAhead {
			return true, time.Time{}
		}
	}
	switch {
	case open && w.end(until).After(until):
		return true, time.Time{}
	case open:
		return true, until
	}
	until = time.Time{}
	for _, each := range w.all {
		if next := each.next(now); !next.IsZero() && (until.IsZero() || next.Before(until)) {
			until = next
		}
	}
	return false, until
}

// Words says when the windows open, "the window opens on Mon 2026-11-30 09:00 CET"; ""
// where one is open.
func (w Windows) Words(now time.Time) string {
	switch open, until := w.Open(now); {
	case open:
		return ""
	case until.IsZero():
		return "no window opens any more"
	default:
		return "the window opens on " + until.Format("Mon 2006-01-02 15:04 MST")
	}
}

// end gives the latest end of the windows that are open at t, or the zero time.
func (w Windows) end(t time.Time) time.Time {
	var last time.Time
	for _, each := range w.all {
		// The latest beginning is the one that counts. There is only a way forward
		// through a schedule, so it is looked for in spans that grow.
		for _, span := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, each.lasts} {
			span = min(span, each.lasts)
			if begin := each.next(t.Add(-span)); !begin.IsZero() && !begin.After(t) {
				if end := begin.Add(each.lasts); end.After(last) {
					last = end
				}
				break
			}
		}
	}
	return last
}

// next gives the first beginning after t, in the window's zone; the zero time where none
// comes within some years. The schedule is asked about the wall clock alone, one period
// of a constant offset after the other.
func (w window) next(t time.Time) time.Time {
	t = t.In(w.zone)
	wall := wallClock(t)
	for range maxPeriods {
		begin := w.begins.Next(wall)
		if begin.IsZero() {
			return time.Time{}
		}
		at := t.Add(begin.Sub(wallClock(t)))
		_, change := t.ZoneBounds()
		if change.IsZero() || at.Before(change) {
			return at
		}
		change = change.In(w.zone)
		if begin.Before(wallClock(change)) {
			return change // the clock is put forward over it
		}
		t, wall = change, wallClock(change).Add(-time.Second)
	}
	return time.Time{}
}

// wallClock gives what the clock on the wall shows, as a time in UTC, where every hour
// comes once.
func wallClock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
