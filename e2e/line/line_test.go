package line_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/registry/registrytest"
)

// patience bounds every wait for something that is told of. It is for a busy machine;
// nothing takes this long.
const patience = 2 * time.Minute

const (
	owner, repository = "acme", "deploy"
	updateBranch      = "towline/hello"
	tokenVariable     = "LINE_TOKEN"
)

// line is one manifest repository with its forge and its registry: examples/, with
// every reference at hello:1.0.0, and nothing newer published yet.
type line struct {
	*testing.T
	program  string // towline
	dir      string
	registry *registrytest.Server
	forge    *forgetest.Server
	api      string // root of the forge's API
	repo     *forgetest.Repo

	mu        sync.Mutex
	intercept interceptor
	served    chan struct{} // told, without a queue, after each request that the forge has served
}

// interceptor sees a request before the forge does, and says whether it has dealt
// with it.
type interceptor func(w http.ResponseWriter, r *http.Request) bool

func newLine(t *testing.T, program string) *line {
	t.Helper()
	l := &line{T: t, program: program, dir: t.TempDir(), registry: registrytest.New(t, registrytest.Options{}), served: make(chan struct{}, 1)}
	l.forge = forgetest.Start(t, forgetest.Config{PageUser: "alice"})
	front := httptest.NewServer(l)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})
	l.forge.SetBaseURL(front.URL)
	l.api = front.URL + "/api/v3"
	var err error
	if l.repo, err = l.forge.CreateRepo(owner, repository); err != nil {
		t.Fatal(err)
	}
	files := readExamples(t, l.registry.Host())
	if _, err := l.repo.Commit(forgetest.Commit{Branch: "main", Message: "Add the hello service", Author: "alice", Files: files}); err != nil {
		t.Fatal(err)
	}
	l.publish("1.0.0")
	return l
}

// ServeHTTP is the forge, behind whatever intercepts.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	intercept := l.intercept
	l.mu.Unlock()
	if intercept == nil || !intercept(w, r) {
		l.forge.ServeHTTP(w, r)
	}
	select {
	case l.served <- struct{}{}:
	default: // one is waiting to be taken already
	}
}

// onRequest puts an interceptor before the forge; nil takes it away.
func (l *line) onRequest(i interceptor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intercept = i
}

// awaitForge waits until the forge is as wanted. It looks again after each request
// that the forge has served.
func (l *line) awaitForge(what string, is func() bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	for !is() {
		select {
		case <-l.served:
		case <-ctx.Done():
			l.Fatalf("waited in vain for %s", what)
		}
	}
}

func (l *line) publish(version string) {
	l.Helper()
	if _, err := l.registry.Push("hello", version, time.Unix(0, 0), nil); err != nil {
		l.Fatal(err)
	}
}

// botConfig writes a configuration file of the bot, with a folder for its state.
func (l *line) botConfig(state, listen string) (file string) {
	l.Helper()
	file = filepath.Join(l.dir, state+".yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: BotConfig
stateDir: %q
listen: %q
repositories:
- url: %s
  interval: 2s
  auth: {tokenEnv: %s}
  forge: {type: github}
registries:
- {host: %q, plainHTTP: true}
`, filepath.Join(l.dir, state), listen, l.repo.CloneURL(), tokenVariable, l.registry.Host())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
	return file
}

// environment is what both halves run with.
func (l *line) environment() []string {
	return append(os.Environ(), tokenVariable+"="+forgetest.Token)
}

// command is a program that ends with the test at the latest. What it says on
// standard error comes with the test's failure.
func (l *line) command(program string, args ...string) (*exec.Cmd, *strings.Builder) {
	l.Helper()
	cmd := exec.CommandContext(l.Context(), program, args...)
	cmd.Env = l.environment()
	var said strings.Builder
	cmd.Stderr = &said
	return cmd, &said
}

// towline runs the program to its end, which must be a good one, and gives what it
// prints.
func (l *line) towline(args ...string) string {
	l.Helper()
	cmd, said := l.command(l.program, args...)
	out, err := cmd.Output()
	if err != nil {
		l.Fatalf("towline %s: %v\n%s%s", strings.Join(args, " "), err, out, said)
	}
	return string(out)
}

// botOnce runs one round of the bot.
func (l *line) botOnce(state string) {
	l.Helper()
	l.towline("bot", "--config", l.botConfig(state, ""), "--once")
}

// git runs the real git on the forge's own repository: a witness that shares no code
// with what is tested.
func (l *line) git(args ...string) string {
	l.Helper()
	cmd := exec.CommandContext(l.Context(), "git", append([]string{"--git-dir", l.repo.Dir()}, args...)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		l.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &said)
	}
	return string(out)
}

// branches are those of the forge's repository, sorted.
func (l *line) branches() []string {
	l.Helper()
	return strings.Fields(l.git("for-each-ref", "--format=%(refname:short)", "refs/heads"))
}

// onlyPullRequest gives the one pull request that there is.
func (l *line) onlyPullRequest() forge.PullRequest {
	l.Helper()
	pulls := l.repo.PullRequests()
	if len(pulls) != 1 {
		l.Fatalf("there are %d pull requests, want 1: %+v", len(pulls), pulls)
	}
	return pulls[0]
}

// drain reads a body that was sent to the forge, so that who sent it isn't cut off.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
