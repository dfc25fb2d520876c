package gitrepo_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// open gives a Repo with a mirror of its own and waits that take no time.
func open(tb testing.TB, url string, change ...func(*gitrepo.Config)) *gitrepo.Repo {
	tb.Helper()
	cfg := gitrepo.Config{URL: url, Dir: tb.TempDir(), Sleep: noSleep}
	for _, f := range change {
		f(&cfg)
	}
	repo, err := gitrepo.Open(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return repo
}

func fetch(tb testing.TB, repo *gitrepo.Repo, branch string) gitrepo.Hash {
	tb.Helper()
	head, err := repo.Fetch(tb.Context(), branch)
	if err != nil {
		tb.Fatal(err)
	}
	return head
}

func files(tb testing.TB, repo *gitrepo.Repo, commit gitrepo.Hash) map[string]string {
	tb.Helper()
	fsys, err := repo.FS(commit)
	if err != nil {
		tb.Fatal(err)
	}
	got := map[string]string{}
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		got[path] = string(data)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// pat signs the tests' commits.
func pat() gitrepo.Signature {
	return gitrepo.Signature{Name: "Towline", Email: "towline@example.com", When: time.Unix(1700000000, 0).UTC()}
}

func TestRoundTrip(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	base := server.Commit("deploy", gitrepotest.Commit{
		Files: map[string]string{"apps/web.yaml": "image: web:1.0.0\n", "run.sh": "true\n", "README": "hello\n"},
		Modes: map[string]string{"run.sh": "100755"},
	})
	repo := open(t, url)
	if got := fetch(t, repo, "main"); got != gitrepo.Hash(base) {
		t.Fatalf("fetched %s, want %s", got, base)
	}
	commit, err := repo.Commit(gitrepo.Commit{
		Base:    gitrepo.Hash(base),
		Files:   map[string][]byte{"apps/web.yaml": []byte("image: web:1.1.0\n"), "run.sh": []byte("false\n"), "new/a/b.txt": []byte("b")},
		Deletes: []string{"README"},
		Message: "Update web\n", Author: pat(), Committer: pat(),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit, Branch: "towline/web"})
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Head("deploy", "towline/web"); got != string(commit) {
		t.Fatalf("the branch is at %s, want %s", got, commit)
	}
	want := "100644 apps/web.yaml\n100644 new/a/b.txt\n100755 run.sh"
	if got := server.Git("deploy", "ls-tree", "-r", "--format=%(objectmode) %(path)", "towline/web"); got != want {
		t.Errorf("the tree holds\n%s\nwant\n%s", got, want)
	}
	server.Git("deploy", "fsck", "--strict", "--no-dangling")
	if diff := cmp.Diff(map[string]string{"apps/web.yaml": "image: web:1.1.0\n", "run.sh": "false\n", "new/a/b.txt": "b"}, files(t, repo, commit)); diff != "" {
		t.Errorf("files of the new commit (-want +got):\n%s", diff)
	}

	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	next := fetch(t, repo, "main")
	if got := files(t, repo, next)["other"]; got != "x" {
		t.Errorf("the second fetch brought %q", got)
	}
	if err := repo.DeleteBranch(t.Context(), "towline/web", commit); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Head(t.Context(), "towline/web"); !errors.Is(err, gitrepo.ErrBranchNotFound) {
		t.Errorf("Head of the deleted branch: %v", err)
	}
}

// noSleep makes the retry rule's waits take no time.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
