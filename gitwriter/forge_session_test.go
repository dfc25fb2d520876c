package gitwriter_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/policy"
)

// hostedBot goes from round to round at a forge that answers as GitHub does.
type hostedBot struct {
	t      *testing.T
	server *forgetest.Server
	repo   *forgetest.Repo
	git    *gitrepo.Repo
	writer *gitwriter.Writer
	fates  map[string]gitwriter.Fate
	clock  *atomic.Int64 // seconds; a minute passes with each round and whatever people do
}

func newHostedBot(t *testing.T) *hostedBot {
	t.Helper()
	clock := &atomic.Int64{}
	clock.Store(start().Unix())
	now := func() time.Time { return time.Unix(clock.Load(), 0) }
	server := forgetest.Start(t, forgetest.Config{Now: now})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Commit(forgetest.Commit{Branch: "main", Message: "Start", Files: map[string]string{
		"apps/web.yaml": "image: ghcr.io/acme/web:1.0.0\n", "apps/api.yaml": "image: ghcr.io/acme/api:1.0.0\n",
	}}); err != nil {
		t.Fatal(err)
	}
	token := secret.New(forgetest.Token)
	hub, err := github.New(github.Config{BaseURL: server.BaseURL() + "/api/v3", Owner: "acme", Repo: "deploy", Token: token, RetryDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	git, err := gitrepo.Open(gitrepo.Config{
		URL: repo.CloneURL(), Dir: t.TempDir(), Auth: gitrepo.Auth{Password: token},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := gitwriter.New(gitwriter.Config{Repo: git, Forge: hub, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return &hostedBot{t: t, server: server, repo: repo, git: git, writer: writer, fates: map[string]gitwriter.Fate{}, clock: clock}
}

// round does one, and checks what it did.
func (b *hostedBot) round(want string, updates ...gitwriter.Update) {
	b.t.Helper()
	ctx := b.t.Context()
	b.clock.Add(60)
	if _, err := b.git.Fetch(ctx, "main"); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.writer.Begin(ctx, gitwriter.SessionConfig{Base: "main", Scope: "apps"})
	if err != nil {
		b.t.Fatal(err)
	}
	outcomes := s.Write(ctx, updates)
	settled := s.Settle(ctx, func(group string) gitwriter.Fate { return b.fates[group] })
	if diff := cmp.Diff(want, told(outcomes)+"/"+told(settled)); diff != "" {
		b.t.Fatalf("the round did (-want +got):\n%s\n%s", diff, reasons(outcomes, settled))
	}
	for _, r := range append(outcomes, settled...) {
		if r.Err != nil || r.Warning != nil {
			b.t.Fatalf("%s: %v, %v", r.Group, r.Err, r.Warning)
		}
	}
}

func (b *hostedBot) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *hostedBot) say(number int, text string) {
	b.t.Helper()
	b.clock.Add(60)
	_, err := b.repo.As("alice").Comment(number, text)
	b.must(err)
}

func TestSessionsOverARealForge(t *testing.T) {
	t.Parallel()
	b := newHostedBot(t)
	api, web := update("api", "1.1.0", labelled), update("web", "1.1.0", labelled)
	b.round("api created, web created/", api, web)
	b.say(1, "/towline hold")
	b.round("api held, web unchanged/", update("api", "1.2.0", labelled), web)
	b.say(1, "/towline release")
	b.round("api updated, web unchanged/", update("api", "1.2.0", labelled), web)

	b.fates["web"] = gone("no policy asks for it any more")
	b.round("api unchanged/web closed, web deleted", update("api", "1.2.0", labelled))
	if pull := b.repo.PullRequests()[1]; pull.State != forge.StateClosed || !strings.Contains(pull.Body, "no policy asks for it any more") {
		t.Errorf("#2 is %s:\n%s", pull.State, pull.Body)
	}
	b.round("api unchanged, web created/", update("api", "1.2.0", labelled), web)
	b.must(b.repo.As("alice").Close(3))
	b.round("web closed-by-person/", web)
	b.say(3, "/towline release")
	b.round("web created/", web)

	b.must(b.repo.CheckRun(b.repo.Head("towline/web"), "test", forge.ChecksSuccess))
	merging := update("web", "1.1.0", labelled, automerge(policy.AutomergeMinor, "minor"))
	b.round("web unchanged/web merged, web deleted", merging)
	if got := b.repo.Head("towline/web"); got != "" {
		t.Errorf("the branch is still at %s", got)
	}
	b.fates["web"] = gitwriter.Fate{}
	b.round("api updated, web nothing/", update("api", "1.2.0", labelled), web)
}

func TestRoundWithoutNewsCostsOneRequest(t *testing.T) {
	t.Parallel()
	b := newHostedBot(t)
	updates := []gitwriter.Update{update("api", "1.1.0", labelled), update("web", "1.1.0", labelled)}
	b.round("api created, web created/", updates...)
	b.round("api unchanged, web unchanged/", updates...)
	b.round("api unchanged, web unchanged/", updates...)
	b.server.ForgetRequests()
	b.round("api unchanged, web unchanged/", updates...)
	var routes []string
	for _, r := range b.server.Requests() {
		routes = append(routes, r.Route)
	}
	if diff := cmp.Diff([]string{"GIT info/refs", "GET /repos/{owner}/{repo}/pulls"}, routes); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
