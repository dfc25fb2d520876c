package ledger_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/ledger"
)

const childEnv = "LEDGER_TEST_CHILD"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	job, path, _ := strings.Cut(os.Getenv(childEnv), " ")
	children := map[string]func(io.Writer, string) error{"write": childWrites, "compact": childCompacts, "fill": childFills()}
	child, ok := children[job]
	if !ok || child == nil {
		os.Exit(m.Run())
	}
	if err := child(os.Stdout, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func say(out io.Writer, what string) {
	// The reader kills us; that it no longer listens is part of the test.
	_, _ = fmt.Fprintln(out, what)
}

// stepTime is the time of a step of childWrites.
func stepTime(n int) time.Time { return newClock().now.Add(time.Duration(n) * time.Minute) }

func stepTags(n int) []string {
	tags := make([]string, n+1)
	for i := range tags {
		tags[i] = fmt.Sprintf("%06d", i)
	}
	return tags
}

// step writes thrice: the tag of its number is new, stands for a digest, has an image.
func step(l *ledger.Ledger, n int) error {
	tags := stepTags(n)
	if _, err := l.Observe(repository, tags); err != nil {
		return err
	}
	if _, err := l.Sighting(repository, tags[n], digestA); err != nil {
		return err
	}
	l.Images().Put(tags[n], make([]byte, 3000))
	return nil
}

// childWrites goes on where the ledger is, step by step, and says which is done.
func childWrites(out io.Writer, path string) error {
	n := 0
	l, err := ledger.Open(path, ledger.Options{Now: func() time.Time { return stepTime(n) }, ImageBytes: 1 << 20})
	if err != nil {
		return err
	}
	for {
		if _, ok := l.Images().Get(fmt.Sprintf("%06d", n)); !ok {
			break
		}
		n++
	}
	for ; ; n++ {
		if err := step(l, n); err != nil {
			return err
		}
		say(out, fmt.Sprint(n))
	}
}

// A process is killed at random points of its writing, many times over one file. What
// it said was written is there, and of what it didn't say at most one write.
func TestKilledWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	done := -1
	for round := 0; round < 40 || done < 20 && round < 400; round++ {
		if lines := killed(t, "write "+path, rand.IntN(12), rand.N(5*time.Millisecond)); len(lines) > 0 { //nolint:gosec // G404: which moment it is is no secret
			if _, err := fmt.Sscan(lines[len(lines)-1], &done); err != nil {
				t.Fatal(err)
			}
		}
		l := openAt(t, path, stepTime(1_000_000))
		if reason, fresh := l.Fresh(); fresh && done >= 0 {
			t.Fatalf("round %d: the ledger begins anew: %s", round, reason)
		}
		if done >= 0 {
			sameAs(t, l, done)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if done < 20 {
		t.Errorf("only %d steps were done", done)
	}
	if aside, err := filepath.Glob(path + "?*"); err != nil || len(aside) != 0 {
		t.Errorf("beside the ledger lie %q (%v)", aside, err)
	}
}

// sameAs sees that the steps up to the one that was said to be done are in the ledger.
// Nothing is written by asking, as all is known.
func sameAs(t *testing.T, l *ledger.Ledger, done int) {
	t.Helper()
	for n := range done + 1 {
		got, err := l.Sighting(repository, fmt.Sprintf("%06d", n), digestA)
		if want := (ledger.Sighting{Since: stepTime(n), Bootstrapped: n == 0}); err != nil || got != want {
			t.Fatalf("step %d of %d: got %+v, %v; want %+v", n, done, got, err, want)
		}
	}
	if _, ok := l.Images().Get(fmt.Sprintf("%06d", done)); !ok {
		t.Fatalf("the image of step %d is lost", done)
	}
}

// childCompacts opens a ledger that is mostly free, over and over.
func childCompacts(out io.Writer, path string) error {
	for {
		if err := os.WriteFile(path+".next", nil, 0o600); err != nil {
			return err
		}
		if err := copyFile(path+".full", path+".next"); err != nil {
			return err
		}
		if err := os.Rename(path+".next", path); err != nil {
			return err
		}
		say(out, "open")
		l, err := ledger.Open(path, ledger.Options{})
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// A process is killed while it writes the ledger anew: either file holds everything.
func TestKilledCompacting(t *testing.T) {
	b := newBench(t)
	start := b.clock.now
	for i := range 500 {
		b.Images().Put(fmt.Sprint(i), make([]byte, 10_000))
	}
	fillAndForget(b)
	full := b.path + ".full"
	if err := errors.Join(b.Close(), copyFile(b.path, full)); err != nil {
		t.Fatal(err)
	}
	whole, midway := size(t, full), 0
	for round := range 15 {
		killed(t, "compact "+b.path, 1+round%2, rand.N(60*time.Millisecond)) //nolint:gosec // G404: which moment it is is no secret
		if _, err := os.Stat(b.path + ".compact"); err == nil {
			midway++
		}
		l := openAt(t, b.path, b.clock.now)
		if reason, fresh := l.Fresh(); fresh {
			t.Fatalf("round %d: the ledger begins anew: %s", round, reason)
		}
		got, err := l.Sighting(repository, "1", digestA)
		if want := (ledger.Sighting{Since: start, Bootstrapped: true}); err != nil || got != want {
			t.Errorf("round %d: got %+v, %v; want %+v", round, got, err, want)
		}
		for i := range 500 {
			if _, ok := l.Images().Get(fmt.Sprint(i)); !ok {
				t.Fatalf("round %d: image %d is lost", round, i)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if after := size(t, b.path); after*2 > whole {
			t.Errorf("round %d: the file of %d bytes is of %d", round, whole, after)
		}
	}
	t.Logf("%d of 15 were killed between the beginning and the end", midway)
	b.open()
}

func openAt(t *testing.T, path string, now time.Time) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path, ledger.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// killed starts a child, kills it some time after it has said so many lines, and gives
// all that it said.
func killed(t *testing.T, job string, lines int, after time.Duration) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+job)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	scanner := bufio.NewScanner(out)
	for len(said) < lines && scanner.Scan() {
		said = append(said, scanner.Text())
	}
	<-time.After(after) // any moment will do; that it is another each time is the test
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for scanner.Scan() {
		said = append(said, scanner.Text())
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child wasn't killed: %v\n%s", err, stderr.String())
	}
	return said
}
