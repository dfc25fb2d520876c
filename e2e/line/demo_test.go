package line_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemo holds that the demo exits 0 with a whole timeline, whose milestones follow
// one another. How long they took isn't judged here: that is the demo's to show, on a
// machine that does nothing else.
func TestDemo(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../demo").CombinedOutput(); err != nil {
		t.Fatalf("building the demo: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "KEEP=", "DEMO_KUBECONFIG=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the demo ends with %v:\n%s", err, out)
	}
	_, timeline, found := strings.Cut(string(out), "\n  timeline\n")
	if !found {
		t.Fatalf("the demo prints no timeline:\n%s", out)
	}
	row := regexp.MustCompile(`(?m)^  (\d\d:\d\d:\d\d\.\d{3})  (\S.*?) +\d+\.\d{3}s `)
	var names, times []string
	for _, match := range row.FindAllStringSubmatch(timeline, -1) {
		times, names = append(times, match[1]), append(names, match[2])
	}
	want := []string{"tag seen", "pull request opened", "merged", "applied", "healthy", "drift healed"}
	if !slices.Equal(names, want) {
		t.Errorf("the milestones are %q, want %q:\n%s", names, want, timeline)
	}
	if !inOrder(t, times) {
		t.Errorf("a milestone lies before the one that it follows:\n%s", timeline)
	}
}

// inOrder tells whether times of a day follow one another. A fall by more than half a
// day is midnight.
func inOrder(t *testing.T, times []string) bool {
	t.Helper()
	var last time.Time
	for _, text := range times {
		at, err := time.Parse("15:04:05.000", text)
		if err != nil {
			t.Fatal(err)
		}
		if back := last.Sub(at); !last.IsZero() && back > 0 && back < 12*time.Hour {
			return false
		}
		last = at
	}
	return true
}
