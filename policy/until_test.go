package policy_test

import (
	"testing"
	"time"

	"github.com/towline-dev/towline/policy"
)

func TestUntilWhenATagWaits(t *testing.T) {
	young, thin := old(), old()
	young.Since = now().Add(-70 * time.Hour)
	thin.Platforms = nil
	for _, tt := range []struct {
		name  string
		facts policy.Facts
		want  time.Time
	}{
		{"for its age", young, now().Add(2 * time.Hour)},
		{"for a platform", thin, time.Time{}},
		{"for a problem, whatever its age", policy.Facts{Since: young.Since, Problem: "is gone"}, time.Time{}},
		{"nobody knows since when it is there", policy.Facts{}, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, semverRange("*"), "minimumAge: 72h", "platforms: [linux/amd64]")
			k := &knowledge{facts: map[string]policy.Facts{"1.1.0": tt.facts}}
			r := policy.Request{Current: "1.0.0", Tags: []string{"1.0.0", "1.1.0"}, Facts: k.witness, Now: now()}
			choice, candidates, err := p.Explain(r)
			if err != nil {
				t.Fatal(err)
			}
			if len(choice.Waiting) != 1 || !choice.Waiting[0].Until.Equal(tt.want) {
				t.Errorf("waiting: %+v, want until %s", choice.Waiting, tt.want)
			}
			if last := candidates[len(candidates)-1]; last.Verdict != policy.Waits || !last.Until.Equal(tt.want) {
				t.Errorf("the last candidate is %+v, want one that waits until %s", last, tt.want)
			}
		})
	}
}
