package webhook_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/e2e/testbed"
)

// hosted is a repository at a real Gitea, and a bot that looks at it once a day. It
// reaches Gitea through a front, by another address than Gitea's own.
type hosted struct {
	*testing.T
	client, colleague *gitea.Client
	login             string // of the colleague
	repo              testbed.GiteaRepo
	asked             chan struct{} // told, without a queue, after each request of the bot's
}

// newHosted makes a repository with a policy for an image, which has 1.0.0 and 1.1.0, and
// starts the bot; there is a pull request when this returns.
func newHosted(t *testing.T) *hosted {
	t.Helper()
	server := testbed.Gitea(t)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	h := &hosted{T: t, repo: server.Repo(t), login: testbed.UniqueName(), asked: make(chan struct{}, 1)}
	if h.client, err = server.Client(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := server.NewUser(t.Context(), h.login)
	if err != nil {
		t.Fatal(err)
	}
	if h.colleague, err = gitea.NewClient(server.URL, gitea.SetToken(token), gitea.SetContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	write := gitea.AccessModeWrite
	if _, err = h.client.AddCollaborator(h.repo.Owner, h.repo.Name, h.login, gitea.AddCollaboratorOption{Permission: &write}); err != nil {
		t.Fatal(err)
	}
	image := u.Host + "/" + server.User + "/" + h.repo.Name
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		push(t, image, tag, &authn.Basic{Username: server.User, Password: server.Token})
	}
	h.commit("policy.yaml", fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: hello}\nspec:\n  image: %s\n  schedule: '@every 24h'\n  policy: {semver: {range: 1.x}}\n", image))
	h.commit("hello.yaml", fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: hello}\nspec:\n  containers:\n  - name: hello\n    image: %s:1.0.0\n", image))
	h.start(u, server.Token)
	return h
}

func (h *hosted) commit(file, content string) {
	h.Helper()
	options := gitea.CreateFileOptions{Content: base64.StdEncoding.EncodeToString([]byte(content))}
	options.Message = "Add " + file
	if _, _, err := h.client.CreateFile(h.repo.Owner, h.repo.Name, file, options); err != nil {
		h.Fatal(err)
	}
}

// start runs the bot, and has Gitea tell it of what happens.
func (h *hosted) start(u *url.URL, token string) {
	h.Helper()
	proxy := httputil.NewSingleHostReverseProxy(u)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r)
		select {
		case h.asked <- struct{}{}:
		default: // one is waiting to be taken already
		}
	}))
	h.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})
	address := testbed.FreeAddress(h.T)
	_, _, err := h.client.CreateRepoHook(h.repo.Owner, h.repo.Name, gitea.CreateHookOption{
		Type: gitea.HookTypeGitea, Active: true, BranchFilter: "*",
		Events: []string{"push", "delete", "pull_request", "pull_request_sync", "pull_request_comment", "issue_comment"},
		Config: map[string]string{"url": "http://" + address + "/webhooks/forge-gitea", "content_type": "json", "secret": key},
	})
	if err != nil {
		h.Fatal(err)
	}
	startBot(h.T, address, fmt.Sprintf("{url: %s/%s/%s.git, interval: 24h, auth: {tokenEnv: FORGE_TOKEN}, forge: {type: gitea}}", front.URL, h.repo.Owner, h.repo.Name),
		u.Host, "{type: forge-gitea, secretEnv: WEBHOOK_SECRET}", key, token)
	h.Cleanup(func() {
		text, err := get(context.WithoutCancel(h.Context()), address, "/metrics")
		if err != nil || !strings.Contains(text, `towline_forge_webhooks_total{result="accepted",type="forge-gitea"}`) ||
			strings.Contains(text, `result="unauthorized"`) || strings.Contains(text, `result="malformed"`) {
			h.Errorf("the webhooks aren't counted as they should (%v):\n%s", err, text)
		}
	})
}

// pulls gives all pull requests, newest first.
func (h *hosted) pulls() []*gitea.PullRequest {
	h.Helper()
	all, _, err := h.client.ListRepoPullRequests(h.repo.Owner, h.repo.Name, gitea.ListPullRequestsOptions{State: gitea.StateAll, Sort: "newest"})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

// await waits until something is so. It looks whenever the bot has asked Gitea.
func (h *hosted) await(what string, so func() bool) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	for !so() {
		select {
		case <-h.asked:
		case <-ctx.Done():
			h.Fatalf("waited in vain: %s", what)
		}
	}
}

func (h *hosted) say(number int64, text string) {
	h.Helper()
	if _, _, err := h.colleague.CreateIssueComment(h.repo.Owner, h.repo.Name, number, gitea.CreateIssueCommentOption{Body: text}); err != nil {
		h.Fatal(err)
	}
}

func (h *hosted) closePull(number int64) {
	h.Helper()
	state := gitea.StateClosed
	if _, _, err := h.colleague.EditPullRequest(h.repo.Owner, h.repo.Name, number, gitea.EditPullRequestOption{State: &state}); err != nil {
		h.Fatal(err)
	}
}

// TestGiteaAnnouncesWhatPeopleDo holds that a command in a comment, a pull request that is
// closed and one that is merged are heeded at once, over Gitea's webhook, and that the
// echo of what the bot does itself ends.
func TestGiteaAnnouncesWhatPeopleDo(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	first := h.pulls()[0].Index
	h.say(first, "Not this week.\n\n/towline hold 7d")
	h.await("the pull request says who holds it", func() bool {
		return strings.Contains(h.pulls()[0].Body, h.login+" holds the pull request")
	})
	h.say(first, "/towline release")
	h.await("the pull request isn't held any more", func() bool {
		return !strings.Contains(h.pulls()[0].Body, h.login+" holds the pull request")
	})
	h.closePull(first)
	closed := time.Now()
	// Forges tell times by the second, and a release counts after the close.
	h.await("the bot looks at it", func() bool { return time.Since(closed) > 2*time.Second })
	if all := h.pulls(); len(all) != 1 || all[0].State != gitea.StateClosed {
		t.Fatalf("after the close there are %d pull requests, the newest %s", len(all), all[0].State)
	}
	h.say(first, "/towline release")
	h.await("the versions are proposed again", func() bool { return h.pulls()[0].State == gitea.StateOpen })
	again := h.pulls()[0]
	if _, _, err := h.colleague.MergePullRequest(h.repo.Owner, h.repo.Name, again.Index, gitea.MergePullRequestOption{Style: gitea.MergeStyleMerge}); err != nil {
		t.Fatal(err)
	}
	h.await("the branch is deleted after the merge", func() bool {
		_, resp, err := h.client.GetRepoBranch(h.repo.Owner, h.repo.Name, again.Head.Name)
		return err != nil && resp.StatusCode == http.StatusNotFound
	})
}
