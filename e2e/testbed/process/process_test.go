package process_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed/process"
)

func TestAwaitReturnsWhenReady(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	p := start(t, `touch "$READY"; read line`, "READY="+ready)
	if err := p.Await(t.Context(), exists(ready)); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	p.Stop() // is allowed again
	if alive(p.PID()) {
		t.Error("the process is alive after Stop")
	}
}

func TestAwaitExplainsAnEarlyEnd(t *testing.T) {
	p := start(t, `echo "no such luck" >&2; exit 3`)
	err := p.Await(t.Context(), exists("/nonexistent"))
	if !errors.Is(err, process.ErrExited) {
		t.Fatalf("got %v, want an error that says that the process ended", err)
	}
	for _, want := range []string{"exit status 3", "no such luck"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q isn't in the error:\n%v", want, err)
		}
	}
}

func TestAwaitExplainsATimeout(t *testing.T) {
	p := start(t, `echo "still trying"; read line`)
	ctx, cancel := context.WithCancel(t.Context())
	probe := func(context.Context) error {
		cancel() // as if the time were over after the first look
		return errors.New("not yet")
	}
	err := p.Await(ctx, probe)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("got %v, want the context's error and what the probe said", err)
	}
}

func TestErrorHoldsTheEndOfALongLog(t *testing.T) {
	p := start(t, `i=0; while [ $i -lt 2000 ]; do echo "line number $i"; i=$((i+1)); done; exit 1`)
	err := p.Await(t.Context(), exists("/nonexistent"))
	var told *process.LogError
	if !errors.As(err, &told) {
		t.Fatalf("got %v, want a LogError", err)
	}
	if !strings.HasPrefix(told.Tail, "line number ") || !strings.HasSuffix(told.Tail, "line number 1999") || len(told.Tail) > 4<<10 {
		t.Errorf("the end of the log is %d bytes, %.20q … %.20q", len(told.Tail), told.Tail, told.Tail[len(told.Tail)-20:])
	}
}

func TestStartNamesAMissingProgram(t *testing.T) {
	_, err := process.Start(process.Spec{Name: "the ghost", Path: "/nonexistent", Log: filepath.Join(t.TempDir(), "log")})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "the ghost") {
		t.Errorf("got %v, want an error that names the ghost", err)
	}
}

func TestStopEndsAStubbornGroup(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	// Neither the shell nor its child gives way to SIGTERM.
	p := start(t, `trap "" TERM; sleep 1000 & echo $! >"$READY.part"; mv "$READY.part" "$READY"; while :; do wait; done`, "READY="+ready)
	if err := p.Await(t.Context(), exists(ready)); err != nil {
		t.Fatal(err)
	}
	child := readPID(t, ready)
	p.Stop()
	if alive(p.PID()) {
		t.Error("the process is alive after Stop")
	}
	awaitGone(t, child) // it was killed, which takes it a moment
}

func TestStopEndsASuspendedProcess(t *testing.T) {
	p := start(t, `read line`)
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if err := p.Signal(syscall.SIGCONT); !errors.Is(err, process.ErrExited) {
		t.Errorf("signalling a process that is gone: got %v, want ErrExited", err)
	}
}

// TestMain lets this test binary be the parent that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PROCESS_TEST_PARENT"); dir != "" {
		os.Exit(parent(dir))
	}
	os.Exit(m.Run())
}

// parent starts a child that would live on for long, and waits to be killed.
func parent(dir string) int {
	p, err := process.Start(process.Spec{
		Name: "the child", Path: "sleep", Args: []string{"1000"}, Log: filepath.Join(dir, "log"),
	})
	if err != nil {
		return 1
	}
	if _, err := os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n"); err != nil {
		return 1
	}
	<-p.Done()
	return 2
}

func TestChildDiesWithAKilledParent(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "PROCESS_TEST_PARENT="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(child) {
		t.Fatal("the child isn't there to begin with")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the killed parent ended well")
	}
	awaitGone(t, child)
}

// start runs a shell script that is ended with the test.
func start(t *testing.T, script string, env ...string) *process.Process {
	t.Helper()
	p, err := process.Start(process.Spec{
		Name: "the script", Path: "sh", Args: []string{"-c", script}, Env: append(os.Environ(), env...),
		Log: filepath.Join(t.TempDir(), "log"), Grace: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func exists(path string) func(context.Context) error {
	return func(context.Context) error {
		_, err := os.Stat(path)
		return err
	}
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// alive tells whether a process runs. One that has ended and that nobody has
// asked for its status doesn't.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// awaitGone waits until a process has ended: the kernel kills it right after
// its parent, but not before that can be seen.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for alive(pid) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("process %d lives on", pid)
		}
	}
}
