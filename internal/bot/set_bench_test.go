package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/internal/workdir/workdirtest"
)

// cost is what one editing of a tree took, in a process of its own.
type cost struct {
	Wall, CPU time.Duration
	Memory    int // the most that the process had in memory (VmHWM), in KiB
	Edited    int // files
}

// BenchmarkSet compares towline set with a round trip of the same tree through kyaml:
// read all, write all. Half of the files name one of 100 images. The changes are a new
// tag of 20 images (a tenth of the files), and 20 images that one file each names.
//
// Each runs in a process of its own, so that the memory is that of the process. The
// times are those of the work, without the process's start.
func BenchmarkSet(b *testing.B) {
	for _, files := range []int{10_000, 50_000} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) { compareSet(b, files) })
	}
}

func compareSet(b *testing.B, files int) {
	dir := b.TempDir()
	if err := workdirtest.Tree(dir, files); err != nil {
		b.Fatal(err)
	}
	var peer cost
	if files == 10_000 {
		b.Run("kyaml", func(b *testing.B) {
			peer = setMedian(b, files, func(int) cost { return setChild(b, "kyaml", dir) })
		})
	}
	for name, images := range map[string]bool{"images=20": true, "references=20": false} {
		b.Run(name, func(b *testing.B) {
			ours := setMedian(b, files, func(i int) cost {
				tag := strconv.Itoa(i) + time.Now().Format("-150405.000")
				return setChild(b, append([]string{"set", dir}, assignments(images, tag)...)...)
			})
			if want := 20 * files / 2 / workdirtest.Images; images && ours.Edited != want || !images && ours.Edited != 20 {
				b.Fatalf("%d references were edited, want %d", ours.Edited, want)
			}
			if peer.Wall > 0 {
				b.ReportMetric(float64(peer.Wall)/float64(ours.Wall), "times-faster")
				b.ReportMetric(float64(peer.CPU)/float64(ours.CPU), "times-less-CPU")
			}
		})
	}
}

// setMedian gives the median of the runs, which are at least three.
func setMedian(b *testing.B, files int, run func(i int) cost) cost {
	var costs []cost
	for i := 0; i < 3 || b.Loop(); i++ {
		costs = append(costs, run(i))
	}
	slices.SortFunc(costs, func(x, y cost) int { return int(x.Wall - y.Wall) })
	median := costs[len(costs)/2]
	b.ReportMetric(float64(median.Wall.Microseconds())/1000, "ms")
	b.ReportMetric(float64(median.CPU.Microseconds())/1000, "CPU-ms")
	b.ReportMetric(float64(files)/median.Wall.Seconds(), "files/s")
	b.ReportMetric(float64(median.Memory)/1024, "peak-MiB")
	b.ReportMetric(0, "ns/op")
	return median
}

// assignments are 20 changes: of images that many files name, or one each.
func assignments(images bool, tag string) []string {
	var args []string
	for i := range 20 {
		name := workdirtest.Image(i)
		if !images {
			name = workdirtest.Single(i)
		}
		args = append(args, name+"="+tag)
	}
	return args
}

// setChild runs TestSetChild in a process of its own.
func setChild(b *testing.B, args ...string) cost {
	b.Helper()
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), program, "-test.run=^TestSetChild$")
	result := filepath.Join(b.TempDir(), "cost")
	cmd.Env = append(os.Environ(), "TOWLINE_SET_CHILD="+strings.Join(args, "\n"), "TOWLINE_SET_RESULT="+result)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(result)
	if err != nil {
		b.Fatal(err)
	}
	var c cost
	if err := json.Unmarshal(data, &c); err != nil {
		b.Fatal(err)
	}
	return c
}

// TestSetChild is what BenchmarkSet runs in a process of its own.
func TestSetChild(t *testing.T) {
	given := os.Getenv("TOWLINE_SET_CHILD")
	if given == "" {
		t.Skip("the benchmark starts it")
	}
	args := strings.Split(given, "\n")
	var c cost
	start, cpu := time.Now(), cpuTime(t)
	switch args[0] {
	case "kyaml":
		// The default is what costs kyaml the least: with PreserveSeqIndent it looks
		// for the indentation of every document's sequences, too.
		rw := kio.LocalPackageReadWriter{PackagePath: args[1]}
		nodes, err := rw.Read()
		if err != nil {
			t.Fatal(err)
		}
		if err := rw.Write(nodes); err != nil {
			t.Fatal(err)
		}
	case "set":
		c.Edited = set(t, args[1], args[2:])
	}
	c.Wall, c.CPU, c.Memory = time.Since(start), cpuTime(t)-cpu, setPeak(t)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("TOWLINE_SET_RESULT"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// set does what the command does, and gives the number of edits.
func set(t *testing.T, path string, args []string) int {
	var wanted []bot.Assignment
	for _, arg := range args {
		a, err := bot.ParseAssignment(arg)
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, a)
	}
	dir, err := workdir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	debug.SetGCPercent(300) // as the command does
	debug.SetMemoryLimit(32 << 20)
	done, err := bot.Set(context.Background(), dir, wanted)
	if err != nil || len(done.Problems) > 0 {
		t.Fatal(err, done.Problems)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	return len(done.Edits)
}

// setPeak is the most that this process had in memory, in KiB.
func setPeak(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
