package gitrepo_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/secret"
)

func fetchRef(t *testing.T, repo *gitrepo.Repo, kind gitrepo.Kind, name string) gitrepo.Resolved {
	t.Helper()
	got, err := repo.FetchRef(t.Context(), gitrepo.Ref{Kind: kind, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func holds(t *testing.T, repo *gitrepo.Repo, at gitrepo.Resolved, want string) {
	t.Helper()
	if diff := cmp.Diff(map[string]string{"f": want}, files(t, repo, at.Commit)); diff != "" {
		t.Errorf("files of %s (-want +got):\n%s", at, diff)
	}
}

func TestFetchTags(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	put := func(content string) {
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": content}})
	}
	put("1")
	server.Git("deploy", "tag", "-a", "-m", "One", "v1.0.0", "main")
	put("2")
	server.Git("deploy", "tag", "v1.1.0", "main")
	put("3")

	one := fetchRef(t, repo, gitrepo.KindTag, "v1.0.0")
	holds(t, repo, one, "1")
	if one.Tag == "" || one.Tag == one.Commit {
		t.Errorf("an annotated tag is %+v", one)
	}
	signed, err := repo.SignedTag(one.Tag)
	if err != nil || signed.Name != "v1.0.0" || signed.Commit != one.Commit || len(signed.Signature) > 0 {
		t.Errorf("the tag's object says %+v, %v", signed, err)
	}
	newest := fetchRef(t, repo, gitrepo.KindSemver, "1.x")
	holds(t, repo, newest, "2")
	if newest.Name != "v1.1.0" || newest.Tag != "" {
		t.Errorf("the highest tag is %+v", newest)
	}
	holds(t, repo, fetchRef(t, repo, gitrepo.KindBranch, "main"), "3")

	// A tag that is moved is followed, and one that comes to be annotated in its place.
	server.Git("deploy", "tag", "-f", "v1.1.0", "main")
	holds(t, repo, fetchRef(t, repo, gitrepo.KindTag, "v1.1.0"), "3")
	server.Git("deploy", "tag", "-f", "-a", "-m", "Again", "v1.1.0", "main")
	again := fetchRef(t, repo, gitrepo.KindTag, "v1.1.0")
	if _, err := repo.SignedTag(again.Tag); err != nil || again.Tag == "" {
		t.Errorf("the tag that was made anew is %+v, %v", again, err)
	}
	server.Requests()
	fetchRef(t, repo, gitrepo.KindTag, "v1.1.0")
	if n := len(server.Requests()); n != 1 {
		t.Errorf("a fetch without news took %d requests", n)
	}
}

func TestTagsOfOddThings(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": "1"}})
	server.Git("deploy", "tag", "-a", "-m", "Files", "files", "main^{tree}")
	server.Git("deploy", "tag", "bare", "main^{tree}")
	server.Git("deploy", "tag", "-a", "-m", "Inner", "inner", "main")
	server.Git("deploy", "tag", "-a", "-m", "Outer", "outer", "inner")
	for _, tag := range []string{"files", "bare"} {
		if got, err := repo.FetchRef(t.Context(), gitrepo.Ref{Kind: gitrepo.KindTag, Name: tag}); err == nil {
			t.Errorf("tag %q of a folder is taken for %v", tag, got)
		}
	}
	outer := fetchRef(t, repo, gitrepo.KindTag, "outer")
	holds(t, repo, outer, "1")
	if _, err := repo.SignedTag(outer.Tag); err == nil {
		t.Error("a tag of a tag can be verified, and only the outer one's signature is looked at")
	}
}

// TestFetchCommit has a remote that gives commits by hash, and one that doesn't.
func TestFetchCommit(t *testing.T) {
	for name, allowed := range map[string]string{"by hash": "true", "by its branches": "false"} {
		t.Run(name, func(t *testing.T) {
			server := gitrepotest.New(t)
			repo := open(t, server.Create("deploy"))
			server.Git("deploy", "config", "uploadpack.allowAnySHA1InWant", allowed)
			put := func(branch, content string) string {
				return server.Commit("deploy", gitrepotest.Commit{Branch: branch, Files: map[string]string{"f": content}})
			}
			first := put("main", "1")
			put("main", "2")
			server.Git("deploy", "branch", "side", "main")
			aside := put("side", "3")
			tip := put("side", "4")
			tagged := put("gone", "5")
			server.Git("deploy", "tag", "-a", "-m", "Kept", "kept", tagged)
			server.Git("deploy", "branch", "-D", "gone")
			for want, commit := range map[string]string{"1": first, "3": aside, "4": tip, "5": tagged} {
				got := fetchRef(t, repo, gitrepo.KindCommit, commit)
				holds(t, repo, got, want)
				if got.String() != "sha1:"+commit {
					t.Errorf("its revision is %q", got)
				}
			}
			server.Requests()
			holds(t, repo, fetchRef(t, repo, gitrepo.KindCommit, first), "1")
			if n := len(server.Requests()); n != 0 {
				t.Errorf("a commit that is here took %d requests", n)
			}
			fetchRef(t, open(t, repo.URL()), gitrepo.KindCommit, first)
			if n := len(server.Requests()); allowed == "true" && n != 2 {
				t.Errorf("a commit that is given by its hash took %d requests, want 2", n)
			}
			_, err := repo.FetchRef(t.Context(), gitrepo.Ref{Kind: gitrepo.KindCommit, Name: strings.Repeat("ab", 20)})
			if !errors.Is(err, gitrepo.ErrCommitNotFound) {
				t.Errorf("error %v, want that there is no such commit", err)
			}
		})
	}
}

// TestManyRefsOfOneMirror holds that what is fetched for one doesn't harm another, in a
// new mirror neither.
func TestManyRefsOfOneMirror(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	server.Git("deploy", "config", "uploadpack.allowAnySHA1InWant", "true")
	put := func(content string) string {
		return server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": content}})
	}
	first := put("1")
	put("2")
	server.Git("deploy", "tag", "v1.0.0", "main")
	put("3")
	all := func(repo *gitrepo.Repo) {
		t.Helper()
		holds(t, repo, fetchRef(t, repo, gitrepo.KindBranch, "main"), "3")
		holds(t, repo, fetchRef(t, repo, gitrepo.KindCommit, first), "1")
		holds(t, repo, fetchRef(t, repo, gitrepo.KindTag, "v1.0.0"), "2")
		holds(t, repo, fetchRef(t, repo, gitrepo.KindSemver, "1"), "2")
	}
	repo := reopen()
	all(repo)
	if err := os.WriteFile(filepath.Join(repo.MirrorDir(), "gen-000001", "damaged"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all(reopen())
}

func TestBearerToken(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": "1"}})
	server.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Header.Get("Authorization") == "Bearer hunter2" {
			return false
		}
		http.Error(w, "no", http.StatusUnauthorized)
		return true
	})
	bearer := func(token string) func(*gitrepo.Config) {
		return func(c *gitrepo.Config) { c.Auth.Bearer = secret.New(token) }
	}
	repo := open(t, url, bearer("hunter2"))
	holds(t, repo, fetchRef(t, repo, gitrepo.KindBranch, "main"), "1")
	if _, err := open(t, url, bearer("hunter3")).Refs(t.Context()); !errors.Is(err, gitrepo.ErrAuth) {
		t.Errorf("error %v, want that we may not", err)
	}
}

// TestTagThatIsntWhatTheRemoteSays has a remote that says of a signed tag that it names
// another commit.
func TestTagThatIsntWhatTheRemoteSays(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	first := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": "1"}})
	server.Git("deploy", "tag", "-a", "-m", "One", "v1.0.0", "main")
	trap := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": "trap"}})
	object := server.Git("deploy", "rev-parse", "v1.0.0")
	server.Fault(gitrepotest.Advertise(
		"# service=git-upload-pack\n", "", trap+" refs/heads/main\x00side-band-64k ofs-delta shallow no-progress\n",
		object+" refs/tags/v1.0.0\n", trap+" refs/tags/v1.0.0^{}\n", "",
	))
	got, err := repo.FetchRef(t.Context(), gitrepo.Ref{Kind: gitrepo.KindTag, Name: "v1.0.0"})
	if err == nil || !strings.Contains(err.Error(), first) || got.Commit != "" {
		t.Errorf("got %+v, %v, want an error that names %s", got, err, first)
	}
}
