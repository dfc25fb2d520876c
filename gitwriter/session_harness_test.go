package gitwriter_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// bot is a process that goes from round to round.
type bot struct {
	*world
	repo   *gitrepo.Repo
	writer *gitwriter.Writer
	now    time.Time
	cfg    gitwriter.SessionConfig
	fates  map[string]gitwriter.Fate // by group; what isn't there isn't known

	session           *gitwriter.Session
	outcomes, settled []gitwriter.Result
}

// newBot starts one on a repository with a file for each group, all at 1.0.0.
func newBot(t *testing.T, groups ...string) *bot {
	t.Helper()
	w := newWorld(t)
	files := map[string]string{}
	for _, group := range groups {
		files["apps/"+group+".yaml"] = "image: ghcr.io/acme/" + group + ":1.0.0\n"
	}
	if len(groups) > 0 {
		w.git.Commit(repoName, gitrepotest.Commit{Files: files})
	}
	b := &bot{world: w, now: start(), cfg: gitwriter.SessionConfig{Base: "main"}, fates: map[string]gitwriter.Fate{}}
	b.restart(w.forge)
	return b
}

// restart begins a new process, which remembers what is on disk; a new dir is a lost one.
func (b *bot) restart(f forge.Forge, edit ...func(*gitwriter.Config)) {
	b.t.Helper()
	b.repo = b.world.repo()
	cfg := gitwriter.Config{
		Name: "deploy", Repo: b.repo, Forge: f, Pulls: filepath.Join(b.dir, "pulls.json"),
		Now: func() time.Time { return b.now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, each := range edit {
		each(&cfg)
	}
	var err error
	if b.writer, err = gitwriter.New(cfg); err != nil {
		b.t.Fatal(err)
	}
}

// begin lets ten minutes pass, fetches, and begins a session.
func (b *bot) begin() *gitwriter.Session {
	b.t.Helper()
	b.now = b.now.Add(10 * time.Minute)
	if b.forge.now.Before(b.now) {
		b.forge.now = b.now
	}
	if _, err := b.repo.Fetch(b.t.Context(), "main"); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.writer.Begin(b.t.Context(), b.cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.session = s
	return s
}

// round writes updates, and settles what it has none for.
func (b *bot) round(updates ...gitwriter.Update) {
	b.t.Helper()
	s := b.begin()
	b.outcomes = s.Write(b.t.Context(), updates)
	b.settled = s.Settle(b.t.Context(), func(group string) gitwriter.Fate { return b.fates[group] })
	for _, r := range append(b.outcomes, b.settled...) {
		if r.Err != nil {
			b.t.Fatal(r.Err)
		}
	}
}

// did checks what a round did, as "group action" lines; what Settle did comes behind
// a slash.
func (b *bot) did(want string) {
	b.t.Helper()
	if diff := cmp.Diff(want, told(b.outcomes)+"/"+told(b.settled)); diff != "" {
		b.t.Fatalf("the round did (-want +got):\n%s\n%s", diff, reasons(b.outcomes, b.settled))
	}
}

func told(results []gitwriter.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, fmt.Sprintf("%s %s", r.Group, r.Action))
	}
	return strings.Join(all, ", ")
}

func reasons(all ...[]gitwriter.Result) string {
	var b strings.Builder
	for _, results := range all {
		for _, r := range results {
			fmt.Fprintf(&b, "%s: %s: %s (%v)\n", r.Group, r.Action, r.Reason, r.Err)
		}
	}
	return b.String()
}

// first gives the first pull request as the forge has it.
func (b *bot) first() forge.PullRequest { return b.forge.pulls[0] }

// says checks that the first pull request's state says something, or with "" nothing.
func (b *bot) says(want string) {
	b.t.Helper()
	body := b.first().Body
	_, rest, _ := strings.Cut(body, "<!-- towline-state -->")
	state, _, _ := strings.Cut(rest, "<!-- /towline-state -->")
	if want == "" && state != "" || !strings.Contains(state, want) {
		b.t.Errorf("the state of #1 is %q, want %q in it", state, want)
	}
}

// branch checks whether the remote has a branch.
func (b *bot) branch(name string, want bool) {
	b.t.Helper()
	if got := b.git.Head(repoName, name) != ""; got != want {
		b.t.Errorf("there is a branch %s: %t, want %t", name, got, want)
	}
}

// update moves the image of a group's file to a version.
func update(group, version string, edit ...func(*gitwriter.Update)) gitwriter.Update {
	return updateFile(group, group, version, edit...)
}

// updateFile moves the image of a file, whatever the group is called.
func updateFile(group, app, version string, edit ...func(*gitwriter.Update)) gitwriter.Update {
	file, image := "apps/"+app+".yaml", "ghcr.io/acme/"+app
	u := gitwriter.Update{Group: group, Base: "main", Level: "minor"}
	u.Rewrite = func(_ context.Context, _ gitrepo.Hash, base fs.FS) (map[string][]byte, []gitwriter.Change, error) {
		data, err := fs.ReadFile(base, file)
		if err != nil {
			return nil, nil, err
		}
		var from string
		if _, err := fmt.Sscanf(string(data), "image: "+image+":%s\n", &from); err != nil {
			return nil, nil, err
		}
		if from == version {
			return nil, nil, nil
		}
		return map[string][]byte{file: []byte(strings.Replace(string(data), from, version, 1))}, []gitwriter.Change{{
			File: file, Path: "image", Line: 1, Policy: app, Image: image, From: from, To: version, Level: u.Level,
		}}, nil
	}
	for _, each := range edit {
		each(&u)
	}
	return u
}

func gone(reason string) gitwriter.Fate { return gitwriter.Fate{Gone: true, Reason: reason} }
