package testbed_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestGiteaTakesPushAndPullRequest(t *testing.T) {
	server := testbed.Gitea(t)
	repo := server.Repo(t)
	push(t, server, repo, "topic")

	client, err := server.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pull, _, err := client.CreatePullRequest(repo.Owner, repo.Name, gitea.CreatePullRequestOption{
		Head: "topic", Base: "main", Title: "Change a line",
	})
	if err != nil {
		t.Fatal(err)
	}
	if pull.Index != 1 || pull.State != gitea.StateOpen {
		t.Errorf("got pull request %d, %s; want the first one, open", pull.Index, pull.State)
	}
}

func TestGiteaCallsWebhookOnLoopback(t *testing.T) {
	server := testbed.Gitea(t)
	repo := server.Repo(t)
	events := make(chan string, 16)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil || !bytes.Contains(body, []byte(repo.Name)) {
			t.Errorf("body of a webhook is %q, %v", body, err)
		}
		events <- r.Header.Get("X-Gitea-Event") + " " + r.Header.Get("X-Hub-Signature-256")[:7]
	}))
	t.Cleanup(receiver.Close)
	client, err := server.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client.CreateRepoHook(repo.Owner, repo.Name, gitea.CreateHookOption{
		Type: gitea.HookTypeGitea, Active: true, Events: []string{"push"},
		Config: map[string]string{"url": receiver.URL, "content_type": "json", "secret": "s3cret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	push(t, server, repo, "main")
	select {
	case got := <-events:
		if want := "push sha256="; got != want {
			t.Errorf("got webhook %q, want %q", got, want)
		}
	case <-t.Context().Done():
		t.Error("no webhook came")
	}
}

func TestGiteaUsersHaveTheirOwnToken(t *testing.T) {
	server := testbed.Gitea(t)
	name := testbed.UniqueName()
	token, err := server.NewUser(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	client, err := gitea.NewClient(server.URL, gitea.SetToken(token), gitea.SetContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	me, _, err := client.GetMyUserInfo()
	if err != nil {
		t.Fatal(err)
	}
	if me.UserName != name || me.IsAdmin {
		t.Errorf("got user %q, administrator: %t; want a plain %s", me.UserName, me.IsAdmin, name)
	}
}

// push makes a commit on each of the branches, one after the other.
func push(t *testing.T, server *testbed.GiteaServer, repo testbed.GiteaRepo, branches ...string) {
	t.Helper()
	dir := t.TempDir()
	remote := strings.Replace(repo.URL, "http://", "http://"+server.User+":"+server.Token+"@", 1)
	git(t.Context(), t, dir, "clone", "-q", remote, ".")
	for _, branch := range branches {
		git(t.Context(), t, dir, "checkout", "-q", "-B", branch)
		if err := os.WriteFile(filepath.Join(dir, "file.txt"), []byte(branch+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		git(t.Context(), t, dir, "add", "file.txt")
		git(t.Context(), t, dir, "commit", "-q", "-m", "Write "+branch)
		git(t.Context(), t, dir, "push", "-q", remote, branch)
	}
}

func git(ctx context.Context, t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.test"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
}
