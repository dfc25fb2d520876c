package ledger_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/towline-dev/towline/internal/ledger"
)

// childFills is what TestFullDisk starts.
func childFills() func(io.Writer, string) error { return fill }

// fill writes steps where no file may be larger than a MiB, as on a full disk,
// says what it got done, and with which error it could do no more, five times.
func fill(out io.Writer, path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	n := 0
	l, err := ledger.Open(path, ledger.Options{Now: newClock().Now})
	if err != nil {
		return err
	}
	for refused := 0; refused < 5; {
		// A repository a step: that which doesn't fit is wholly absent.
		if _, err := l.Observe(fmt.Sprintf("r%05d", n), stepTags(2000)); err != nil {
			refused++
			say(out, "error "+err.Error())
			continue
		}
		n++
	}
	say(out, fmt.Sprintf("done %d", n))
	if got, err := l.Observe("r00000", stepTags(2000)); err != nil || got != (ledger.Report{}) {
		return fmt.Errorf("the full ledger isn't read: %+v, %w", got, err)
	}
	return l.Close()
}

// A full disk is a clear error on what doesn't fit, and no harm to the rest.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"=fill "+path)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	done := 0
	if _, err := fmt.Sscanf(lines[len(lines)-1], "done %d", &done); err != nil || done < 10 || len(lines) != 6 {
		t.Fatalf("the child said:\n%s", said)
	}
	if want := fmt.Sprintf(`error recording the tags of "r%05d": `, done); !strings.HasPrefix(lines[0], want) || !strings.HasSuffix(lines[0], syscall.EFBIG.Error()) {
		t.Errorf("the error is %q, want %q and the cause", lines[0], want)
	}
	l := openAt(t, path, newClock().now)
	if reason, fresh := l.Fresh(); fresh {
		t.Errorf("the ledger begins anew: %s", reason)
	}
	for n := range done + 1 {
		want := ledger.Report{First: n == done}
		if want.First {
			want.New = 2001
		}
		if got, err := l.Observe(fmt.Sprintf("r%05d", n), stepTags(2000)); err != nil || got != want {
			t.Errorf("repository %d of %d gives %+v, %v; want %+v", n, done, got, err, want)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
