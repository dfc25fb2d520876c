package gitrepo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// based gives a repository with one commit of every kind of entry.
func based(t *testing.T) (*gitrepotest.Server, *gitrepo.Repo, gitrepo.Hash) {
	t.Helper()
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{
		Files: map[string]string{"a/x": "1", "a/y": "2", "b/only": "3", "run": "4", "link": "a", "sub": strings.Repeat("ab", 20), "a.txt": "5"},
		Modes: map[string]string{"run": "100755", "link": "120000", "sub": "160000"},
	})
	return server, repo, fetch(t, repo, "main")
}

// commit fills in what doesn't matter.
func commit(repo *gitrepo.Repo, c gitrepo.Commit) (gitrepo.Hash, error) {
	c.Message, c.Author, c.Committer = "Change\n", pat(), pat()
	return repo.Commit(c)
}

func TestCommitTrees(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		files   map[string][]byte
		deletes []string
		want    string // git diff --name-status -M100% --raw style, short
	}{
		{"change", map[string][]byte{"a/x": []byte("9")}, nil, "M a/x"},
		{"mode kept", map[string][]byte{"run": []byte("9")}, nil, "M run"},
		{"add", map[string][]byte{"a.d/new": []byte("9"), "c/d/e/f": []byte("")}, nil, "A a.d/new A c/d/e/f"},
		{"delete", nil, []string{"a/x", "link"}, "D a/x D link"},
		{"delete a folder's last", nil, []string{"b/only"}, "D b/only"},
		{"delete all of a folder", nil, []string{"a/x", "a/y"}, "D a/x D a/y"},
		{"replace a folder's content", map[string][]byte{"b/new": []byte("9")}, []string{"b/only"}, "A b/new D b/only"},
		{"sorted as Git sorts", map[string][]byte{"a0": []byte("9"), "a-": []byte("9"), "a/z": []byte("9")}, nil, "A a- A a/z A a0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, repo, base := based(t)
			c := gitrepo.Commit{Base: base, Files: test.files, Deletes: test.deletes}
			dry, err := repo.Tree(c)
			if err != nil {
				t.Fatal(err)
			}
			made, err := commit(repo, c)
			if err != nil {
				t.Fatal(err)
			}
			if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "next"}); err != nil {
				t.Fatal(err)
			}
			got := server.Git("deploy", "diff", "--name-status", "--no-renames", "main", "next")
			if got := strings.NewReplacer("\t", " ", "\n", " ").Replace(got); got != test.want {
				t.Errorf("changed %q, want %q", got, test.want)
			}
			if summary := server.Git("deploy", "diff", "--summary", "main", "next"); strings.Contains(summary, "mode change") {
				t.Error(summary)
			}
			if got := server.Git("deploy", "rev-parse", "next^{tree}"); got != string(dry) {
				t.Errorf("Tree said %s, Commit made %s", dry, got)
			}
			server.Git("deploy", "fsck", "--strict", "--no-dangling")
		})
	}
}

func TestCommitRefuses(t *testing.T) {
	_, repo, base := based(t)
	one := func(path string) gitrepo.Commit {
		return gitrepo.Commit{Files: map[string][]byte{path: []byte("9")}}
	}
	for name, c := range map[string]gitrepo.Commit{
		"absolute":               one("/etc/passwd"),
		"upwards":                one("../x"),
		"upwards inside":         one("a/../../x"),
		"root":                   one("."),
		"empty":                  one(""),
		"trailing slash":         one("a/"),
		".git":                   one(".git/hooks/post-checkout"),
		".git deep":              one("a/.git/config"),
		".GIT":                   one("a/.GIT/config"),
		"its short name":         one("git~1/config"),
		"backslash":              one(`a\..\..\x`),
		"NUL":                    one("a\x00b"),
		"not UTF-8":              one("a\xff"),
		"a symbolic link":        one("link"),
		"through a link":         one("link/x"),
		"a submodule":            one("sub"),
		"into a submodule":       one("sub/x"),
		"a folder":               one("a"),
		"below a file":           one("a/x/y"),
		"file and folder":        {Files: map[string][]byte{"n": nil, "n/m": nil}},
		"written and deleted":    {Files: map[string][]byte{"a/x": nil}, Deletes: []string{"a/x"}},
		"deleted twice":          {Deletes: []string{"a/x", "a/x"}},
		"deleted but missing":    {Deletes: []string{"a/none"}},
		"deleted, no folder":     {Deletes: []string{"none/none"}},
		"a deleted folder":       {Deletes: []string{"a"}},
		"a deleted submodule":    {Deletes: []string{"sub"}},
		"deleted through a link": {Deletes: []string{"link/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.Base = base
			got, err := commit(repo, c)
			var refused *gitrepo.PathError
			if !errors.As(err, &refused) || refused.Reason == "" {
				t.Errorf("got %s, %v, want a PathError", got, err)
			}
		})
	}
	for name, who := range map[string]gitrepo.Signature{
		"no name": {Email: "a@b"}, "no address": {Name: "a"}, "a line end": {Name: "a\nparent x", Email: "a@b"}, "an angle": {Name: "a", Email: "a> 1 +0000"},
	} {
		if got, err := repo.Commit(gitrepo.Commit{Base: base, Files: map[string][]byte{"a/x": nil}, Author: who, Committer: pat()}); err == nil {
			t.Errorf("author with %s: got %s", name, got)
		}
	}
}

func TestCommitWithoutChanges(t *testing.T) {
	_, repo, base := based(t)
	for name, c := range map[string]gitrepo.Commit{
		"none": {Base: base}, "same content": {Base: base, Files: map[string][]byte{"a/x": []byte("1"), "run": []byte("4")}}, "empty repository": {},
	} {
		if got, err := commit(repo, c); !errors.Is(err, gitrepo.ErrNoChanges) {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if _, err := commit(repo, gitrepo.Commit{Base: gitrepo.Hash(strings.Repeat("ab", 20)), Files: map[string][]byte{"a": nil}}); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("unknown base: %v", err)
	}
}

func TestCommitIsReproducible(t *testing.T) {
	_, repo, base := based(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 999, time.FixedZone("", 3600))
	c := gitrepo.Commit{Base: base, Files: map[string][]byte{"a/x": []byte("9"), "q/r": []byte("8")}, Message: "m\n\nA: b\n",
		Author: gitrepo.Signature{Name: "Ann", Email: "ann@example.com", When: at}, Committer: pat()}
	first, err := repo.Commit(c)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := repo.Commit(c); err != nil || second != first {
		t.Errorf("the second time %s, %v, want %s", second, err, first)
	}
	info, err := repo.CommitInfo(first)
	if err != nil {
		t.Fatal(err)
	}
	info.Tree = ""
	want := gitrepo.CommitInfo{Hash: first, Parents: []gitrepo.Hash{base}, Message: c.Message, Author: c.Author, Committer: pat()}
	want.Author.When = at.Truncate(time.Second)
	if diff := cmp.Diff(want, info, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("CommitInfo (-want +got):\n%s", diff)
	}
}

func TestFirstCommitOfAnEmptyRepository(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	made, err := commit(repo, gitrepo.Commit{Files: map[string][]byte{"a/b": []byte("1")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main"}); err != nil {
		t.Fatal(err)
	}
	if got := server.File("deploy", "main", "a/b"); got != "1" {
		t.Errorf("a/b is %q", got)
	}
}
