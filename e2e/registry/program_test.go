package registry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/e2e/testbed"
)

// program is towline with a tree of manifests, and with docker's configuration file.
type program struct {
	path, dir, docker string
}

// newProgram writes a tree in which each of the repositories, at tag 1.0.0, has
// a policy that wants the highest 1.x with its digest.
func newProgram(t testing.TB, repositories ...string) program {
	t.Helper()
	return newProgramFor(t, "pin: digest", repositories...)
}

// newProgramFor is newProgram with other settings than the pin.
func newProgramFor(t testing.TB, settings string, repositories ...string) program {
	t.Helper()
	p := program{path: testbed.Towline(t), dir: t.TempDir(), docker: t.TempDir()}
	var text strings.Builder
	for i, repository := range repositories {
		fmt.Fprintf(&text, `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: p%[1]d}
spec: {image: %[2]s, policy: {semver: {range: 1.x}}, %[3]s}
---
apiVersion: v1
kind: Pod
metadata: {name: p%[1]d}
spec: {containers: [{name: app, image: "%[2]s:1.0.0"}]}
---
`, i, repository, settings)
	}
	if err := os.WriteFile(p.manifests(), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p program) manifests() string { return filepath.Join(p.dir, "pods.yaml") }

// signIn writes what docker login leaves behind.
func (p program) signIn(t *testing.T, host string, as authn.Basic) {
	t.Helper()
	auth := base64.StdEncoding.EncodeToString([]byte(as.Username + ":" + as.Password))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": auth}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.docker, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the program in its tree, with none of the caller's own credentials.
func (p program) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, args...)
	cmd.Dir = p.dir
	hidden := []string{"HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG"}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(hidden, name) {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+p.docker, "DOCKER_CONFIG="+p.docker)
	return cmd
}

// row is what of a line of `towline scan` is looked at here.
type row struct {
	Image, Current, Chosen, Reason string
	Failed                         bool
}

// scan runs `towline scan` to its end and returns its lines and its exit status.
func (p program) scan(t testing.TB) ([]row, int) {
	t.Helper()
	cmd := p.command(t, "scan", "-o", "json", ".")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return rows(t, stdout.Bytes(), stderr.Bytes()), cmd.ProcessState.ExitCode()
}

func rows(t testing.TB, stdout, stderr []byte) []row {
	t.Helper()
	var all []row
	if err := json.Unmarshal(stdout, &all); err != nil {
		t.Fatalf("reading the scan's rows: %v\n%s%s", err, stdout, stderr)
	}
	return all
}

// testProgram holds the program to what the client is held to: it finds the
// password where docker keeps it, and writes the tag with the digest of the push.
func (s server) testProgram(t *testing.T) {
	repository := s.repository()
	s.push(t, repository, image(t), "1.0.0", "2.0.0", "latest")
	digest := s.push(t, repository, index(t), "1.2.0")
	p := newProgram(t, repository)

	p.signIn(t, s.host, authn.Basic{Username: s.owner.Username, Password: "wrong"})
	if got, code := p.scan(t); code != 1 || len(got) != 1 || !got[0].Failed {
		t.Errorf("with a wrong password: got %+v and exit status %d, want a failed row and 1", got, code)
	}
	p.signIn(t, s.host, s.owner)
	got, code := p.scan(t)
	for i := range got {
		got[i].Reason = "" // the policy's own words
	}
	want := []row{{Image: repository, Current: "1.0.0", Chosen: "1.2.0"}}
	if diff := cmp.Diff(want, got); diff != "" || code != 0 {
		t.Errorf("exit status %d, rows (-want +got):\n%s", code, diff)
	}
	if out, err := p.command(t, "update", "--write", ".").CombinedOutput(); err != nil {
		t.Fatalf("updating: %v\n%s", err, out)
	}
	written, err := os.ReadFile(p.manifests())
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("image: %q", repository+":1.2.0@"+digest); !bytes.Contains(written, []byte(want)) {
		t.Errorf("the file doesn't say %s:\n%s", want, written)
	}
}
