package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/policy"
)

func windows(t *testing.T, all ...policy.Window) schedule.Windows {
	t.Helper()
	w, err := schedule.NewWindows(all)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWindows(t *testing.T) {
	office := policy.Window{Schedule: "0 9 * * 1-5", Duration: 8 * time.Hour, TimeZone: "Europe/Berlin"}
	night := policy.Window{Schedule: "0 22 * * *", Duration: 6 * time.Hour, TimeZone: "Europe/Berlin"}
	newYork := policy.Window{Schedule: "0 9 * * 1-5", Duration: 8 * time.Hour, TimeZone: "America/New_York"}
	early := policy.Window{Schedule: "30 2 * * *", Duration: 2 * time.Hour, TimeZone: "Europe/Berlin"}
	hourly := policy.Window{Schedule: "0 * * * *", Duration: 30 * time.Minute, TimeZone: "Europe/Berlin"}
	for _, tt := range []struct {
		name    string
		windows []policy.Window
		now     string
		open    bool
		until   string // as Go writes it in the window's zone; "" is never
	}{
		{"none", nil, "2026-11-26T12:00:00Z", true, ""},
		{"open", []policy.Window{office}, "2026-11-26T12:00:00Z", true, "2026-11-26T17:00:00+01:00"},
		{"it has just opened", []policy.Window{office}, "2026-11-26T08:00:00Z", true, "2026-11-26T17:00:00+01:00"},
		{"a second before", []policy.Window{office}, "2026-11-26T07:59:59Z", false, "2026-11-26T09:00:00+01:00"},
		{"a second before it shuts", []policy.Window{office}, "2026-11-26T15:59:59Z", true, "2026-11-26T17:00:00+01:00"},
		{"it has just shut", []policy.Window{office}, "2026-11-26T16:00:00Z", false, "2026-11-27T09:00:00+01:00"},
		{"over the weekend", []policy.Window{office}, "2026-11-27T16:00:00Z", false, "2026-11-30T09:00:00+01:00"},
		{"in summer", []policy.Window{office}, "2026-07-01T07:30:00Z", true, "2026-07-01T17:00:00+02:00"},
		{"over the weekend of the change", []policy.Window{office}, "2026-03-27T16:00:00Z", false, "2026-03-30T09:00:00+02:00"},
		{"before midnight", []policy.Window{night}, "2026-11-26T22:30:00Z", true, "2026-11-27T04:00:00+01:00"},
		{"after midnight", []policy.Window{night}, "2026-11-27T02:59:59Z", true, "2026-11-27T04:00:00+01:00"},
		{"a night over a clock put forward", []policy.Window{night}, "2026-03-29T00:00:00Z", true, "2026-03-29T05:00:00+02:00"},
		{"a night over a clock put back", []policy.Window{night}, "2026-10-25T00:00:00Z", true, "2026-10-25T03:00:00+01:00"},
		{"overlapping", []policy.Window{office, newYork}, "2026-11-26T12:00:00Z", true, "2026-11-26T22:00:00Z"},
		{"the first of two zones", []policy.Window{newYork, office}, "2026-11-26T23:00:00Z", false, "2026-11-27T09:00:00+01:00"},
		{"touching", []policy.Window{office, {Schedule: "0 16 * * *", Duration: time.Hour}}, "2026-11-26T12:00:00Z", true, "2026-11-26T17:00:00Z"},
		{"one within another", []policy.Window{office, {Schedule: "0 12 * * *", Duration: time.Hour}}, "2026-11-26T11:00:00Z", true, "2026-11-26T17:00:00+01:00"},
		{"before a beginning in the gap", []policy.Window{early}, "2026-03-29T00:59:59Z", false, "2026-03-29T03:00:00+02:00"},
		{"a beginning in the gap", []policy.Window{early}, "2026-03-29T01:00:00Z", true, "2026-03-29T05:00:00+02:00"},
		{"after the gap's day", []policy.Window{early}, "2026-03-29T03:00:00Z", false, "2026-03-30T02:30:00+02:00"},
		{"an hour twice", []policy.Window{early}, "2026-10-25T00:30:00Z", true, "2026-10-25T04:30:00+01:00"},
		{"an hour twice, later", []policy.Window{early}, "2026-10-25T03:29:59Z", true, "2026-10-25T04:30:00+01:00"},
		{"hourly, before the second one", []policy.Window{hourly}, "2026-10-25T00:45:00Z", false, "2026-10-25T02:00:00+01:00"},
		{"hourly, in the second one", []policy.Window{hourly}, "2026-10-25T01:15:00Z", true, "2026-10-25T02:30:00+01:00"},
		{"a gap of half an hour", []policy.Window{{Schedule: "15 2 * * *", Duration: time.Hour, TimeZone: "Australia/Lord_Howe"}}, "2026-10-03T15:29:00Z", false, "2026-10-04T02:30:00+11:00"},
		{"a day that never was", []policy.Window{{Schedule: "0 12 30 12 *", Duration: time.Hour, TimeZone: "Pacific/Apia"}}, "2011-12-30T09:59:59Z", false, "2011-12-31T00:00:00+14:00"},
		{"once in four years", []policy.Window{{Schedule: "0 0 29 2 *", Duration: time.Hour, TimeZone: "Europe/Berlin"}}, "2026-11-26T12:00:00Z", false, "2028-02-29T00:00:00+01:00"},
		{"always, by minutes", []policy.Window{{Schedule: "* * * * *", Duration: time.Minute}}, "2026-11-26T12:00:30Z", true, ""},
		{"always, by weeks", []policy.Window{{Schedule: "0 0 * * 1", Duration: 7 * 24 * time.Hour}}, "2026-11-26T12:00:00Z", true, ""},
		{"always, by what overlaps much", []policy.Window{{Schedule: "* * * * *", Duration: 7 * 24 * time.Hour}}, "2026-11-26T12:00:00Z", true, ""},
		{"half an hour from Greenwich", []policy.Window{{Schedule: "0 9 * * *", Duration: time.Hour, TimeZone: "Asia/Kolkata"}}, "2026-11-26T03:30:00Z", true, "2026-11-26T10:00:00+05:30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			open, until := windows(t, tt.windows...).Open(moment(t, tt.now))
			got := ""
			if !until.IsZero() {
				got = until.Format(time.RFC3339)
			}
			if tt.until != "" && until.Equal(moment(t, tt.until)) && open {
				got = tt.until // whose zone the end is given in doesn't matter
			}
			if open != tt.open || got != tt.until {
				t.Errorf("at %s: %t until %s, want %t until %s", tt.now, open, got, tt.open, tt.until)
			}
		})
	}
}

// TestWindowsAgree holds, minute for minute over both changes of the clock, that Open
// agrees with itself: open until what it said, shut until what it said.
func TestWindowsAgree(t *testing.T) {
	w := windows(t,
		policy.Window{Schedule: "30 2 * * *", Duration: 45 * time.Minute, TimeZone: "Europe/Berlin"},
		policy.Window{Schedule: "0 20 * * 5,6", Duration: 6*time.Hour + 15*time.Minute, TimeZone: "America/New_York"},
		policy.Window{Schedule: "*/20 4-6 * * *", Duration: 10 * time.Minute, TimeZone: "Australia/Lord_Howe"},
	)
	for _, from := range []string{"2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2026-10-03T00:00:00Z"} {
		now := moment(t, from)
		open, until := w.Open(now)
		for range 4 * 24 * 60 {
			now = now.Add(time.Minute)
			nowOpen, nowUntil := w.Open(now)
			if now.Before(until) != (nowOpen == open) || now.Before(until) && !nowUntil.Equal(until) {
				t.Fatalf("%s: %t until %s, though it was %t until %s", now, nowOpen, nowUntil, open, until)
			}
			open, until = nowOpen, nowUntil
		}
	}
}

func TestWindowsInWords(t *testing.T) {
	w := windows(t, policy.Window{Schedule: "0 9 * * 1-5", Duration: 8 * time.Hour, TimeZone: "Europe/Berlin"})
	for now, want := range map[string]string{
		"2026-11-27T16:00:00Z": "the window opens on Mon 2026-11-30 09:00 CET",
		"2026-07-04T16:00:00Z": "the window opens on Mon 2026-07-06 09:00 CEST",
		"2026-11-27T12:00:00Z": "",
	} {
		if got := w.Words(moment(t, now)); got != want {
			t.Errorf("at %s: %q, want %q", now, got, want)
		}
	}
	if got := windows(t).Words(moment(t, "2026-11-27T12:00:00Z")); got != "" {
		t.Errorf("without windows: %q", got)
	}
}

func TestNewWindowsRefuses(t *testing.T) {
	for want, w := range map[string]policy.Window{
		"not five cron fields": {Schedule: "@daily", Duration: time.Hour},
		"is not five cron":     {Schedule: "CRON_TZ=UTC 0 9 * * *", Duration: time.Hour},
		"parsing schedule":     {Schedule: "0 9 * *", Duration: time.Hour},
		"time zone":            {Schedule: "0 9 * * *", Duration: time.Hour, TimeZone: "Mars/Base"},
		"lasts 0s":             {Schedule: "0 9 * * *"},
	} {
		if _, err := schedule.NewWindows([]policy.Window{w}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", w, err, want)
		}
	}
}
