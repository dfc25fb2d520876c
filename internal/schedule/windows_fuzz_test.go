package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/policy"
)

// FuzzWindows holds that every window which a repository's settings may have is one, and
// that what Open says of a moment holds up to the moment that it names.
func FuzzWindows(f *testing.F) {
	f.Add("0 9 * * 1-5", "8h", "Europe/Berlin", int64(1795694400))
	f.Add("30 2 * * *", "1m", "America/New_York", int64(1772953200))
	f.Add("*/7 * 29 2 *", "168h", "Australia/Lord_Howe", int64(1791041400))
	f.Add("0 0 * * *", "24h", "Pacific/Apia", int64(1325239200))
	f.Add("59 23 31 12 0", "90m", "Africa/Casablanca", int64(1770000000))
	f.Fuzz(func(t *testing.T, spec, duration, zone string, unix int64) {
		file := fmt.Sprintf("{apiVersion: towline.dev/v1, kind: UpdateConfig, spec: {windows: [{schedule: %q, duration: %q, timeZone: %q}]}}", spec, duration, zone)
		c, err := policy.ParseUpdateConfig("f", []byte(file))
		if err != nil || unix < 0 || unix > 4e9 {
			return
		}
		w, err := schedule.NewWindows(c.Windows)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		now := time.Unix(unix, 0)
		open, until := w.Open(now)
		if words := w.Words(now); open != (words == "") {
			t.Errorf("open is %t, and the words are %q", open, words)
		}
		if until.IsZero() {
			return
		}
		if !until.After(now) {
			t.Errorf("%s at %s: until %s", file, now, until)
		}
		if still, _ := w.Open(until.Add(-time.Second)); still != open {
			t.Errorf("%s at %s: %t until %s, but not a second before", file, now, open, until)
		}
		if then, _ := w.Open(until); then == open {
			t.Errorf("%s at %s: %t until %s, and then still", file, now, open, until)
		}
		if strings.Contains(w.Words(now), "  ") {
			t.Errorf("words %q", w.Words(now))
		}
	})
}
