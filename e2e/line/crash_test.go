package line_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// TestCrash holds that a bot that is killed at any step, and started again with the
// state that it left or with none, makes exactly one pull request, or brings the one
// that is open to the new version.
func TestCrash(t *testing.T) {
	t.Parallel()
	program, crashbot := testbed.Towline(t), buildCrashbot(t)
	for _, kind := range []struct {
		name  string
		open  string // version of the pull request that is open already, if any
		steps []killed
	}{
		{name: "create", steps: []killed{
			{after: "read"}, {after: "list"}, {after: "commit"},
			{after: "push", pushed: true}, {after: "create", pushed: true, pulls: 1},
		}},
		{name: "update", open: "1.1.0", steps: []killed{
			{after: "read", pulls: 1}, {after: "list", pulls: 1}, {after: "commit", pulls: 1},
			{after: "push", pushed: true, pulls: 1}, {after: "update", pushed: true, pulls: 1},
		}},
	} {
		for _, at := range kind.steps {
			for _, state := range []string{"kept", "lost"} {
				t.Run(fmt.Sprintf("%s/%s/state %s", kind.name, at.after, state), func(t *testing.T) {
					t.Parallel()
					l := newLine(t, program)
					if kind.open != "" {
						l.publish(kind.open)
						l.botOnce("kept")
						l.wantUpdate(kind.open, "dependencies")
					}
					l.publish("1.2.0")
					l.killAfter(crashbot, at)
					l.botOnce(state)
					l.wantUpdate("1.2.0", "dependencies")
					l.wantSettled(state)
				})
			}
		}
	}
}

// killed is a step, and what is to be seen at the forge when the bot has died there.
type killed struct {
	after  string
	pushed bool // the branch has the new version
	pulls  int
}

func buildCrashbot(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crashbot")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./crashbot").CombinedOutput()
	if err != nil {
		t.Fatalf("building crashbot: %v\n%s", err, out)
	}
	return path
}

// killAfter runs a round that dies, and checks that it died when it should.
func (l *line) killAfter(crashbot string, at killed) {
	l.Helper()
	cmd, said := l.command(crashbot, "-config", l.botConfig("kept", ""), "-owner", owner, "-repo", repository, "-api", l.api, "-after", at.after)
	err := cmd.Run()
	if !testbed.BySIGKILL(err) {
		l.Fatalf("the bot ended with %v, want it killed after the step %q\n%s", err, at.after, said)
	}
	l.wantForge(at)
}

// wantForge checks what the killed bot has left at the forge.
func (l *line) wantForge(at killed) {
	l.Helper()
	if got := len(l.repo.PullRequests()); got != at.pulls {
		l.Errorf("the bot died with %d pull requests at the forge, want %d", got, at.pulls)
	}
	pushed := slices.Contains(l.branches(), updateBranch) &&
		strings.Contains(l.tree(updateBranch)["plain/deployment.yaml"], ":1.2.0")
	if pushed != at.pushed {
		l.Errorf("the bot died with the branch pushed: %t, want %t", pushed, at.pushed)
	}
}

// wantSettled checks that one more round finds nothing to do.
func (l *line) wantSettled(state string) {
	l.Helper()
	refs, pulls := l.git("for-each-ref"), fmt.Sprintf("%+v", l.repo.PullRequests())
	l.botOnce(state)
	if got := l.git("for-each-ref"); got != refs {
		l.Errorf("one more round changed the refs\nfrom\n%sto\n%s", refs, got)
	}
	if got := fmt.Sprintf("%+v", l.repo.PullRequests()); got != pulls {
		l.Errorf("one more round changed the pull requests\nfrom %s\nto   %s", pulls, got)
	}
}
