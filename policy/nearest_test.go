package policy_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/policy"
)

func TestNearest(t *testing.T) {
	known := []string{"schedule", "filterTags", "image", "pin", "paths", "ghcr.io/stefanprodan/podinfo"}
	for name, want := range map[string]string{
		"schedule": "schedule", "scedule": "schedule", "shcedule": "schedule", "schedules": "schedule",
		"filtertags": "filterTags", "FILTER_TAGS": "filterTags", "imgae": "image", "pn": "pin", "path": "paths",
		"ghcr.io/stefanprodan/podinf0": "ghcr.io/stefanprodan/podinfo",
		"":                             "", "x": "", "zzz": "", "minimumAge": "", "pinned-digest": "",
		strings.Repeat("schedule", 1000): "",
	} {
		if got := policy.Nearest(name, known); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
	for _, order := range [][]string{{"cat", "bat"}, {"bat", "cat"}} {
		if got := policy.Nearest("hat", order); got != "bat" {
			t.Errorf("of equally near names %q is taken, want the first by name", got)
		}
	}
	if got := policy.Nearest("image", nil); got != "" {
		t.Errorf("nothing is known, but %q is near", got)
	}
}
