package gitrepo_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
)

// reached is a repository behind a real sshd, and a key that it lets in.
type reached struct {
	*sshd.Server
	git *gitrepotest.Server
	key sshd.Key
	url string
}

func overSSH(tb testing.TB, o sshd.Options) reached {
	tb.Helper()
	r := reached{Server: sshd.New(tb, o), git: gitrepotest.New(tb), key: sshd.NewKey(tb, sshd.ED25519)}
	r.git.Create("deploy")
	r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	r.Authorize(r.key.Public)
	r.url = r.URL(r.git.Dir("deploy"))
	return r
}

// identity is one that the server lets in.
func (r reached) identity() gitrepo.SSH {
	return gitrepo.SSH{PrivateKey: r.key.PEM(""), KnownHosts: r.KnownHosts()}
}

// as signs in with an identity, after changes to it.
func (r reached) as(change ...func(*gitrepo.SSH)) func(*gitrepo.Config) {
	identity := r.identity()
	for _, f := range change {
		f(&identity)
	}
	return func(c *gitrepo.Config) {
		c.Auth.SSH = func(context.Context) (gitrepo.SSH, error) { return identity, nil }
	}
}

func TestSSHRoundTrip(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	repo := open(t, r.url, r.as())
	base := fetch(t, repo, "main")
	if got, want := string(base), r.git.Head("deploy", "main"); got != want {
		t.Fatalf("fetched %s, want %s", got, want)
	}
	commit, err := repo.Commit(gitrepo.Commit{Base: base, Files: map[string][]byte{"a": []byte("2")}, Message: "m", Author: pat(), Committer: pat()})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit, Branch: "towline/a"}); err != nil {
		t.Fatal(err)
	}
	if got := r.git.File("deploy", "towline/a", "a"); got != "2" {
		t.Errorf("a is %q on the pushed branch", got)
	}
	r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"b": "3"}})
	next := fetch(t, repo, "main")
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "3"}, files(t, repo, next)); diff != "" {
		t.Errorf("the second fetch (-want +got):\n%s", diff)
	}
	if err := repo.DeleteBranch(t.Context(), "towline/a", commit); err != nil {
		t.Fatal(err)
	}
	if heads, err := repo.Branches(t.Context()); err != nil || len(heads) != 1 {
		t.Errorf("branches are %v, %v", heads, err)
	}
	if got := r.Connections(); got != 1 {
		t.Errorf("all of that took %d connections, want 1", got)
	}
}

func TestSSHDeepens(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	for _, content := range []string{"2", "3", "4", "5"} {
		r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": content}})
	}
	repo := open(t, r.url, r.as())
	head := fetch(t, repo, "main")
	if _, err := repo.Deepen(t.Context(), "main", 4); err != nil {
		t.Fatal(err)
	}
	if got := files(t, repo, head)["a"]; got != "5" {
		t.Errorf("a is %q", got)
	}
	again := open(t, r.url, r.as())
	for range 3 {
		fetch(t, again, "main")
		r.git.Commit("deploy", gitrepotest.Commit{Branch: "side", Files: map[string]string{"a": "side"}})
		fetch(t, again, "side")
	}
}

func TestSSHReconnects(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	repo := open(t, r.url, r.as())
	fetch(t, repo, "main")
	r.Drop() // as a host does that has waited long enough
	fetch(t, repo, "main")
	if got := r.Connections(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

func TestSSHSideBySide(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	repo := open(t, r.url, r.as())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := repo.Head(t.Context(), "main"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestSSHMissing(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	r.git.Create("empty")
	for name, test := range map[string]struct {
		url, branch string
		want        error
	}{
		"repository": {r.URL("/nowhere/deploy.git"), "main", gitrepo.ErrRepositoryNotFound},
		"any commit": {r.URL(r.git.Dir("empty")), "main", gitrepo.ErrEmptyRepository},
		"branch":     {r.url, "other", gitrepo.ErrBranchNotFound},
		"the end of a quote": {
			r.URL("/nowhere'; touch " + t.TempDir() + "/injected; '"), "main", gitrepo.ErrRepositoryNotFound,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t, test.url, r.as()).Fetch(t.Context(), test.branch); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestSSHQuoting(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	name := "it's a $(touch x) `y` \"z\" !w \\ é*"
	r.git.Create(name)
	base := r.git.Commit(name, gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	url := r.URL(strings.NewReplacer(" ", "%20", "`", "%60", `"`, "%22", `\`, "%5c").Replace(r.git.Dir(name)))
	if got := fetch(t, open(t, url, r.as()), "main"); string(got) != base {
		t.Errorf("fetched %s, want %s", got, base)
	}
}

func TestSSHPushRefused(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	repo := open(t, r.url, r.as())
	base := fetch(t, repo, "main")
	commit := func(content string) gitrepo.Hash {
		t.Helper()
		h, err := repo.Commit(gitrepo.Commit{Base: base, Files: map[string][]byte{"a": []byte(content)}, Message: content, Author: pat(), Committer: pat()})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	r.git.Hook("deploy", "pre-receive", "echo 'ask Pat first' >&2; exit 1")
	err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit("2"), Branch: "main", Expect: base})
	if !errors.Is(err, gitrepo.ErrRefused) || !strings.Contains(err.Error(), "ask Pat first") {
		t.Errorf("a hook's refusal: %v", err)
	}
	r.git.Hook("deploy", "pre-receive", "exit 0")
	r.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"b": "by Pat"}})
	err = repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit("3"), Branch: "main", Expect: base})
	if !errors.Is(err, gitrepo.ErrRejected) {
		t.Errorf("a branch that moved: %v", err)
	}
}
