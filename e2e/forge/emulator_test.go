package forge_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

// The suite passes on somebody else's emulation of GitHub, too, as far as that
// is true to GitHub.
func TestEmulatorConformance(t *testing.T) {
	t.Parallel()
	forgetest.Conformance(t, func(t *testing.T) forgetest.Harness {
		server := testbed.Emulator(t)
		return emulatorHarness(t, server, github.Config{Token: secret.New(server.Token)})
	})
}

// An App's token, made by the emulator, opens a pull request.
func TestEmulatorApp(t *testing.T) {
	server := testbed.Emulator(t)
	h := emulatorHarness(t, server, github.Config{App: &github.App{
		ID: server.App.ID, InstallationID: server.App.InstallationID, PrivateKey: secret.New(string(server.App.PrivateKey)),
	}})
	h.Push(t, "topic", "topic.txt")
	pr, err := h.Forge.Create(t.Context(), forge.NewPullRequest{Head: "topic", Base: "main", Title: "Topic"})
	if err != nil || pr.Number == 0 {
		t.Errorf("Create gave %+v, %v", pr, err)
	}
}

func emulatorHarness(t *testing.T, server *testbed.EmulatorServer, config github.Config) forgetest.Harness {
	t.Helper()
	connect := func(config github.Config, repo, token string) forge.Forge {
		config.BaseURL, config.Owner, config.Repo, config.RetryDelay = server.URL, server.Owner, repo, time.Nanosecond
		if token != "" {
			config.Token, config.App = secret.New(token), nil
		}
		f, err := github.New(config)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	base, err := url.Parse(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	client := gogithub.NewClient(&http.Client{}).WithAuthToken(server.Token)
	client.BaseURL = base
	e := onEmulator{client: client, owner: server.Owner, repo: server.Repo}
	return forgetest.Harness{
		// No Milestone: emulate 0.12.2 knows pull requests as no issues, which alone have one.
		Forge: connect(config, server.Repo, ""), Base: "main", Missing: connect(config, "missing", server.Token),
		Push: e.push, DeleteBranch: e.deleteBranch, Merge: e.merge, Comments: e.comments, People: e.people,
		Colleague: "reviewer", PageSize: testbed.EmulatorPageSize, EditComment: e.editComment,
		Owner: server.Owner, Stranger: "reviewer",
		Lacks: map[forgetest.Capability]string{
			forgetest.RefusesDuplicates: "emulate 0.12.2 answers 201 to a duplicate, GitHub 422",
			forgetest.RefusesMissing:    "emulate 0.12.2 answers 201 to a missing head, GitHub 422",
			forgetest.RefusesEmpty:      "emulate 0.12.2 answers 201 to a head without commits, GitHub 422",
			forgetest.RefusesStrangers:  "emulate 0.12.2 lets an unknown token read and write",
			forgetest.FollowsHead:       "emulate 0.12.2 leaves a pull request's head where it was",
			forgetest.AsksPeople:        "emulate 0.12.2 can't assign, and answers 200 to asking for a review, GitHub 201",
			forgetest.HasStatuses:       "emulate 0.12.2 has no statuses",
			forgetest.HasReadiness:      "emulate 0.12.2 has no statuses",
			forgetest.HasPermissions:    "emulate 0.12.2 answers without the role's name, which GitHub promises",
			forgetest.RefusesMerges:     "emulate 0.12.2 merges whatever the head is, and answers 422 to a second merge, GitHub 405",
			forgetest.HasAutomerge:      "emulate 0.12.2 has no GraphQL",
		},
	}
}

// onEmulator does behind the adapter's back what people do on GitHub.
type onEmulator struct {
	client      *gogithub.Client
	owner, repo string
}

func (e onEmulator) push(t *testing.T, branch, file string) string {
	t.Helper()
	ctx := t.Context()
	if _, _, err := e.client.Git.GetRef(ctx, e.owner, e.repo, "heads/"+branch); err != nil {
		main, _, err := e.client.Git.GetRef(ctx, e.owner, e.repo, "heads/main")
		if err != nil {
			t.Fatal(err)
		}
		ref := &gogithub.Reference{Ref: gogithub.String("refs/heads/" + branch), Object: main.Object}
		if _, _, err := e.client.Git.CreateRef(ctx, e.owner, e.repo, ref); err != nil {
			t.Fatal(err)
		}
	}
	answer, _, err := e.client.Repositories.CreateFile(ctx, e.owner, e.repo, file, &gogithub.RepositoryContentFileOptions{
		Message: gogithub.String("Add " + file), Content: []byte(file + "\n"), Branch: &branch,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetSHA()
}

func (e onEmulator) editComment(t *testing.T, _ int, id int64, body string) {
	t.Helper()
	if _, _, err := e.client.Issues.EditComment(t.Context(), e.owner, e.repo, id, &gogithub.IssueComment{Body: &body}); err != nil {
		t.Fatal(err)
	}
}

func (e onEmulator) deleteBranch(t *testing.T, branch string) {
	t.Helper()
	if _, err := e.client.Git.DeleteRef(t.Context(), e.owner, e.repo, "heads/"+branch); err != nil {
		t.Fatal(err)
	}
}

func (e onEmulator) merge(t *testing.T, number int) string {
	t.Helper()
	result, _, err := e.client.PullRequests.Merge(t.Context(), e.owner, e.repo, number, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.GetSHA()
}

func (e onEmulator) comments(t *testing.T, number int) []string {
	t.Helper()
	list, _, err := e.client.Issues.ListComments(t.Context(), e.owner, e.repo, number, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, comment := range list {
		out = append(out, comment.GetBody())
	}
	return out
}

func (e onEmulator) people(t *testing.T, number int) (reviewers, assignees []string) {
	t.Helper()
	pr, _, err := e.client.PullRequests.Get(t.Context(), e.owner, e.repo, number)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range pr.RequestedReviewers {
		reviewers = append(reviewers, user.GetLogin())
	}
	for _, user := range pr.Assignees {
		assignees = append(assignees, user.GetLogin())
	}
	return reviewers, assignees
}
