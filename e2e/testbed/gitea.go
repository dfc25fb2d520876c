package testbed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/towline-dev/towline/e2e/testbed/binary"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// giteaUser is the administrator of every Gitea that is started here.
const giteaUser = "towline"

// GiteaOptions say how a Gitea is started.
type GiteaOptions struct {
	// Dir keeps Gitea's state. Empty means a temporary folder that is removed
	// by Stop.
	Dir string
	// SSH serves Git over SSH, too.
	SSH bool
	// Progress is told of builds. Nil means standard error.
	Progress io.Writer
}

// GiteaServer is a Gitea with an empty database and one administrator. It also
// is an image registry, with a Bearer token flow. Its webhooks may call servers
// on this machine.
type GiteaServer struct {
	Server
	// URL is where Gitea is, without a slash at its end.
	URL string
	// User is the administrator, Token its access token with all scopes. Git and
	// the registry take them as user and password.
	User, Token string
	// SSH is where Git is served over SSH; nil where the options don't ask for it.
	SSH *GiteaSSH

	path   string
	config string
	env    []string
}

// Gitea returns the Gitea that all tests of this test binary share. Tests take
// a repository each. Without a C compiler, which Gitea's database needs, the
// test is skipped.
func Gitea(tb TB) *GiteaServer {
	tb.Helper()
	if lacks := missing([]string{"gcc"}); lacks != "" {
		tb.Skipf("SKIPPED, as this machine has no %s to build Gitea with", lacks)
	}
	server, err := shared.gitea.get(tb.Context(), func(ctx context.Context) (*GiteaServer, error) {
		return StartGitea(ctx, GiteaOptions{})
	})
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return server
}

// GiteaWith starts a Gitea that ends with the test.
func GiteaWith(tb TB, o GiteaOptions) *GiteaServer {
	tb.Helper()
	if lacks := missing([]string{"gcc"}); lacks != "" {
		tb.Skipf("SKIPPED, as this machine has no %s to build Gitea with", lacks)
	}
	server, err := StartGitea(tb.Context(), o)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	stopAfter(tb, "Gitea", server)
	return server
}

// StartGitea starts a Gitea. It is for the caller to call Stop.
func StartGitea(ctx context.Context, o GiteaOptions) (*GiteaServer, error) {
	path, err := buildGitea(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	static, err := giteaSource(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := newDir(o.Dir, "gitea")
	if err != nil {
		return nil, err
	}
	g := &GiteaServer{
		User: giteaUser, path: path, config: dir.file("app.ini"),
		env: giteaEnv(dir.path), Server: Server{dir: dir},
	}
	if o.SSH {
		g.SSH = new(GiteaSSH)
	}
	err = onFreePort(ctx, func(address string) error { return g.startAt(ctx, address, static) })
	if err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return g, nil
}

// startAt configures and starts Gitea; the first time it also makes the
// database and the administrator.
func (g *GiteaServer) startAt(ctx context.Context, address, static string) error {
	g.URL = "http://" + address
	ssh, err := g.SSH.configure(ctx, g.dir)
	if err != nil {
		return fmt.Errorf("configuring Gitea's SSH: %w", err)
	}
	if err := writeGiteaConfig(g.config, g.dir.path, address, static, ssh); err != nil {
		return fmt.Errorf("configuring Gitea: %w", err)
	}
	if g.Token == "" {
		if err := g.initialise(ctx); err != nil {
			return err
		}
	}
	g.spec = process.Spec{
		Name: "Gitea", Path: g.path, Args: []string{"web", "--config", g.config},
		Env: g.env, Dir: g.dir.path, Log: g.dir.file("gitea.log"),
	}
	g.ready = answers(g.URL + "/api/healthz")
	return g.start(ctx)
}

// initialise makes the database, the administrator and the token. A folder of
// the caller's that has them already gets one more token.
func (g *GiteaServer) initialise(ctx context.Context) error {
	if _, err := g.run(ctx, "migrate"); err != nil {
		return err
	}
	users, err := g.run(ctx, "admin", "user", "list")
	if err != nil {
		return err
	}
	if !strings.Contains(users, g.User) {
		_, err := g.run(ctx, "admin", "user", "create", "--admin", "--username", g.User, "--password", rand.Text(),
			"--email", g.User+"@example.test", "--must-change-password=false")
		if err != nil {
			return err
		}
	}
	g.Token, err = g.newToken(ctx, g.User)
	return err
}

// newToken makes one more access token for a user.
func (g *GiteaServer) newToken(ctx context.Context, user string) (string, error) {
	out, err := g.run(ctx, "admin", "user", "generate-access-token", "--username", user,
		"--token-name", "testbed-"+rand.Text(), "--scopes", "all", "--raw")
	if err != nil {
		return "", err
	}
	// A warning about running as root stands above or, rarely, below it.
	token := regexp.MustCompile(`(?m)^[0-9a-f]{40}$`).FindString(out)
	if token == "" {
		return "", fmt.Errorf("making an access token of %s: gitea printed none", user)
	}
	return token, nil
}

// run runs one of Gitea's commands to its end and returns what it prints.
func (g *GiteaServer) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.path, append(args, "--config", g.config)...)
	cmd.Env, cmd.Dir = g.env, g.dir.path
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running gitea %s: %w\n%s%s", args[0], err, out, stderr.String())
	}
	return string(out), nil
}

// giteaEnv is the environment of Gitea: nothing of the caller's own Git
// settings reaches it.
func giteaEnv(dir string) []string {
	env := []string{
		"HOME=" + dir, "GITEA_WORK_DIR=" + dir, "GIT_CONFIG_NOSYSTEM=1",
	}
	for _, name := range []string{"PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// buildGitea returns the path of Gitea. Its database is SQLite, in C.
func buildGitea(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "gitea", Module: filepath.Join(module, "gitea"), Package: "code.gitea.io/gitea",
			// Gitea's client refuses a server that doesn't say its version.
			LDFlags: "-s -w -X main.Version=1.26.0",
			Tags:    []string{"sqlite", "sqlite_unlock_notify"}, Env: []string{"CGO_ENABLED=1"},
		}
	})
}

// giteaSource returns the folder of Gitea's module, where its templates are.
func giteaSource(ctx context.Context) (string, error) {
	module, err := ModuleDir()
	if err != nil {
		return "", err
	}
	out, err := goCommand(ctx, filepath.Join(module, "gitea"), "list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea")
	if err != nil {
		return "", fmt.Errorf("finding Gitea's templates: %w", err)
	}
	return strings.TrimSpace(out), nil
}
