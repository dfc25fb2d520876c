package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxSpec bounds an expression, in bytes. The longest sensible ones are lists of minutes.
const maxSpec = 256

// Spec is a parsed expression. The zero value is never due.
type Spec struct {
	text string
	when cron.Schedule
}

// Parse reads five cron fields (minute, hour, day of month, month, day of
// week), or "@hourly", "@daily", "@weekly", "@monthly", "@yearly", or "@every"
// with a Go duration of at least a second: "@every 5m". "CRON_TZ=Europe/Berlin "
// in front sets the time zone of all but @every; without it the clock's own
// holds. Days match as in cron: where both kinds of day are given, either will do.
func Parse(text string) (Spec, error) {
	if err := check(text); err != nil {
		return Spec{}, fmt.Errorf("parsing schedule %q: %w", shorten(text), err)
	}
	when, err := cron.ParseStandard(strings.TrimSpace(text))
	if err != nil {
		return Spec{}, fmt.Errorf("parsing schedule %q: %w", text, err)
	}
	s := Spec{text: text, when: when}
	// The library looks five years ahead; from here that covers a leap year.
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Spec{}, fmt.Errorf("parsing schedule %q: no such moment ever comes", text)
	}
	return s, nil
}

// check refuses what the library panics on, or silently takes for something else.
func check(text string) error {
	if len(text) > maxSpec {
		return fmt.Errorf("longer than %d bytes", maxSpec)
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return errors.New("it is empty")
	}
	if zone := fields[0]; strings.HasPrefix(zone, "TZ=") || strings.HasPrefix(zone, "CRON_TZ=") {
		if len(fields) == 1 || !strings.HasPrefix(strings.TrimSpace(text), zone+" ") {
			return errors.New("the time zone must be followed by a space and an expression")
		}
		if strings.HasSuffix(zone, "=") {
			return errors.New("the time zone is missing")
		}
		fields = fields[1:]
	}
	for _, field := range fields {
		if strings.HasPrefix(field, ",") || strings.HasSuffix(field, ",") || strings.Contains(field, ",,") {
			return fmt.Errorf("an empty item in the list %q", field)
		}
	}
	if fields[0] != "@every" {
		return nil
	}
	if len(fields) != 2 {
		return errors.New(`expecting a duration after @every, such as "@every 5m"`)
	}
	// The library rounds to whole seconds, and shorter ones up to one.
	if d, err := time.ParseDuration(fields[1]); err == nil && (d < time.Second || d%time.Second != 0) {
		return errors.New("@every needs whole seconds, at least one")
	}
	return nil
}

// Next returns the first moment after t, in t's location; the zero time if none comes within five years.
func (s Spec) Next(t time.Time) time.Time {
	if s.when == nil {
		return time.Time{}
	}
	return s.when.Next(t)
}

// String returns the expression as it was written.
func (s Spec) String() string { return s.text }

func shorten(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}
