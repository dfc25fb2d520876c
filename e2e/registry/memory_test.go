package registry_test

import (
	"bytes"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

const (
	million = 1_000_000
	// maxPeak is how much memory a scan of a million tags may take, in MB.
	maxPeak = 200
)

// vastLists are the two ways in which a registry can give a million tags.
func vastLists() map[string]vast {
	return map[string]vast{
		"paged":   {tags: million, pages: true},
		"unpaged": {tags: million},
	}
}

// TestScanOfAMillionTagsStaysSmall runs alone, not beside other tests: what this
// process holds counts too (see peak).
func TestScanOfAMillionTagsStaysSmall(t *testing.T) {
	for name, v := range vastLists() {
		t.Run(name, func(t *testing.T) {
			got := scanVast(t, v)
			t.Logf("the scan took %.0f MB at its peak", got)
			if got > maxPeak {
				t.Errorf("that is more than %d MB", maxPeak)
			}
		})
	}
}

func BenchmarkScanOfAMillionTags(b *testing.B) {
	for name, v := range vastLists() {
		b.Run(name, func(b *testing.B) {
			most := 0.0
			for b.Loop() {
				most = max(most, scanVast(b, v))
			}
			b.ReportMetric(most, "peak-MB")
		})
	}
}

// scanVast runs `towline scan` over one repository and returns its peak, in MB.
func scanVast(t testing.TB, v vast) float64 {
	t.Helper()
	p := newProgramFor(t, "pin: tag", startVast(t, v))
	cmd := p.command(t, "scan", "-o", "json", ".")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("scanning: %v\n%s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	got := rows(t, stdout.Bytes(), stderr.Bytes())
	// The highest x.y.z: 999,999 and those before it, back to 999,993, have other forms.
	if len(got) != 1 || got[0].Chosen != "1.999.993" {
		t.Fatalf("the scan gives %+v, want 1.999.993", got)
	}
	return peak(t, cmd)
}

// peak is the most memory, in MB, that an ended child held. On Linux a child
// starts with the peak of its parent, so this is never less than what was
// really held, and is only near it where the parent is the smaller of the two.
func peak(t testing.TB, cmd *exec.Cmd) float64 {
	t.Helper()
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Skip("SKIPPED, as this system doesn't tell what memory a process took")
	}
	unit := int64(1 << 10)
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return float64(usage.Maxrss*unit) / 1e6
}
