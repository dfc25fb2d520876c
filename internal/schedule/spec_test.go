package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
)

func TestParse(t *testing.T) {
	const from = "2026-03-28T22:58:30Z" // a Saturday; clocks go forward in Berlin that night
	tests := []struct{ spec, want string }{
		{"* * * * *", "2026-03-28T22:59:00Z"},
		{"*/5 * * * *", "2026-03-28T23:00:00Z"},
		{"  0   9 * * 1-5 ", "2026-03-30T09:00:00Z"},
		{"0 9 * * mon", "2026-03-30T09:00:00Z"},
		{"0 0 29 2 *", "2028-02-29T00:00:00Z"},
		{"0 0 1 * 0", "2026-03-29T00:00:00Z"}, // the first, or a Sunday
		{"CRON_TZ=Europe/Berlin 0 9 * * *", "2026-03-29T07:00:00Z"},
		{"TZ=America/New_York 0 9 * * *", "2026-03-29T13:00:00Z"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-30T00:30:00Z"}, // 02:30 isn't there on the 29th
		{"@hourly", "2026-03-28T23:00:00Z"},
		{"@daily", "2026-03-29T00:00:00Z"},
		{"@weekly", "2026-03-29T00:00:00Z"},
		{"@monthly", "2026-04-01T00:00:00Z"},
		{"@yearly", "2027-01-01T00:00:00Z"},
		{"@every 5m", "2026-03-28T23:03:30Z"},
		{"@every 1s", "2026-03-28T22:58:31Z"},
		{"@every 1h30m", "2026-03-29T00:28:30Z"},
		{"CRON_TZ=Europe/Berlin @daily", "2026-03-28T23:00:00Z"},
	}
	start, err := time.Parse(time.RFC3339, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		s, err := schedule.Parse(tt.spec)
		if err != nil {
			t.Errorf("%q: %v", tt.spec, err)
			continue
		}
		if got := s.Next(start).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%q: next is %s, want %s", tt.spec, got, tt.want)
		}
		if s.String() != tt.spec {
			t.Errorf("%q: String is %q", tt.spec, s)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]string{ // spec → what the message holds
		"":                                      "empty",
		" \t":                                   "empty",
		"* * * *":                               "expected exactly 5 fields",
		"* * * * * *":                           "expected exactly 5 fields",
		"60 * * * *":                            "above maximum",
		"5-1 * * * *":                           "beyond end of range",
		"*/0 * * * *":                           "step of range",
		"x * * * *":                             "x",
		", * * * *":                             "empty item",
		"1,,2 * * * *":                          "empty item",
		"0 0 30 2 *":                            "no such moment",
		"@sometimes":                            "unrecognized descriptor",
		"@every":                                "expecting a duration",
		"@every 5m 5s":                          "expecting a duration",
		"@every soon":                           "soon",
		"@every 500ms":                          "whole seconds",
		"@every 1500ms":                         "whole seconds",
		"@every -5m":                            "whole seconds",
		"@every 0s":                             "whole seconds",
		"CRON_TZ=UTC":                           "followed by a space",
		"CRON_TZ=UTC\t* * * * *":                "followed by a space",
		"TZ= * * * * *":                         "time zone is missing",
		"CRON_TZ=Nowhere/X * * * * *":           "Nowhere/X",
		"CRON_TZ=../../etc * * * * *":           "etc",
		strings.Repeat("1,", 200) + "1 * * * *": "longer than 256 bytes",
	}
	for spec, want := range tests {
		_, err := schedule.Parse(spec)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "parsing schedule ") {
			t.Errorf("%q: error %v, want one with %q", spec, err, want)
		}
	}
}

func TestZeroSpecIsNeverDue(t *testing.T) {
	if got := (schedule.Spec{}).Next(time.Now()); !got.IsZero() {
		t.Errorf("next is %s", got)
	}
}

// FuzzParse: no expression panics or hangs, and what is accepted has a next
// moment that lies ahead and comes in order.
func FuzzParse(f *testing.F) {
	for _, spec := range []string{
		"*/5 * * * *", "CRON_TZ=Europe/Berlin 0 9 * * 1-5", "TZ=UTC", "@every 5m", "@hourly", "1-59/7,3 0 29 2 sun", "@every 9223372036s",
	} {
		f.Add(spec)
	}
	from := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedule.Parse(text)
		if err != nil {
			return
		}
		first := s.Next(from)
		if !first.After(from) {
			t.Fatalf("%q: next of %s is %s", text, from, first)
		}
		if second := s.Next(first); !second.IsZero() && !second.After(first) {
			t.Fatalf("%q: next of %s is %s", text, first, second)
		}
	})
}
