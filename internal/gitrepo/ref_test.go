package gitrepo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestResolveSemver(t *testing.T) {
	for _, tt := range []struct {
		name, within, tags string
		want               string // "" for none
	}{
		{"highest", ">=1.0.0", "v1.0.0 v1.2.0 v1.10.0 v1.9.0", "v1.10.0"},
		{"bounded", ">=1.0.0 <2.0.0", "v1.0.0 v1.2.0 v2.0.0", "v1.2.0"},
		{"without v", "~1.2", "1.2.3 1.2.4 1.3.0", "1.2.4"},
		{"two ranges", "~1.2 || ~3.1", "1.2.3 3.1.5 4.0.0", "3.1.5"},
		{"prereleases don't count", ">=1.0.0", "v1.0.0 v1.1.0-rc.1", "v1.0.0"},
		{"unless the range names one", ">=1.0.0-0", "v1.0.0 v1.1.0-rc.1", "v1.1.0-rc.1"},
		{"rc.10 after rc.9", ">=1.1.0-0", "v1.1.0-rc.9 v1.1.0-rc.10", "v1.1.0-rc.10"},
		{"fully written", "1.x", "1.2 1.2.0", "1.2.0"},
		{"longer", "1.x", "1.2.0 v1.2.0", "v1.2.0"},
		{"later bytewise", "1.x", "1.2.0+a 1.2.0+b", "1.2.0+b"},
		{"others are passed over", "*", "latest release/9.9.9 v1.0.0 nightly-20260101", "v1.0.0"},
		{"none", ">=3.0.0", "v1.0.0", ""},
		{"no tags", "*", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refs := gitrepo.Refs{Branches: map[string]gitrepo.Hash{"main": "b"}, Tags: map[string]gitrepo.Tag{}}
			for i, tag := range strings.Fields(tt.tags) {
				refs.Tags[tag] = gitrepo.Tag{Commit: gitrepo.Hash(fmt.Sprint(i))}
			}
			ref, err := gitrepo.SemverRef(tt.within)
			if err != nil {
				t.Fatal(err)
			}
			got, err := refs.Resolve(ref)
			if tt.want == "" {
				if !errors.Is(err, gitrepo.ErrNoTagInRange) {
					t.Errorf("error %v, want that none is in the range", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := gitrepo.Resolved{Ref: ref, Name: tt.want, Commit: refs.Tags[tt.want].Commit}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefsAreChecked(t *testing.T) {
	bad := func(_ gitrepo.Ref, err error) bool { return err != nil }
	for name, refused := range map[string]bool{
		"branch like an option": bad(gitrepo.BranchRef("--upload-pack=x")),
		"branch with dots":      bad(gitrepo.BranchRef("a..b")),
		"no branch":             bad(gitrepo.BranchRef("")),
		"tag like an option":    bad(gitrepo.TagRef("-d")),
		"tag with a space":      bad(gitrepo.TagRef("a b")),
		"no tag":                bad(gitrepo.TagRef("")),
		"no range":              bad(gitrepo.SemverRef("newest")),
		"short commit":          bad(gitrepo.CommitRef("0123456")),
		"no commit":             bad(gitrepo.CommitRef(strings.Repeat("x", 40))),
	} {
		if !refused {
			t.Errorf("%s isn't refused", name)
		}
	}
	refs := gitrepo.Refs{Branches: map[string]gitrepo.Hash{"main": "b"}}
	if _, err := refs.Resolve(gitrepo.Ref{Name: "main"}); err == nil {
		t.Error("a Ref of no kind is resolved")
	}
}

func TestRevisionText(t *testing.T) {
	hash := gitrepo.Hash(strings.Repeat("ab", 20))
	for want, resolved := range map[string]gitrepo.Resolved{
		"main@sha1:" + string(hash):   {Name: "main", Commit: hash},
		"v1.2.0@sha1:" + string(hash): {Ref: gitrepo.Ref{Kind: gitrepo.KindSemver, Name: "1.x"}, Name: "v1.2.0", Commit: hash, Tag: "t"},
		"sha1:" + string(hash):        {Ref: gitrepo.Ref{Kind: gitrepo.KindCommit, Name: string(hash)}, Commit: hash},
	} {
		if got := resolved.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestRefsOfRemote holds that one request tells everything, and what is missing is named.
func TestRefsOfRemote(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	all, err := repo.Refs(t.Context())
	if err != nil || len(all.Branches)+len(all.Tags) > 0 {
		t.Fatalf("an empty repository has %v, %v", all, err)
	}
	main := gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}
	if _, err := all.Resolve(main); !errors.Is(err, gitrepo.ErrEmptyRepository) {
		t.Errorf("error %v, want that it is empty", err)
	}
	commit := gitrepo.Hash(server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}}))
	server.Git("deploy", "tag", "light", "main")
	server.Git("deploy", "tag", "-a", "-m", "Release", "v1", "main")
	object := gitrepo.Hash(server.Git("deploy", "rev-parse", "v1"))
	server.Requests()
	if all, err = repo.Refs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
	want := gitrepo.Refs{
		Branches: map[string]gitrepo.Hash{"main": commit},
		Tags:     map[string]gitrepo.Tag{"light": {Commit: commit}, "v1": {Commit: commit, Object: object}},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for want, ref := range map[error]gitrepo.Ref{
		gitrepo.ErrBranchNotFound: {Kind: gitrepo.KindBranch, Name: "gone"},
		gitrepo.ErrTagNotFound:    {Kind: gitrepo.KindTag, Name: "gone"},
		gitrepo.ErrNoTagInRange:   {Kind: gitrepo.KindSemver, Name: ">=2"},
	} {
		if _, err := repo.FetchRef(t.Context(), ref); !errors.Is(err, want) {
			t.Errorf("fetching %s: error %v, want %v", ref, err, want)
		}
	}
}

// TestLongTagsAreLeftOut: a tag's name goes into status fields and pull requests.
func TestLongTagsAreLeftOut(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	commit := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	long := "v1.0.0+" + strings.Repeat("x/", 200) + "x"
	longest := "v1.0.0+" + strings.Repeat("x", 200)
	for _, tag := range []string{"v1.0.0", longest, long} {
		server.Git("deploy", "update-ref", "refs/tags/"+tag, commit)
	}
	refs, err := repo.Refs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]gitrepo.Tag{"v1.0.0": {Commit: gitrepo.Hash(commit)}, longest: {Commit: gitrepo.Hash(commit)}}
	if diff := cmp.Diff(want, refs.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}
