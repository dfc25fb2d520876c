package forgetest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// newRepo makes acme/deploy with one commit on main.
func newRepo(t *testing.T, server *forgetest.Server) *forgetest.Repo {
	t.Helper()
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, repo, "main", "app.yaml", "image: web:1.0.0\n")
	return repo
}

func commit(t *testing.T, repo *forgetest.Repo, branch, file, content string) string {
	t.Helper()
	sha, err := repo.Commit(forgetest.Commit{Branch: branch, Message: "Change " + file, Files: map[string]string{file: content}})
	if err != nil {
		t.Fatal(err)
	}
	return sha
}

func propose(t *testing.T, server *forgetest.Server, head string) forge.PullRequest {
	t.Helper()
	pr, err := client(t, server, "acme", "deploy", forgetest.Token).Create(t.Context(), forge.NewPullRequest{
		Head: head, Base: "main", Title: "From " + head,
	})
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

// git runs the real git as a person would, and gives what it says.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "user.name=alice", "-c", "user.email=a@example.test"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(t.Context(), dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return out
}

func withToken(url, token string) string {
	return strings.Replace(url, "http://", "http://x-access-token:"+token+"@", 1)
}

func TestGitClonesAndPushes(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	pr := propose(t, server, "topic")
	dir := filepath.Join(t.TempDir(), "clone")
	mustGit(t, ".", "clone", "-q", "--depth=1", "-b", "topic", repo.CloneURL(), dir)
	if err := os.WriteFile(filepath.Join(dir, "app.yaml"), []byte("image: web:1.2.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustGit(t, dir, "commit", "-q", "-a", "-m", "Go on")
	want := mustGit(t, dir, "rev-parse", "HEAD")
	for name, url := range map[string]string{
		"nobody":   repo.CloneURL(),
		"stranger": withToken(repo.CloneURL(), "nobody-knows-this"),
		"reader":   withToken(repo.CloneURL(), "mallory-token"),
	} {
		if out, err := git(t.Context(), dir, "push", "-q", url, "topic"); err == nil {
			t.Errorf("%s may push: %s", name, out)
		}
	}
	mustGit(t, dir, "push", "-q", withToken(repo.CloneURL(), "alice-token"), "topic")
	if got := repo.PullRequests()[pr.Number-1]; got.HeadSHA != want || got.State != forge.StateOpen {
		t.Errorf("after the push the pull request is %s at %s, want open at %s", got.State, got.HeadSHA, want)
	}
	// The server's own refs can be read by all and written by nobody.
	if out := mustGit(t, dir, "ls-remote", repo.CloneURL(), "refs/pull/*"); !strings.HasPrefix(out, want) {
		t.Errorf("refs/pull: %s, want %s", out, want)
	}
	if out, err := git(t.Context(), dir, "push", "-q", withToken(repo.CloneURL(), "alice-token"), "HEAD:refs/pull/9/head"); err == nil {
		t.Errorf("a pull request's ref can be pushed: %s", out)
	}
}

func TestPrivateRepositoriesAreHidden(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	repo.SetPrivate(true)
	for _, test := range []struct {
		url  string
		sees bool
	}{
		{repo.CloneURL(), false},
		{withToken(repo.CloneURL(), "nobody-knows-this"), false},
		{withToken(repo.CloneURL(), "mallory-token"), true},
	} {
		if out, err := git(t.Context(), ".", "ls-remote", test.url); (err == nil) != test.sees {
			t.Errorf("ls-remote %s: %v\n%s", test.url, err, out)
		}
	}
	status, body := fetch(t, server.BaseURL()+"/acme/deploy")
	if status != 404 {
		t.Errorf("its page answers %d %s", status, body)
	}
}

// What a push makes of open pull requests: see the names.
func TestPullRequestsFollowBranches(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	for _, branch := range []string{"deleted", "landed"} {
		commit(t, repo, branch, branch+".txt", "x\n")
		propose(t, server, branch)
	}
	if err := repo.DeleteBranch("deleted"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "clone")
	mustGit(t, ".", "clone", "-q", withToken(repo.CloneURL(), "alice-token"), dir)
	mustGit(t, dir, "merge", "-q", "--no-edit", "origin/landed", "--no-ff")
	mustGit(t, dir, "push", "-q", "origin", "main")
	list := repo.PullRequests()
	if list[0].State != forge.StateClosed || list[1].State != forge.StateMerged || list[1].MergeSHA != repo.Head("main") {
		t.Errorf("the deleted one is %s, the landed one %s by %s", list[0].State, list[1].State, list[1].MergeSHA)
	}
}

func TestMerge(t *testing.T) {
	for _, test := range []struct {
		method  string
		parents int
		commits int // on main afterwards
		subject string
	}{
		{forgetest.MergeCommit, 2, 5, "Merge pull request #1 from acme/topic"},
		{forgetest.MergeSquash, 1, 3, "From topic (#1)"},
		{forgetest.MergeRebase, 1, 4, "Change two.txt"},
	} {
		t.Run(test.method, func(t *testing.T) {
			server := forgetest.Start(t, forgetest.Config{})
			repo := newRepo(t, server)
			commit(t, repo, "topic", "one.txt", "1\n")
			commit(t, repo, "topic", "two.txt", "2\n")
			commit(t, repo, "main", "other.txt", "o\n") // main goes on meanwhile
			pr := propose(t, server, "topic")
			sha, err := repo.Merge(pr.Number, test.method)
			if err != nil || sha != repo.Head("main") {
				t.Fatalf("Merge gave %s, %v; main is at %s", sha, err, repo.Head("main"))
			}
			log := func(args ...string) string { return mustGit(t, repo.Dir(), append([]string{"log"}, args...)...) }
			if got := len(strings.Fields(log("-1", "--format=%P", sha))); got != test.parents {
				t.Errorf("%d parents, want %d", got, test.parents)
			}
			if got := len(strings.Fields(log("--format=%H", sha))); got != test.commits {
				t.Errorf("%d commits on main, want %d", got, test.commits)
			}
			if got := log("-1", "--format=%s", sha); got != test.subject {
				t.Errorf("subject %q, want %q", got, test.subject)
			}
			if got := mustGit(t, repo.Dir(), "ls-tree", "--name-only", sha); got != "app.yaml\none.txt\nother.txt\ntwo.txt" {
				t.Errorf("files: %q", got)
			}
			if got := repo.PullRequests()[0]; got.State != forge.StateMerged || got.MergeSHA != sha {
				t.Errorf("the pull request is %s by %s", got.State, got.MergeSHA)
			}
			if _, err := repo.Merge(pr.Number, test.method); err == nil {
				t.Error("it can be merged twice")
			}
		})
	}
}

func TestConflictsAreNotMerged(t *testing.T) {
	for _, method := range []string{forgetest.MergeCommit, forgetest.MergeSquash, forgetest.MergeRebase} {
		server := forgetest.Start(t, forgetest.Config{})
		repo := newRepo(t, server)
		commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
		pr := propose(t, server, "topic")
		want := commit(t, repo, "main", "app.yaml", "image: web:1.0.1\n")
		if _, err := repo.Merge(pr.Number, method); err == nil || !strings.Contains(err.Error(), "not mergeable") {
			t.Errorf("%s: Merge gave %v", method, err)
		}
		if got := repo.Head("main"); got != want {
			t.Errorf("%s: main moved to %s", method, got)
		}
	}
}

func TestCreateRepoRefuses(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	newRepo(t, server)
	for _, name := range []string{"", "../x", ".git", "a/b", "x.git", "Deploy"} {
		if _, err := server.CreateRepo("acme", name); err == nil {
			t.Errorf("%q was made", name)
		}
	}
}
