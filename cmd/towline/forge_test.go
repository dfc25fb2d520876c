package main

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	"github.com/towline-dev/towline/internal/secret"
)

// forgeRepo is the key under which a script's repository acme/deploy is kept.
type forgeRepo struct{}

// startForge gives a script a forge at $FORGE, with an empty repository acme/deploy
// that the token bot-token may write to.
func startForge(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, ".forge")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	server, err := forgetest.NewServer(forgetest.Config{Dir: dir, BaseURL: url, Users: []forgetest.User{
		{Login: "towline", Token: secret.New("bot-token"), Permission: forgetest.PermissionWrite},
	}})
	if err != nil {
		return err
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(l) }() // ends with Close
	env.Defer(func() {
		_ = web.Close()
		server.Close()
	})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		return err
	}
	env.Values[forgeRepo{}] = repo
	env.Setenv("FORGE", url)
	return nil
}

// commitToForge commits a folder to main: forge-commit DIR.
func commitToForge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: forge-commit DIR")
	}
	files := map[string]string{}
	tree := os.DirFS(ts.MkAbs(args[0]))
	ts.Check(fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		files[name] = string(data)
		return err
	}))
	_, err := repoOf(ts).Commit(forgetest.Commit{Branch: "main", Message: "Change " + args[0], Files: files})
	ts.Check(err)
}

// sshForge serves the script's repository over SSH too, at $SSH_FORGE, and writes a key
// that is let in and the host's known_hosts: ssh-forge KEY KNOWN_HOSTS. As at a real
// forge, paths are the repositories' names and nothing but Git runs.
func sshForge(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ssh-forge KEY KNOWN_HOSTS")
	}
	root := strings.TrimSuffix(repoOf(ts).Dir(), "/acme/deploy.git")
	shell := ts.MkAbs(".forge-shell")
	script := `case $SSH_ORIGINAL_COMMAND in git-upload-pack*|git-receive-pack*) ;; *) exit 1 ;; esac
eval "$(printf %s "$SSH_ORIGINAL_COMMAND" | sed "s,'/,'` + root + `/,")"`
	ts.Check(os.WriteFile(shell, []byte("#!/bin/sh\n"+script+"\n"), 0o700)) //nolint:gosec // it is a program
	server, key := sshd.New(t, sshd.Options{Command: shell}), sshd.NewKey(t, sshd.ED25519)
	server.Authorize(key.Public)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(key.PEM("").Reveal()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), server.KnownHosts(), 0o600))
	ts.Setenv("SSH_FORGE", server.URL(""))
}

// countPulls checks how many pull requests there are: pulls COUNT.
func countPulls(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pulls COUNT")
	}
	if got := strconv.Itoa(len(repoOf(ts).PullRequests())); got != args[0] {
		ts.Fatalf("there are %s pull requests, want %s", got, args[0])
	}
}

func repoOf(ts *testscript.TestScript) *forgetest.Repo {
	repo, ok := ts.Value(forgeRepo{}).(*forgetest.Repo)
	if !ok {
		ts.Fatalf("the script has no forge")
	}
	return repo
}
