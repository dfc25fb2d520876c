package commands_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// status --watch shows each change, and an interrupt is no failure.
func TestWatch(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/config.yaml": manifest("config", "one")})
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	cmd := exec.CommandContext(t.Context(), s.program, "status", "--watch")
	cmd.Env = []string{"HOME=" + s.home, "KUBECONFIG=" + s.kubeconfig, "PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // a test that hangs tells nothing
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	next := func(want ...string) {
		t.Helper()
		for lines.Scan() {
			t.Log(lines.Text())
			found := true
			for _, w := range want {
				found = found && strings.Contains(lines.Text(), w)
			}
			if found {
				return
			}
		}
		t.Fatalf("the output ends without a line of %q", want)
	}
	next("NAME", "READY", "MESSAGE")
	next("shop", "True")
	s.towline(0, "suspend", "shop")
	next("shop", "Suspended")
	s.must(cmd.Process.Signal(syscall.SIGINT))
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted, the command ends with %v", err)
	}
}
