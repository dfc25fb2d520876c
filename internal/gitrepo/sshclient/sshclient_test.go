package sshclient_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
	"github.com/towline-dev/towline/internal/secret"
)

func config(t *testing.T, server *sshd.Server) sshclient.Config {
	t.Helper()
	key := sshd.NewKey(t, sshd.ED25519)
	server.Authorize(key.Public)
	return sshclient.Config{
		Address: server.Address, User: server.User(),
		Identity: sshclient.Identity{PrivateKey: key.PEM(""), KnownHosts: server.KnownHosts()},
	}
}

func dial(t *testing.T, c sshclient.Config) *sshclient.Conn {
	t.Helper()
	conn, err := sshclient.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestCommands(t *testing.T) {
	conn := dial(t, config(t, sshd.New(t, sshd.Options{})))
	for name, test := range map[string]struct {
		line, in, out string
		status        int
		said          string
	}{
		"echoes":  {"cat", "hello", "hello", 0, ""},
		"fails":   {"echo so >&2; exit 3", "", "", 3, "so\n"},
		"says on": {"yes | head -c 100000 >&2; exit 3", "", "", 3, strings.Repeat("y\n", 2<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, err := conn.Start(t.Context(), test.line)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(cmd.Stdin, test.in); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Stdin.Close(); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			out, err := io.ReadAll(cmd.Stdout)
			if err != nil || string(out) != test.out {
				t.Errorf("got %q, %v", out, err)
			}
			var exit *sshclient.ExitError
			switch err := cmd.Wait(); {
			case test.status == 0 && err != nil:
				t.Error(err)
			case test.status != 0 && (!errors.As(err, &exit) || exit.Status != test.status || exit.Said != test.said):
				t.Errorf("got %v, %+v", err, exit)
			}
		})
	}
}

// A command that only waits is kept alive as long as the host answers, and given up
// when it doesn't.
func TestKeepAlive(t *testing.T) {
	server := sshd.New(t, sshd.Options{})
	c := config(t, server)
	c.KeepAlive = 300 * time.Millisecond
	conn := dial(t, c)
	cmd, err := conn.Start(t.Context(), "head -c 1; sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	patient, cancel := context.WithTimeout(t.Context(), 2*time.Second) // several signs of life
	defer cancel()
	<-patient.Done()
	if _, err := cmd.Stdin.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(cmd.Stdout, make([]byte, 1)); err != nil {
		t.Fatalf("the connection was given up: %v", err)
	}
	server.Mute(true)
	if _, err := io.ReadAll(cmd.Stdout); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := cmd.Wait(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestIdentityCheck(t *testing.T) {
	key := sshd.NewKey(t, sshd.ED25519)
	known := sshd.KnownHosts("git.example.com:22", key.Public)
	for name, test := range map[string]struct {
		identity sshclient.Identity
		want     string
	}{
		"fine":           {sshclient.Identity{PrivateKey: key.PEM(""), KnownHosts: known}, ""},
		"agent":          {sshclient.Identity{AgentSocket: "/run/agent", KnownHosts: known}, ""},
		"no known hosts": {sshclient.Identity{PrivateKey: key.PEM("")}, "known_hosts"},
		"no key":         {sshclient.Identity{KnownHosts: known}, "neither"},
		"encrypted":      {sshclient.Identity{PrivateKey: key.PEM("hunter2"), KnownHosts: known}, "passphrase"},
		"a web page":     {sshclient.Identity{PrivateKey: secret.New("<h1>hunter2</h1>"), KnownHosts: known}, "private key"},
		"a bad line":     {sshclient.Identity{PrivateKey: key.PEM(""), KnownHosts: []byte("git.example.com hunter2 hunter2\n")}, "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.identity.Check()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want something about %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

// Whatever the file holds, reading it ends, and in bounded time also where its
// patterns are made to be slow.
func FuzzParseKnownHosts(f *testing.F) {
	f.Add([]byte("git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK\n"))
	f.Add([]byte("@revoked * ssh-rsa AAAA\n@cert-authority |1|a|b ssh-rsa AAAA"))
	f.Fuzz(func(t *testing.T, content []byte) {
		known, err := sshclient.ParseKnownHosts(content)
		if (known == nil) != (err != nil) {
			t.Errorf("got %v, %v", known, err)
		}
	})
}
