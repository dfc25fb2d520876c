// Package bare keeps bare Git repositories for test forges, and serves them over
// smart HTTP. It runs the real git, 2.38 or newer.
package bare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Git runs the git command, shut off from the machine's configuration.
type Git struct {
	home string
	path string
	env  []string

	mu    sync.Mutex
	known map[string]answer // of RunFixed, by directory and arguments
}

var gitVersion = regexp.MustCompile(`git version (\d+)\.(\d+)`)

// New finds git, sees that it knows merge-tree --write-tree, and has it work in a
// directory, which must exist.
func New(dir string) (*Git, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("working in %q: there is no such directory", dir)
	}
	home, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("working in %q: %w", dir, err)
	}
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("looking for git: %w", err)
	}
	g := &Git{path: path, home: home, known: map[string]answer{}, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C", "TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}}
	out, err := g.Run("", nil, "--version")
	if err != nil {
		return nil, err
	}
	match := gitVersion.FindStringSubmatch(out)
	if match == nil {
		return nil, fmt.Errorf("asking git for its version: it said %q", out)
	}
	major, _ := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	if major < 2 || major == 2 && minor < 38 {
		return nil, fmt.Errorf("git %d.%d is too old: 2.38 is the first that merges without a work tree", major, minor)
	}
	return g, nil
}

// Home is the directory, as an absolute path.
func (g *Git) Home() string { return g.home }

// gitTimeout bounds each command; all of them are local.
const gitTimeout = time.Minute

// gitError is a command that ended with a code of its own choice.
type gitError struct {
	command string
	code    int
	stderr  string
}

func (e *gitError) Error() string {
	return fmt.Sprintf("git %s: exit status %d: %s", e.command, e.code, strings.TrimSpace(e.stderr))
}

// ExitCode gives the code with which git ended, or -1.
func ExitCode(err error) int {
	var failed *gitError
	if errors.As(err, &failed) {
		return failed.code
	}
	return -1
}

// Run runs git in a directory and gives its output without the final line end.
func (g *Git) Run(dir string, input []byte, args ...string) (string, error) {
	return g.RunEnv(dir, nil, input, args...)
}

// maxKnown bounds the answers that are kept.
const maxKnown = 10000

// answer is what git said once.
type answer struct {
	out string
	err error
}

// RunFixed is Run for commands whose answer can't change, for all of their arguments are
// names of objects: git is asked once.
func (g *Git) RunFixed(dir string, args ...string) (string, error) {
	key := strings.Join(append([]string{dir}, args...), "\x00")
	g.mu.Lock()
	known, ok := g.known[key]
	g.mu.Unlock()
	if ok {
		return known.out, known.err
	}
	out, err := g.Run(dir, nil, args...)
	if err == nil || ExitCode(err) == 1 { // a no; other codes may be for want of an object
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.known) >= maxKnown {
			clear(g.known)
		}
		g.known[key] = answer{out, err}
	}
	return out, err
}

// RunEnv is Run with more in the environment.
func (g *Git) RunEnv(dir string, env []string, input []byte, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), gitTimeout)
	defer cancel()
	cmd := g.Command(ctx, dir, args...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return strings.TrimSuffix(stdout.String(), "\n"), &gitError{command: args[0], code: exit.ExitCode(), stderr: stderr.String()}
		}
		return "", fmt.Errorf("running git %s: %w", args[0], err)
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// Command prepares git. Arguments are fixed words, names that git has checked,
// or follow a "--end-of-options".
func (g *Git) Command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, args...) // #nosec G204 -- a test server that runs git is what this is
	cmd.Dir = dir
	cmd.Env = append([]string{}, g.env...)
	return cmd
}
