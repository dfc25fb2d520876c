package revert_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/revert"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

const (
	repo   = "acme/deploy"
	shop   = "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: web}\nspec:\n  image: acme/web # the shop\n  policy: {semver: {range: 1.x}}\n"
	update = "Update web to 1.1.0\n\nTowline-Policy: web\nTowline-Image: acme/web\nTowline-From: 1.0.0\nTowline-To: 1.1.0@sha256:ab\nTowline-Key: 1\n"
)

// world is a repository on a real Git server, and a forge that remembers.
type world struct {
	*testing.T
	git   *gitrepotest.Server
	url   string
	forge *pulls
	good  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, git: gitrepotest.New(t), forge: &pulls{}}
	w.url = w.git.Create(repo)
	w.good = w.commit("First", map[string]string{
		"apps/web.yaml": "image: acme/web:1.0.0\n", "apps/old/a.yaml": "a: 1\n", "apps/policy.yaml": shop, "other.yaml": "b: 1\n",
	})
	return w
}

func (w *world) commit(message string, files map[string]string, deletes ...string) string {
	return w.git.Commit(repo, gitrepotest.Commit{Message: message, Files: files, Deletes: deletes})
}

func (w *world) reverter() *revert.Reverter {
	w.Helper()
	r, err := gitrepo.Open(gitrepo.Config{URL: w.url, Dir: w.TempDir(), Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		w.Fatal(err)
	}
	reverter, err := revert.New(revert.Config{Repo: r, Forge: w.forge, Policies: policies, Now: func() time.Time { return time.Unix(1700000100, 0).UTC() }})
	if err != nil {
		w.Fatal(err)
	}
	return reverter
}

func policies(files fs.FS) ([]*policy.Policy, error) {
	data, err := fs.ReadFile(files, "apps/policy.yaml")
	if err != nil {
		return nil, err
	}
	all, err := policy.Parse("apps/policy.yaml", data)
	return all, err
}

func (w *world) request() revert.Request {
	return revert.Request{
		Name: "prod/shop", Short: "shop", Branch: "main", Paths: []string{"apps"}, Good: gitrepo.Hash(w.good),
		Why: "HealthCheckFailed: <img src=x> @everybody ImagePullBackOff",
	}
}

// file gives what the branch has; the server takes the last line end off.
func (w *world) file(branch, name string) string { return w.git.File(repo, branch, name) + "\n" }

func TestRollback(t *testing.T) {
	w := newWorld(t)
	w.commit("Elsewhere", map[string]string{"other.yaml": "b: 2\n"})
	bad := w.commit(update, map[string]string{"apps/web.yaml": "image: acme/web:1.1.0\n", "apps/new.yaml": "n: 1\n"}, "apps/old/a.yaml")
	reverter := w.reverter()
	plan, err := reverter.Plan(t.Context(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]revert.Undone{{Hash: gitrepo.Hash(bad), Subject: "Update web to 1.1.0", Author: "Pat"}}, plan.Undone); diff != "" {
		t.Errorf("undone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]revert.Exclusion{{Policy: "web", File: "apps/policy.yaml", Tag: "1.1.0"}}, plan.Excluded); diff != "" {
		t.Errorf("excluded (-want +got):\n%s", diff)
	}
	if strings.Contains(plan.Body, "<img") || strings.Contains(plan.Body, " @everybody") {
		t.Errorf("the body takes text from outside as it is:\n%s", plan.Body)
	}
	out, err := reverter.Propose(t.Context(), plan)
	if err != nil || out.Action != revert.ActionCreated || out.PullRequest.Number != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	branch := "towline/rollback-shop-" + bad[:8]
	got := map[string]string{}
	for _, name := range []string{"apps/web.yaml", "apps/old/a.yaml", "apps/policy.yaml", "other.yaml"} {
		got[name] = w.file(branch, name)
	}
	want := map[string]string{
		"apps/web.yaml": "image: acme/web:1.0.0\n", "apps/old/a.yaml": "a: 1\n", "other.yaml": "b: 2\n",
		"apps/policy.yaml": strings.Replace(shop, "# the shop\n", "# the shop\n  exclude: [\"1.1.0\"]\n", 1),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if names := w.git.Git(repo, "ls-tree", "-r", "--name-only", branch); strings.Contains(names, "apps/new.yaml") {
		t.Errorf("what the bad commit added is left: %s", names)
	}
}

func TestRollbackTwice(t *testing.T) {
	tests := []struct {
		name    string
		between func(*world)
		want    revert.Action
		pulls   int
	}{
		{"at once", func(*world) {}, revert.ActionExists, 1},
		{"after a commit elsewhere", func(w *world) { w.commit("Elsewhere", map[string]string{"other.yaml": "b: 3\n"}) }, revert.ActionExists, 1},
		{"after a person closed it", func(w *world) { w.forge.all[0].State = forge.StateClosed }, revert.ActionClosed, 1},
		{"after a kill before the pull request", func(w *world) { w.forge.all = nil }, revert.ActionCreated, 1},
		{"after that and a commit elsewhere", func(w *world) {
			w.forge.all = nil
			w.commit("Elsewhere", map[string]string{"other.yaml": "b: 3\n"})
		}, revert.ActionCreated, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.commit(update, map[string]string{"apps/web.yaml": "image: acme/web:1.1.0\n"})
			w.propose()
			tt.between(w)
			if out := w.propose(); out.Action != tt.want || len(w.forge.all) != tt.pulls {
				t.Errorf("%s with %d pull requests, want %s with %d", out.Action, len(w.forge.all), tt.want, tt.pulls)
			}
		})
	}
}

func (w *world) propose() revert.Outcome {
	w.Helper()
	reverter := w.reverter()
	plan, err := reverter.Plan(w.Context(), w.request())
	if err != nil {
		w.Fatal(err)
	}
	out, err := reverter.Propose(w.Context(), plan)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestRollbackRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world, *revert.Request)
		want   error
	}{
		{"nothing changed below the folder", func(w *world, _ *revert.Request) { w.commit("Elsewhere", map[string]string{"other.yaml": "b: 2\n"}) }, revert.ErrNothing},
		{"the history was rewritten", func(w *world, _ *revert.Request) {
			w.git.Commit(repo, gitrepotest.Commit{Root: true, Files: map[string]string{"apps/web.yaml": "image: acme/web:9.0.0\n"}})
		}, revert.ErrNotInHistory},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			request := w.request()
			tt.change(w, &request)
			if _, err := w.reverter().Plan(t.Context(), request); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("the branch is somebody else's", func(t *testing.T) {
		w := newWorld(t)
		bad := w.commit(update, map[string]string{"apps/web.yaml": "image: acme/web:1.1.0\n"})
		w.git.Commit(repo, gitrepotest.Commit{Branch: "towline/rollback-shop-" + bad[:8], From: bad, Files: map[string]string{"mine": "1"}})
		reverter := w.reverter()
		plan, err := reverter.Plan(t.Context(), w.request())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := reverter.Propose(t.Context(), plan); !errors.Is(err, revert.ErrTaken) {
			t.Errorf("error %v, want %v", err, revert.ErrTaken)
		}
	})
}

// A history that is longer than what is fetched at first is fetched further.
func TestRollbackFarBack(t *testing.T) {
	w := newWorld(t)
	for i := range 70 {
		w.commit("Elsewhere", map[string]string{"other.yaml": fmt.Sprintf("b: %d\n", i+2)})
	}
	w.commit(update, map[string]string{"apps/web.yaml": "image: acme/web:1.1.0\n"})
	if out := w.propose(); out.Action != revert.ActionCreated {
		t.Errorf("action %s", out.Action)
	}
}

// A merge commit tells of the update by the commit that it merged.
func TestRollbackOfAMerge(t *testing.T) {
	w := newWorld(t)
	w.git.Commit(repo, gitrepotest.Commit{Branch: "towline/web", From: w.good, Message: update, Files: map[string]string{"apps/web.yaml": "image: acme/web:1.1.0\n"}})
	tree := w.git.Git(repo, "rev-parse", "towline/web^{tree}")
	merge := w.git.Git(repo, "-c", "user.name=Pat", "-c", "user.email=pat@example.com", "commit-tree", "-p", w.good, "-p", "towline/web", "-m", "Merge web", tree)
	w.git.Git(repo, "update-ref", "refs/heads/main", merge)
	plan, err := w.reverter().Plan(t.Context(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Excluded) != 1 || len(plan.Undone) != 1 || plan.Undone[0].Subject != "Merge web" {
		t.Errorf("%+v %+v", plan.Undone, plan.Excluded)
	}
}

// pulls is a forge that has pull requests and nothing else.
type pulls struct {
	forge.Forge
	all []forge.PullRequest
}

func (f *pulls) List(_ context.Context, filter forge.Filter) (found []forge.PullRequest, err error) {
	for _, pull := range f.all {
		if filter.Matches(pull) {
			found = append(found, pull)
		}
	}
	return found, nil
}

func (f *pulls) Create(_ context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	pull := forge.PullRequest{Number: len(f.all) + 1, Title: pr.Title, Body: pr.Body, Head: pr.Head, Base: pr.Base, State: forge.StateOpen}
	f.all = append(f.all, pull)
	return pull, nil
}

// A folder may be named as its owner likes, and the commit's message ends with our words all the same.
func TestRollbackOfAFolderThatSpeaks(t *testing.T) {
	w := newWorld(t)
	const folder = "speaks\n\nTowline-Policy: other"
	quoted := strconv.Quote(folder + "/web.yaml") // as git fast-import wants it
	w.good = w.commit("Good", map[string]string{quoted: "image: acme/web:1.0.0\n"})
	w.commit("Bad", map[string]string{quoted: "image: acme/web:1.1.0\n"})
	request := w.request()
	request.Good, request.Paths = gitrepo.Hash(w.good), []string{folder}
	plan, err := w.reverter().Plan(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{plan.Message, plan.Body} {
		if strings.Contains(text, "\nTowline-Policy: other") {
			t.Errorf("the folder's name speaks for us:\n%s", text)
		}
	}
}
