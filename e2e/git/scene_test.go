package git_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// patience bounds a run of the bot. It is for a busy machine; nothing takes this long.
const patience = 5 * time.Minute

// tokenVariable is where the bot finds Gitea's token.
const tokenVariable = "GIT_TEST_TOKEN"

// scene is a Gitea, a registry, and the bot's program.
type scene struct {
	*testing.T
	gitea    *testbed.GiteaServer
	registry *testbed.Registry
	plain    *gitrepotest.Server // git-http-backend without hooks, where a test wants it
	program  string              // towline
	dir      string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	return &scene{
		T: t, gitea: testbed.Gitea(t), registry: testbed.Distribution(t),
		program: testbed.Towline(t), dir: t.TempDir(),
	}
}

// bare makes a repository at the plain server, which is started when it is first
// needed. It has no owner.
func (s *scene) bare(name string) testbed.GiteaRepo {
	s.Helper()
	if s.plain == nil {
		s.plain = gitrepotest.New(s.T)
	}
	return testbed.GiteaRepo{Name: name, URL: s.plain.Create(name)}
}

// image is the name of an image in the scene's registry.
func (s *scene) image(name string) string { return s.registry.Host + "/" + name }

// publish gives an image more tags.
func (s *scene) publish(name string, tags ...string) {
	s.Helper()
	if _, err := s.registry.WriteTags(name, tags); err != nil {
		s.Fatal(err)
	}
}

// served is a repository that a bot looks after.
type served struct {
	testbed.GiteaRepo
	forge  string // gitea when empty
	gitea  string // where that is, when it isn't the scene's
	branch string // main when empty
	paths  string // the one folder that the bot looks at; everywhere when empty
	ssh    *login // HTTP when nil
}

// login is how a bot signs in over SSH.
type login struct{ url, key, knownHosts string }

// botConfig writes a configuration of the bot with its state in the folder of that
// name.
func (s *scene) botConfig(state string, repos ...served) (file string) {
	s.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: towline.dev/v1\nkind: BotConfig\nstateDir: %q\nrepositories:\n", s.stateDir(state))
	for _, r := range repos {
		if r.ssh == nil {
			fmt.Fprintf(&text, "- url: %s\n  auth: {tokenEnv: %s}\n", r.URL, tokenVariable)
		} else {
			fmt.Fprintf(&text, "- url: %s\n  auth: {tokenEnv: %s, ssh: {privateKeyFile: %q, knownHostsFile: %q}}\n", r.ssh.url, tokenVariable, r.ssh.key, r.ssh.knownHosts)
		}
		if r.paths != "" {
			fmt.Fprintf(&text, "  paths: [%q]\n", r.paths)
		}
		if r.branch != "" {
			fmt.Fprintf(&text, "  branch: %q\n", r.branch)
		}
		if r.forge != "" {
			fmt.Fprintf(&text, "  forge: {type: %s}\n", r.forge)
		} else {
			fmt.Fprintf(&text, "  forge: {type: gitea, url: %s}\n", cmp.Or(r.gitea, s.gitea.URL))
		}
	}
	// What is published as library/NAME is what NAME means in a manifest, too.
	fmt.Fprintf(&text, "registries:\n- {host: %q, plainHTTP: true, requestsPerSecond: 10000, mirrorOf: docker.io}\n", s.registry.Host)
	file = filepath.Join(s.dir, state+".yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		s.Fatal(err)
	}
	return file
}

// stateDir is the folder of that name for a bot's state.
func (s *scene) stateDir(state string) string { return filepath.Join(s.dir, "state", state) }

// bot is the program with its configuration and further arguments, not yet started.
func (s *scene) bot(ctx context.Context, config string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, append([]string{"bot", "--config", config}, args...)...)
	cmd.Env = append(os.Environ(), tokenVariable+"="+s.gitea.Token)
	return cmd
}

// round is what one `towline bot --once` did.
type round struct {
	code        int // exit code
	out, log    string
	peak        int64 // bytes of memory at most; never less than what this process had at its start
	took        time.Duration
	worked      time.Duration // of the processors
	interrupted error         // why there's no exit code
}

// once runs one round of the bot, however it ends.
func (s *scene) once(config string, args ...string) round {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	cmd := s.bot(ctx, config, append([]string{"--once"}, args...)...)
	return finish(cmd)
}

func finish(cmd *exec.Cmd) round {
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	began := time.Now()
	err := cmd.Run()
	r := round{out: out.String(), log: log.String(), took: time.Since(began)}
	r.worked = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = usage.Maxrss << 10 // on Linux, the only system that the servers run on
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		r.code = exit.ExitCode()
	} else {
		r.interrupted = err
	}
	return r
}

// mustOnce runs one round, which must go well.
func (s *scene) mustOnce(config string) round {
	s.Helper()
	r := s.once(config)
	if r.interrupted != nil || r.code != 0 {
		s.Fatalf("the bot ends with %d (%v):\n%s", r.code, r.interrupted, r.log)
	}
	return r
}
