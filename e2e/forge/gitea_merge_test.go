package forge_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
)

// giteaPull is a repository on the real Gitea with one open pull request.
type giteaPull struct {
	onGitea
	forge forge.Forge
	pr    forge.PullRequest
	ask   forge.MergeRequest
}

func newGiteaPull(t *testing.T, server *testbed.GiteaServer) *giteaPull {
	t.Helper()
	client, err := server.Client(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	g := &giteaPull{onGitea: onGitea{Client: client, repo: server.Repo(t)}}
	g.forge = onRepo(t, server, g.repo.Name, server.Token)
	g.push(t, "topic", "topic.txt")
	g.pr, err = g.forge.Create(t.Context(), forge.NewPullRequest{Head: "topic", Base: "main", Title: "Topic"})
	if err != nil {
		t.Fatal(err)
	}
	g.ask = forge.MergeRequest{Method: forge.MergeSquash, SHA: g.pr.HeadSHA, Title: "Update (#1)", Message: "Because."}
	return g
}

// ready asks until Gitea, which looks for conflicts in the background, has found out.
func (g *giteaPull) ready(t *testing.T) forge.Readiness {
	t.Helper()
	for {
		r, err := g.forge.Readiness(t.Context(), g.pr.Number)
		if err != nil || t.Context().Err() != nil {
			t.Fatal(err)
		}
		if r.Reason != "Gitea is still looking for conflicts" {
			return r
		}
	}
}

// settled makes a call until Gitea, which looks for conflicts in the background, has
// an answer for it.
func settled(t *testing.T, call func() error) error {
	t.Helper()
	for {
		err := call()
		var refused *forge.Error
		if !errors.As(err, &refused) || refused.Message != "Please try again later" || t.Context().Err() != nil {
			return err
		}
	}
}

func (g *giteaPull) report(t *testing.T, state forge.StatusState) {
	t.Helper()
	if err := g.forge.SetStatus(t.Context(), g.pr.HeadSHA, forge.Status{Context: "build", State: state}); err != nil {
		t.Fatal(err)
	}
}

// colleague may write to the repository.
func (g *giteaPull) colleague(t *testing.T, server *testbed.GiteaServer) (login, token string) {
	t.Helper()
	login, token = newUser(t, server)
	write := sdk.AccessModeWrite
	if _, err := g.AddCollaborator(g.repo.Owner, g.repo.Name, login, sdk.AddCollaboratorOption{Permission: &write}); err != nil {
		t.Fatal(err)
	}
	return login, token
}

// What Gitea says of a pull request follows its checks, its reviews and the rules.
func TestGiteaReadiness(t *testing.T) {
	server := testbed.Gitea(t)
	g := newGiteaPull(t, server)
	_, token := g.colleague(t, server)
	want := func(name string, want forge.Readiness) {
		t.Helper()
		want.HeadSHA = g.pr.HeadSHA
		if diff := cmp.Diff(want, g.ready(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	want("as it is", forge.Readiness{Mergeable: true, Checks: forge.ChecksNone})
	g.report(t, forge.StatusPending)
	want("a check that runs", forge.Readiness{Mergeable: true, Checks: forge.ChecksPending})
	g.protect(t, sdk.CreateBranchProtectionOption{EnableStatusCheck: true, StatusCheckContexts: []string{"build"}, RequiredApprovals: 1})
	want("a rule for approvals", forge.Readiness{Checks: forge.ChecksPending, Reason: "it has 0 of 1 required approvals"})
	g.review(t, server, token, g.pr.Number, false)
	want("changes requested", forge.Readiness{Checks: forge.ChecksPending, ChangesRequested: true, Reason: "it has 0 of 1 required approvals"})
	g.review(t, server, token, g.pr.Number, true)
	want("approved", forge.Readiness{Checks: forge.ChecksPending, Reason: "required checks: pending"})
	if _, err := g.forge.Merge(t.Context(), g.pr.Number, g.ask); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Merge before the check gave %v, want ErrNotReady", err)
	}
	g.report(t, forge.StatusSuccess)
	want("all there", forge.Readiness{Mergeable: true, Checks: forge.ChecksSuccess})
	other := g.ask
	other.SHA = strings.Repeat("0123456789", 4)
	if _, err := g.forge.Merge(t.Context(), g.pr.Number, other); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Merge of another head gave %v, want ErrNotReady", err)
	}
	var merged forge.PullRequest
	err := settled(t, func() (err error) {
		merged, err = g.forge.Merge(t.Context(), g.pr.Number, g.ask)
		return err
	})
	if err != nil || merged.State != forge.StateMerged || merged.MergeSHA == "" {
		t.Fatalf("Merge gave %+v, %v", merged, err)
	}
	commit, _, err := g.GetSingleCommit(g.repo.Owner, g.repo.Name, merged.MergeSHA)
	if err != nil || !strings.HasPrefix(commit.RepoCommit.Message, "Update (#1)\n\nBecause.") {
		t.Errorf("the commit is %+v, %v", commit, err)
	}
	if _, err := g.forge.Merge(t.Context(), g.pr.Number, g.ask); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Merge again gave %v, want ErrNotReady", err)
	}
	want("merged", forge.Readiness{Checks: forge.ChecksSuccess, Reason: "it is merged"})
}

func TestGiteaConflict(t *testing.T) {
	g := newGiteaPull(t, testbed.Gitea(t))
	g.push(t, "main", "topic.txt")
	for r := g.ready(t); !r.Conflict; r = g.ready(t) { // found out in the background, too
		if t.Context().Err() != nil {
			t.Fatalf("it is %+v, want a conflict", r)
		}
	}
	if _, err := g.forge.Merge(t.Context(), g.pr.Number, g.ask); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Merge gave %v, want ErrNotReady", err)
	}
}

// schedule has Gitea merge when the check "build" has succeeded, as people do.
func (g *giteaPull) schedule(t *testing.T) {
	t.Helper()
	option := sdk.MergePullRequestOption{Style: sdk.MergeStyleSquash, MergeWhenChecksSucceed: true}
	for {
		ok, resp, err := g.MergePullRequest(g.repo.Owner, g.repo.Name, int64(g.pr.Number), option)
		if ok {
			return
		}
		if resp == nil || resp.StatusCode != http.StatusMethodNotAllowed || t.Context().Err() != nil {
			t.Fatalf("scheduling the merge: %v", err)
		}
	}
}

// What was asked of Gitea is taken back, and nothing is asked of it.
func TestGiteaCancelsAutomerge(t *testing.T) {
	g := newGiteaPull(t, testbed.Gitea(t))
	if err := g.forge.Automerge(t.Context(), g.pr.Number, g.ask); !errors.Is(err, forge.ErrUnsupported) {
		t.Errorf("Automerge gave %v, want ErrUnsupported", err)
	}
	g.protect(t, sdk.CreateBranchProtectionOption{EnableStatusCheck: true, StatusCheckContexts: []string{"build"}})
	g.report(t, forge.StatusPending)
	g.schedule(t)
	for range 2 { // it may be repeated
		if err := g.forge.CancelAutomerge(t.Context(), g.pr.Number); err != nil {
			t.Fatalf("CancelAutomerge: %v", err)
		}
	}
	g.report(t, forge.StatusSuccess)
	if r := g.ready(t); !r.Mergeable {
		t.Errorf("it is %+v, want it mergeable", r)
	}
	err := settled(t, func() error { _, err := g.forge.Merge(t.Context(), g.pr.Number, g.ask); return err })
	if err != nil {
		t.Errorf("Merge of what Gitea isn't to merge: %v", err)
	}
	if err := g.forge.CancelAutomerge(t.Context(), 4242); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("CancelAutomerge of what isn't there gave %v, want ErrNotFound", err)
	}
}

// This is why Gitea isn't asked: it merges what somebody has pushed afterwards.
func TestGiteaAutomergeFollowsPushes(t *testing.T) {
	g := newGiteaPull(t, testbed.Gitea(t))
	g.protect(t, sdk.CreateBranchProtectionOption{EnableStatusCheck: true, StatusCheckContexts: []string{"build"}})
	g.report(t, forge.StatusPending)
	g.schedule(t)
	later := g.push(t, "topic", "later.txt")
	if err := g.forge.SetStatus(t.Context(), later, forge.Status{Context: "build", State: forge.StatusSuccess}); err != nil {
		t.Fatal(err)
	}
	for {
		list, err := g.forge.List(t.Context(), forge.Filter{State: forge.StateMerged})
		if err != nil || t.Context().Err() != nil {
			t.Fatalf("waiting for the merge: %v", err)
		}
		if len(list) == 1 {
			if list[0].HeadSHA != later {
				t.Errorf("%s was merged, want %s", list[0].HeadSHA, later)
			}
			return
		}
	}
}

// Only the parts that are missing are put on, and nothing is taken away.
func TestGiteaDecorate(t *testing.T) {
	server := testbed.Gitea(t)
	g := newGiteaPull(t, server)
	first, token := g.colleague(t, server)
	second, _ := g.colleague(t, server)
	if _, _, err := g.CreateMilestone(g.repo.Owner, g.repo.Name, sdk.CreateMilestoneOption{Title: "2026"}); err != nil {
		t.Fatal(err)
	}
	put := func(d forge.Decoration) forge.PullRequest {
		t.Helper()
		pr, err := g.forge.Decorate(t.Context(), g.pr.Number, d)
		if err != nil {
			t.Fatalf("Decorate(%+v): %v", d, err)
		}
		return pr
	}
	put(forge.Decoration{Labels: []string{"a"}, Reviewers: []string{first}, Assignees: []string{first}})
	g.review(t, server, token, g.pr.Number, true)
	all := forge.Decoration{Labels: []string{"b"}, Reviewers: []string{first, second}, Assignees: []string{second}, Milestone: "2026"}
	for range 2 {
		pr := put(all)
		if diff := cmp.Diff([]string{"a", "b"}, pr.Labels); diff != "" || pr.Milestone != "2026" {
			t.Errorf("milestone %q, labels (-want +got):\n%s", pr.Milestone, diff)
		}
	}
	reviewers, assignees := g.people(t, g.pr.Number)
	want := []string{first, second}
	for _, list := range [][]string{want, reviewers, assignees} {
		slices.Sort(list)
	}
	if diff := cmp.Diff([][]string{want, want}, [][]string{reviewers, assignees}); diff != "" {
		t.Errorf("who is asked, who assigned (-want +got):\n%s", diff)
	}
	g.protect(t, sdk.CreateBranchProtectionOption{RequiredApprovals: 1})
	if r := g.ready(t); !r.Mergeable {
		t.Errorf("the approval was lost: %+v", r)
	}
	if _, err := g.forge.Decorate(t.Context(), g.pr.Number, forge.Decoration{Milestone: "1"}); err != nil {
		t.Errorf("Decorate with a milestone, where there is one: %v", err)
	}
}

// Who may do what, as the administrator sees it; another's token learns of itself and
// the owner alone.
func TestGiteaPermission(t *testing.T) {
	server := testbed.Gitea(t)
	g := newGiteaPull(t, server)
	writer, token := g.colleague(t, server)
	stranger, _ := newUser(t, server)
	for login, want := range map[string]forge.Permission{
		server.User: forge.PermissionAdmin, writer: forge.PermissionWrite, stranger: forge.PermissionRead,
		"nobody-of-that-name": forge.PermissionNone, "../../repos": forge.PermissionNone,
	} {
		if got, err := g.forge.Permission(t.Context(), login); err != nil || got != want {
			t.Errorf("Permission(%s) = %v, %v; want %v", login, got, err, want)
		}
	}
	asWriter := onRepo(t, server, g.repo.Name, token)
	for login, want := range map[string]forge.Permission{server.User: forge.PermissionAdmin, writer: forge.PermissionWrite, stranger: forge.PermissionNone} {
		if got, err := asWriter.Permission(t.Context(), login); err != nil || got != want {
			t.Errorf("a writer who asks about %s is told %v, %v; want %v", login, got, err, want)
		}
	}
}

func TestGiteaSince(t *testing.T) {
	g := newGiteaPull(t, testbed.Gitea(t))
	for since, want := range map[time.Time]int{g.pr.UpdatedAt: 1, g.pr.UpdatedAt.Add(time.Second): 0} {
		if list, err := g.forge.List(t.Context(), forge.Filter{Since: since}); err != nil || len(list) != want {
			t.Errorf("since %v: %d pull requests, %v; want %d", since, len(list), err, want)
		}
	}
}
