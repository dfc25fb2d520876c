package gitrepo_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// ready gives a repository and a commit on its main that isn't pushed.
func ready(t *testing.T) (*gitrepotest.Server, *gitrepo.Repo, gitrepo.Hash, gitrepo.Hash) {
	t.Helper()
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1", "b": "1"}})
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"a": []byte("2")}})
	if err != nil {
		t.Fatal(err)
	}
	return server, repo, base, made
}

func TestPushLease(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		branch string
		setup  func(s *gitrepotest.Server) // before the push, behind its back
		expect func(base gitrepo.Hash) gitrepo.Hash
		want   error
	}{
		{"new branch", "next", nil, func(gitrepo.Hash) gitrepo.Hash { return "" }, nil},
		{"new branch that exists", "main", nil, func(gitrepo.Hash) gitrepo.Hash { return "" }, gitrepo.ErrRejected},
		{"as expected", "main", nil, func(b gitrepo.Hash) gitrepo.Hash { return b }, nil},
		{"moved on", "main", func(s *gitrepotest.Server) {
			s.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"b": "2"}})
		}, func(b gitrepo.Hash) gitrepo.Hash { return b }, gitrepo.ErrRejected},
		{"gone", "main", func(s *gitrepotest.Server) { s.Git("deploy", "update-ref", "-d", "refs/heads/main") },
			func(b gitrepo.Hash) gitrepo.Hash { return b }, gitrepo.ErrRejected},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, repo, base, made := ready(t)
			if test.setup != nil {
				test.setup(server)
			}
			before := server.Head("deploy", test.branch)
			err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: test.branch, Expect: test.expect(base)})
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			want := before
			if test.want == nil {
				want = string(made)
			}
			if got := server.Head("deploy", test.branch); got != want {
				t.Errorf("the branch is at %q, want %q", got, want)
			}
		})
	}
}

// The lease holds in the server: between our look at the branch and our push another
// push comes in.
func TestPushRacesWithAnother(t *testing.T) {
	server, repo, base, made := ready(t)
	var theirs string
	server.Fault(gitrepotest.Before("/git-receive-pack", func() {
		theirs = server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"b": "theirs"}})
	}))
	err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
	if !errors.Is(err, gitrepo.ErrRejected) {
		t.Errorf("got %v, want ErrRejected", err)
	}
	if got := server.Head("deploy", "main"); got != theirs {
		t.Errorf("main is at %s, want %s", got, theirs)
	}
}

func TestPushRefusedByAHook(t *testing.T) {
	server, repo, base, made := ready(t)
	server.Hook("deploy", "pre-receive", `printf 'only \033[31mhumans\n' >&2; exit 1`)
	err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
	var failed *gitrepo.Error
	if !errors.Is(err, gitrepo.ErrRefused) || !errors.As(err, &failed) || failed.Temporary() {
		t.Errorf("got %v, want ErrRefused", err)
	}
	if err == nil || !strings.Contains(err.Error(), "humans") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("the hook's words: %v", err)
	}
	if got := server.Head("deploy", "main"); got != string(base) {
		t.Errorf("main moved to %s", got)
	}
}

func TestPushWhoseAnswerIsLost(t *testing.T) {
	server, repo, base, made := ready(t)
	server.Fault(server.Cut(1, "/git-receive-pack"))
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Errorf("got %v", err)
	}
	if got := server.Head("deploy", "main"); got != string(made) {
		t.Errorf("main is at %s, want %s", got, made)
	}
	posts := 0
	for _, req := range server.Requests() {
		if req.Method == http.MethodPost && strings.HasSuffix(req.Path, "receive-pack") {
			posts++
		}
	}
	if posts != 1 {
		t.Errorf("pushed %d times, want once", posts)
	}
}

func TestPushAgainIsSuccess(t *testing.T) {
	server, repo, base, made := ready(t)
	for range 2 {
		if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := repo.Known("main"); !ok || got != made {
		t.Errorf("Known: %s, %t", got, ok)
	}
	server.Requests()
	if got := fetch(t, repo, "main"); got != made {
		t.Errorf("fetched %s", got)
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("fetching what was pushed took %d requests, want 1", got)
	}
}

func TestPushOfSeveralCommits(t *testing.T) {
	server, repo, base, made := ready(t)
	second, err := commit(repo, gitrepo.Commit{Base: made, Files: map[string][]byte{"c/d": []byte("3")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: second, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	server.Git("deploy", "fsck", "--strict", "--no-dangling")
	log, err := repo.Log(second, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 3 || log[1].Hash != made || log[2].Hash != base {
		t.Errorf("log: %+v", log)
	}
}

func TestDeleteBranch(t *testing.T) {
	server, repo, _, made := ready(t)
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "next"}); err != nil {
		t.Fatal(err)
	}
	theirs := server.Commit("deploy", gitrepotest.Commit{Branch: "next", Files: map[string]string{"b": "2"}})
	if err := repo.DeleteBranch(t.Context(), "next", made); !errors.Is(err, gitrepo.ErrRejected) {
		t.Errorf("a branch that moved: %v", err)
	}
	for range 2 { // the second time it is gone already
		if err := repo.DeleteBranch(t.Context(), "next", gitrepo.Hash(theirs)); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.Head("deploy", "next"); got != "" {
		t.Errorf("the branch is at %s", got)
	}
	if err := repo.DeleteBranch(t.Context(), "main", ""); err == nil {
		t.Error("a branch can be deleted without saying where it is")
	}
}

func TestPushRefusesNonsense(t *testing.T) {
	_, repo, _, made := ready(t)
	for _, req := range []gitrepo.PushRequest{{Branch: "main"}, {Commit: made, Branch: "-f"}, {Commit: made, Branch: "a..b"}, {Commit: gitrepo.Hash(strings.Repeat("ab", 20)), Branch: "x"}} {
		if err := repo.Push(t.Context(), req); err == nil {
			t.Errorf("%+v was pushed", req)
		}
	}
}

// Writers of one branch, in one process and with one cache: every commit lands, none
// on top of another's loss.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	dir := t.TempDir()
	const writers, rounds = 4, 5
	var all sync.WaitGroup
	for w := range writers {
		repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
		all.Go(func() {
			for n := range rounds {
				if err := land(t, repo, fmt.Sprintf("writer-%d/%d", w, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := server.Git("deploy", "rev-list", "--count", "main"); got != fmt.Sprint(1+writers*rounds) {
		t.Errorf("%s commits, want %d", got, 1+writers*rounds)
	}
	server.Git("deploy", "fsck", "--strict", "--no-dangling")
}

// land adds a file to main, however often others are faster.
func land(t *testing.T, repo *gitrepo.Repo, file string) error {
	for {
		base, err := repo.Fetch(t.Context(), "main")
		if err != nil {
			return err
		}
		made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{file: []byte(file)}})
		if err != nil {
			return err
		}
		err = repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
		if !errors.Is(err, gitrepo.ErrRejected) {
			return err
		}
	}
}

// A repository that was itself cloned with a depth takes pushes from a mirror that has
// even less.
func TestPushToAShallowRepository(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("whole")
	commits(server, "whole", 6)
	url := server.Create("deploy")
	server.Git("deploy", "fetch", "--quiet", "--depth=3", "file://"+server.Dir("whole"), "main:main")
	repo := open(t, url)
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"n": []byte("new")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	if got := server.File("deploy", "main", "n"); got != "new" {
		t.Errorf("n is %q", got)
	}
	server.Git("deploy", "fsck", "--no-dangling")
}

// Between building a commit and pushing it somebody else makes a new mirror.
func TestPushAfterANewMirror(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	repo, other := reopen(), reopen()
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"a": []byte("2")}})
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, other, "gen-*/towline.json", []byte("{"))
	fetch(t, other, "main")
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Error(err)
	}
	if got := server.File("deploy", "main", "a"); got != "2" {
		t.Errorf("a is %q", got)
	}
}

// Whoever looks at an empty repository while its first commit is pushed disturbs nobody.
func TestPushWhileFetchFindsNothing(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	made, err := commit(repo, gitrepo.Commit{Files: map[string][]byte{"a": []byte("1")}})
	if err != nil {
		t.Fatal(err)
	}
	server.Fault(gitrepotest.Before("/git-receive-pack", func() {
		if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrEmptyRepository) {
			t.Errorf("got %v", err)
		}
	}))
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main"}); err != nil {
		t.Fatal(err)
	}
	if got, ok := repo.Known("main"); !ok || got != made {
		t.Errorf("known is %q, %t", got, ok)
	}
}
