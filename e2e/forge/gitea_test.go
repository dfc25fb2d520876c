package forge_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/gitea"
	"github.com/towline-dev/towline/internal/secret"
)

// The same suite as for GitHub passes on a real Gitea.
func TestGiteaConformance(t *testing.T) {
	t.Parallel()
	server := testbed.Gitea(t)
	colleague, stranger := newPerson(t, server), newPerson(t, server)
	forgetest.Conformance(t, func(t *testing.T) forgetest.Harness { return giteaHarness(t, server, colleague, stranger) })
}

// pageSize is small, so that few pull requests fill a page.
const pageSize = 5

// newUser makes a user that no other test, nor another run of this one, has made.
func newUser(t *testing.T, server *testbed.GiteaServer) (login, token string) {
	t.Helper()
	login = testbed.UniqueName()
	token, err := server.NewUser(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return login, token
}

// onGitea does behind the adapter's back what people do in Gitea.
type onGitea struct {
	*sdk.Client
	repo testbed.GiteaRepo
}

func giteaHarness(t *testing.T, server *testbed.GiteaServer, colleague, stranger person) forgetest.Harness {
	t.Helper()
	client, err := server.Client(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	g := onGitea{Client: client, repo: server.Repo(t)}
	if _, err := g.AddCollaborator(g.repo.Owner, g.repo.Name, colleague.login, sdk.AddCollaboratorOption{}); err != nil {
		t.Fatal(err)
	}
	out := forgetest.Harness{
		Forge: onRepo(t, server, g.repo.Name, server.Token), Base: "main",
		BadCredential: onRepo(t, server, g.repo.Name, strings.Repeat("0123456789", 4)),
		Missing:       onRepo(t, server, "missing", server.Token),
		Push:          g.push, DeleteBranch: g.deleteBranch, Merge: g.merge, Comments: g.comments, Statuses: g.statuses, People: g.people,
		Colleague: colleague.login, PageSize: pageSize,
		Lacks: map[forgetest.Capability]string{
			forgetest.RefusesEmpty: "Gitea opens a pull request without commits, and lets people see that it is empty",
			forgetest.HasAutomerge: "Gitea would merge what is pushed later, too, so that it isn't asked; TestGiteaCancelsAutomerge looks at the rest",
		},
	}
	g.addReviews(&out, server, colleague, stranger)
	return out
}

func onRepo(t *testing.T, server *testbed.GiteaServer, name, token string) forge.Forge {
	t.Helper()
	f, err := gitea.New(gitea.Config{
		URL: server.URL, Owner: server.User, Repo: name, Token: secret.New(token), PageSize: pageSize, RetryDelay: time.Nanosecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (g onGitea) push(t *testing.T, branch, file string) string {
	t.Helper()
	return g.write(t, branch, file, file+"\n")
}

func (g onGitea) deleteBranch(t *testing.T, branch string) {
	t.Helper()
	if _, _, err := g.DeleteRepoBranch(g.repo.Owner, g.repo.Name, branch); err != nil {
		t.Fatal(err)
	}
}

// merge merges as soon as Gitea has found out, in the background, that it can.
func (g onGitea) merge(t *testing.T, number int) string {
	t.Helper()
	for {
		ok, resp, err := g.MergePullRequest(g.repo.Owner, g.repo.Name, int64(number), sdk.MergePullRequestOption{Style: sdk.MergeStyleMerge})
		if ok {
			break
		}
		if resp == nil || resp.StatusCode != http.StatusMethodNotAllowed || t.Context().Err() != nil {
			t.Fatalf("merging %d: %v", number, err)
		}
	}
	pr, _, err := g.GetPullRequest(g.repo.Owner, g.repo.Name, int64(number))
	if err != nil || pr.MergedCommitID == nil {
		t.Fatalf("getting %d after its merge: %v", number, err)
	}
	return *pr.MergedCommitID
}

func (g onGitea) comments(t *testing.T, number int) []string {
	t.Helper()
	list, _, err := g.ListIssueComments(g.repo.Owner, g.repo.Name, int64(number), sdk.ListIssueCommentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, comment := range list {
		out = append(out, comment.Body)
	}
	return out
}

func (g onGitea) statuses(t *testing.T, sha string) map[string]forge.Status {
	t.Helper()
	all, _, err := g.GetCombinedStatus(g.repo.Owner, g.repo.Name, sha)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]forge.Status{}
	for _, s := range all.Statuses {
		out[s.Context] = forge.Status{Context: s.Context, State: forge.StatusState(s.State), Description: s.Description, URL: s.TargetURL}
	}
	return out
}

func (g onGitea) people(t *testing.T, number int) (reviewers, assignees []string) {
	t.Helper()
	pr, _, err := g.GetPullRequest(g.repo.Owner, g.repo.Name, int64(number))
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range pr.RequestedReviewers {
		reviewers = append(reviewers, user.UserName)
	}
	for _, user := range pr.Assignees {
		assignees = append(assignees, user.UserName)
	}
	return reviewers, assignees
}

// A colleague who may read but not write is told so, and nothing else.
func TestGiteaForbidsReaders(t *testing.T) {
	server := testbed.Gitea(t)
	_, token := newUser(t, server)
	h := giteaHarness(t, server, newPerson(t, server), newPerson(t, server))
	sha := h.Push(t, "topic", "topic.txt")
	pr, err := h.Forge.Create(t.Context(), forge.NewPullRequest{Head: "topic", Base: "main", Title: "Topic"})
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Split(strings.TrimPrefix(pr.URL, server.URL+"/"), "/")[1]
	reader := onRepo(t, server, name, token)
	if err := reader.SetStatus(t.Context(), sha, forge.Status{Context: "x", State: forge.StatusSuccess}); !errors.Is(err, forge.ErrForbidden) {
		t.Errorf("SetStatus gave %v, want ErrForbidden", err)
	}
	if list, err := reader.List(t.Context(), forge.Filter{}); err != nil || len(list) != 1 {
		t.Errorf("List gave %v, %v", list, err)
	}
}
