package line_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// TestTwins holds that bots that don't know of each other, on one repository at one
// time, make one pull request, and that none of them calls that a failure.
func TestTwins(t *testing.T) {
	t.Parallel()
	const bots = 4
	l := newLine(t, testbed.Towline(t))
	for _, version := range []string{"1.1.0", "1.2.0"} { // opened first, then brought to another version
		l.publish(version)
		var running [bots]*exec.Cmd
		var said [bots]*strings.Builder
		for i := range bots {
			running[i], said[i] = l.command(l.program, "bot", "--once", "--config", l.botConfig(fmt.Sprint("bot", i), ""))
			if err := running[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i, cmd := range running {
			if err := cmd.Wait(); err != nil {
				t.Errorf("bot %d ends with %v:\n%s", i, err, said[i])
			}
		}
		l.wantUpdate(version, "dependencies")
		l.wantSettled("bot0")
	}
}
