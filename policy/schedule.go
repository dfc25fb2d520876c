package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// schedule checks when the registry is asked, and gives the default where
// nothing is said.
func (d *decoding) schedule(text string) string {
	const path = "spec.schedule"
	if !d.has(path) {
		return defaultSchedule
	}
	if message := checkSchedule(text); message != "" {
		d.fail(path, message, `write five cron fields ("0 6 * * 1-5"), with CRON_TZ=Europe/Berlin before them where it matters, or "@every 5m"`)
	}
	return text
}

// checkSchedule says what is wrong with a schedule. The parser is that of
// robfig/cron, with its traps closed: it panics on a time zone that nothing
// follows, takes any interval under a second for a second, passes over an empty item of a
// list, and takes a date that never comes.
func checkSchedule(text string) string {
	quoted := quote(text)
	if len(text) > 256 {
		return "is longer than 256 characters"
	}
	if zone := strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="); zone && !strings.Contains(text, " ") {
		return quoted + " has a time zone and nothing else"
	}
	for _, field := range strings.Fields(text) {
		if strings.HasPrefix(field, ",") || strings.HasSuffix(field, ",") || strings.Contains(field, ",,") {
			return quoted + " has an empty item in a list"
		}
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return fmt.Sprintf("%s is not a schedule: %s", quoted, shorten(err.Error()))
	}
	if _, every, ok := strings.Cut(text, "@every "); ok {
		if interval, err := time.ParseDuration(strings.TrimSpace(every)); err != nil || interval < time.Second {
			return quoted + " is more often than once a second"
		}
	}
	// Any day will do: cron looks five years ahead, so that leap days come.
	if schedule.Next(time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return quoted + " never comes"
	}
	return ""
}
