package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	"github.com/towline-dev/towline/registry/registrytest"
)

// update rewrites the expected output that stands in the scripts.
//
//nolint:gochecknoglobals // flags of a test are the test program's
var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"towline": func() {
		os.Exit(run(context.Background(), process{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}))
	}})
}

// TestScripts runs the command line's specification. Each script has a registry of
// its own at $REGISTRY, with acme/hello in 1.0.0, 1.1.0, 1.2.0-rc.1 and 2.0.0, and a
// forge at $FORGE, which ssh-forge makes reachable over SSH at $SSH_FORGE.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			host, err := startRegistry(env)
			if err != nil {
				return err
			}
			env.Setenv("REGISTRY", host)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("DOCKER_CONFIG", env.WorkDir)
			return startForge(env)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"expand": expand, "exits": exits, "odd": odd, "forge-commit": commitToForge, "pulls": countPulls,
			"ssh-forge": func(ts *testscript.TestScript, neg bool, args []string) { sshForge(t, ts, neg, args) },
		},
	})
}

// condition tells what the tests may do: be root, or mark files immutable.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "immutable":
		return immutable() == nil, nil
	case "sshd":
		_, ok := sshd.Find()
		return ok, nil
	}
	return false, fmt.Errorf("the condition %q isn't known", name)
}

// immutable tries whether files can be marked so that nobody replaces them.
func immutable() error {
	f, err := os.CreateTemp("", "towline")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return err
	}
	for _, flag := range []string{"+i", "-i"} {
		if err := exec.CommandContext(context.Background(), "chattr", flag, f.Name()).Run(); err != nil {
			return err
		}
	}
	return nil
}

func startRegistry(env *testscript.Env) (string, error) {
	reg := registrytest.NewServer(registrytest.Options{PageSize: 2, OnRequest: func(*http.Request) { meanwhile(env.WorkDir) }})
	if err := reg.PushTags("acme/hello", "1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0"); err != nil {
		return "", err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	if err := reg.Start(l); err != nil {
		return "", err
	}
	env.Defer(func() { _ = reg.Close() })
	return reg.Host(), nil
}

// meanwhile puts what stands in the folder of that name in place: while the registry is
// asked, a person works on.
func meanwhile(dir string) {
	from := filepath.Join(dir, "meanwhile")
	_ = filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		to, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		return os.Rename(name, filepath.Join(dir, to)) //nolint:gosec // the script's own folder
	})
}

// expand replaces $REGISTRY, $FORGE and $SSH_FORGE in files, which txtar archives can't.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), func(key string) string {
			if key == "REGISTRY" || key == "FORGE" || key == "SSH_FORGE" {
				return ts.Getenv(key)
			}
			return "$" + key
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// exits runs a command and checks its exit code exactly: exits CODE COMMAND [ARG]...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG]...")
	}
	code := 0
	var exited *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exited) {
		code = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("the command exits with %s, want %s", got, args[0])
	}
}
