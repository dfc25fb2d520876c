package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const (
	hangingRepositories = 30
	healthyRepositories = 5
	// hangTime bounds how long the healthy host may be left unasked. It is less
	// than the 30 seconds after which the client gives up a request, so that no
	// time limit passes for a remedy.
	hangTime = 25 * time.Second
)

// outage is a tree most of whose policies name a host that hangs.
type outage struct {
	program
	sick *hanging
	well *healthy
}

func newOutage(t *testing.T) outage {
	t.Helper()
	o := outage{sick: startHanging(t), well: startHealthy(t)}
	var repositories []string
	for i := range hangingRepositories {
		repositories = append(repositories, fmt.Sprintf("%s/sick%d", o.sick.host(), i))
	}
	for i := range healthyRepositories {
		name := fmt.Sprintf("well%d", i)
		if err := o.well.PushTags(name, "1.0.0", "1.1.0"); err != nil {
			t.Fatal(err)
		}
		repositories = append(repositories, o.well.Host()+"/"+name)
	}
	o.program = newProgramFor(t, "pin: tag", repositories...)
	return o
}

// endure runs the command, and releases the host that hangs once the other one
// has been asked for all that it has. The command then ends with status 1.
func (o outage) endure(t *testing.T, cmd *exec.Cmd) (stdout []byte) {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hangTime)
	defer cancel()
	await(ctx, t, "the hanging host to be asked", o.sick.asked)
	await(ctx, t, "the healthy host to be asked for all that it has", o.well.all)
	if got := o.well.count(); got != healthyRepositories {
		t.Errorf("the healthy host has been asked for %d of %d repositories in %s", got, healthyRepositories, hangTime)
	}
	o.sick.release()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the program ended with %v, want exit status 1\n%s", err, stderr.Bytes())
	}
	return out.Bytes()
}

func await(ctx context.Context, t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-ctx.Done():
		t.Errorf("waited in vain for %s", what)
	}
}

// TestHangingHostHoldsUpNoScan holds that a host which never answers, named by
// most of the policies, doesn't keep the program from asking the other one: all
// of that one's repositories are listed while the first host still hangs.
func TestHangingHostHoldsUpNoScan(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	out := o.endure(t, o.command(t, "scan", "--plain-http", o.sick.host(), "-o", "json", "."))
	got := map[string]int{}
	for _, r := range rows(t, out, nil) {
		if r.Failed {
			r.Chosen = "failed"
		}
		got[r.Chosen]++
	}
	if diff := cmp.Diff(map[string]int{"failed": hangingRepositories, "1.1.0": healthyRepositories}, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// TestHangingHostHoldsUpNoBot is the same for the bot, which pushes what the
// healthy host's policies want.
func TestHangingHostHoldsUpNoBot(t *testing.T) {
	t.Parallel()
	o, git := newOutage(t), gitrepotest.New(t)
	manifests, err := os.ReadFile(o.manifests())
	if err != nil {
		t.Fatal(err)
	}
	url := git.Create("deploy")
	git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"pods.yaml": string(manifests)}})
	config := filepath.Join(t.TempDir(), "bot.yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: BotConfig
stateDir: %q
repositories: [{url: %q, forge: {type: plain}}]
registries: [{host: %q, plainHTTP: true}]
`, t.TempDir(), url, o.sick.host())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.endure(t, o.command(t, "bot", "--config", config, "--once"))
	var want []string
	for i := range healthyRepositories {
		want = append(want, fmt.Sprintf("towline/p%d", hangingRepositories+i))
	}
	got := strings.Fields(git.Git("deploy", "for-each-ref", "--format=%(refname:short)", "refs/heads/towline"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pushed branches (-want +got):\n%s", diff)
	}
}
