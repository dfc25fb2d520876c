package keychain_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/keychain"
	"github.com/towline-dev/towline/registry/registrytest"
)

// write makes a file in a folder of its own.
func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return file
}

// helper puts a credential helper named fake into PATH: a shell script, which is
// how people write theirs.
func helper(t *testing.T, script string) {
	t.Helper()
	file := write(t, "docker-credential-fake", "#!/bin/sh\n"+script, 0o700)
	t.Setenv("PATH", filepath.Dir(file)+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestDockerFile(t *testing.T) {
	helper(t, `read server
case "$server" in
ghcr.io) echo '{"Username": "helped", "Secret": "s"}' ;;
token.example.com) echo '{"Username": "<token>", "Secret": "t"}' ;;
https://index.docker.io/v1/) echo '{"Username": "hub", "Secret": "s"}' ;;
broken.example.com) echo "the vault is locked"; exit 1 ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac`)
	file := write(t, "config.json", `{
		"auths": {"plain.example.com": {"username": "plain", "password": "p"}, "both.example.com": {"username": "stored", "password": "p"}},
		"credHelpers": {"ghcr.io": "fake", "https://index.docker.io/v1/": "fake", "both.example.com": "fake", "broken.example.com": "fake",
			"token.example.com": "fake", "path.example.com": "../fake", "gone.example.com": "gone"}}`, 0o600)
	k := func(host string) *keychain.Keychain {
		return newKeychain(t, keychain.Config{Hosts: map[string]keychain.Source{host: keychain.DockerFile(file, keychain.Options{})}})
	}
	tests := []struct{ host, want, fails string }{
		{host: "plain.example.com", want: "plain"},
		{host: "ghcr.io", want: "helped"},
		{host: "docker.io", want: "hub"},
		{host: "token.example.com", want: ""}, // an identity token has no user
		{host: "both.example.com", want: "stored"},
		{host: "broken.example.com", fails: "the vault is locked"},
		{host: "path.example.com", fails: "must be a name"},
		{host: "gone.example.com", fails: "docker-credential-gone"},
		{host: "none.example.com", fails: "has no credentials for none.example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			got, err := find(t, k(tt.host), tt.host+"/acme/app")
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("the error is %v, want %q in it", err, tt.fails)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("signs in as %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
}

// The default configuration is the one that docker uses, helpers included.
func TestDocker(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret", Token: true})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	helper(t, `echo '{"Username": "user", "Secret": "s3cret"}'`)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", filepath.Dir(write(t, "config.json", `{"credHelpers": {"`+server.Host()+`": "fake"}}`, 0o600)))
	k := newKeychain(t, keychain.Config{Others: []keychain.Source{keychain.Docker(keychain.Options{})}})
	client, err := registry.New(registry.Config{Keychain: k, Hosts: map[string]registry.HostConfig{server.Host(): {PlainHTTP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Tags(t.Context(), server.Host()+"/app"); err != nil {
		t.Error(err)
	}
	if got, err := find(t, k, "ghcr.io/acme/app"); got != "" || err != nil {
		t.Errorf("another host gets %q, %v", got, err)
	}
}

// A helper is a program: it is run seldom, and again when its answer was refused.
func TestHelperIsRunSeldom(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	helper(t, `echo run >> `+runs+`; echo '{"Username": "u", "Secret": "s"}'`)
	file := write(t, "config.json", `{"credsStore": "fake"}`, 0o600)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := keychain.DockerFile(file, keychain.Options{Now: func() time.Time { return now }})
	repo := repository(t, "ghcr.io/acme/app")
	var got []int
	for _, step := range []struct {
		pass  time.Duration
		fresh bool
	}{{0, false}, {time.Second, false}, {time.Second, true}, {time.Minute, true}, {time.Minute, false}, {time.Hour, false}} {
		now = now.Add(step.pass)
		if _, err := s.Find(t.Context(), repo, step.fresh); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(runs)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Count(string(text), "run"))
	}
	if diff := cmp.Diff([]int{1, 1, 1, 2, 2, 3}, got); diff != "" {
		t.Errorf("runs so far (-want +got):\n%s", diff)
	}
}

// A helper that hangs holds nobody up for ever, and isn't started over and over.
func TestHangingHelper(t *testing.T) {
	dir := t.TempDir()
	gate, runs := filepath.Join(dir, "gate"), filepath.Join(dir, "runs")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	helper(t, `echo run >> `+runs+`; read x < `+gate)
	file := write(t, "config.json", `{"credsStore": "fake"}`, 0o600)
	s := keychain.DockerFile(file, keychain.Options{Timeout: 200 * time.Millisecond})
	for range 3 {
		_, err := s.Find(t.Context(), repository(t, "ghcr.io/acme/app"), true)
		if err == nil || !strings.Contains(err.Error(), "no credentials of ghcr.io after 200ms") {
			t.Errorf("the error is %v", err)
		}
	}
	text, err := os.ReadFile(runs)
	if err != nil || strings.Count(string(text), "run") != 1 {
		t.Errorf("the helper ran %q, %v", text, err)
	}
	// Let it go: whoever opens a FIFO for both doesn't wait.
	f, err := os.OpenFile(gate, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for done := false; !done; {
		select {
		case <-deadline:
			t.Fatal("the source is never free again")
		default:
			_, err := s.Find(t.Context(), repository(t, "ghcr.io/acme/app"), false)
			done = err != nil && strings.Contains(err.Error(), "asking the credential helper")
		}
	}
	_ = f.Close() // only the helper read it
}

func TestUnreadableDockerFile(t *testing.T) {
	for name, text := range map[string]string{"not JSON": "hunter2", "helpers of another type": `{"credHelpers": ["hunter2"]}`} {
		t.Run(name, func(t *testing.T) {
			s := keychain.DockerFile(write(t, "config.json", text, 0o600), keychain.Options{})
			_, err := s.Find(t.Context(), repository(t, "ghcr.io/acme/app"), false)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
