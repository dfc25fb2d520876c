package gitrepo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// whole brings a branch with all of its history.
func whole(c *gitrepo.Config) { c.Depth = 10_000 }

// change is what the tests compare of a gitrepo.FileChange.
type change struct{ Message, Before, After string }

// changes follows a file down to where its history ends.
func changes(t *testing.T, repo *gitrepo.Repo, head gitrepo.Hash, file string) []change {
	t.Helper()
	var all []change
	content := func(blob gitrepo.Hash) string {
		if blob == "" {
			return "(none)"
		}
		data, err := repo.Blob(blob)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for head != "" {
		found, err := repo.LastChange(t.Context(), gitrepo.FileSearch{File: file, From: head, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if head = found.Next; found.Change != nil {
			all = append(all, change{found.Change.Commit.Message, content(found.Change.Before), content(found.Change.After)})
		}
	}
	return all
}

func TestLastChange(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	commit := func(message string, c gitrepotest.Commit) string {
		c.Message = message
		return server.Commit("deploy", c)
	}
	type files = map[string]string
	commit("first", gitrepotest.Commit{Files: files{"a/b/c": "1", "a/d": "1", "e": "1"}})
	commit("beside", gitrepotest.Commit{Files: files{"a/b/x": "1", "a/d": "2"}})
	fork := commit("change", gitrepotest.Commit{Files: files{"a/b/c": "2"}})
	commit("elsewhere", gitrepotest.Commit{Files: files{"e": "2"}})
	commit("side one", gitrepotest.Commit{Branch: "side", From: fork, Files: files{"a/b/c": "7"}})
	commit("side two", gitrepotest.Commit{Branch: "side", Files: files{"a/b/c": "8"}})
	tree := server.Git("deploy", "merge-tree", "--write-tree", "main", "side")
	merge := server.GitInput("deploy", []byte("merge"), "commit-tree", "-p", "main", "-p", "side", tree)
	server.Git("deploy", "update-ref", "refs/heads/main", merge)
	commit("mode", gitrepotest.Commit{Files: files{"a/b/c": "8"}, Modes: files{"a/b/c": "100755"}})
	commit("link", gitrepotest.Commit{Files: files{"a/b/c": "x"}, Modes: files{"a/b/c": "120000"}})
	commit("file again", gitrepotest.Commit{Files: files{"a/b/c": "9"}})
	commit("folder gone", gitrepotest.Commit{Deletes: []string{"a"}, Files: files{"a": "a file"}})

	repo := open(t, url, whole)
	head := fetch(t, repo, "main")
	for file, want := range map[string][]change{
		"a/b/c": {
			{"folder gone", "9", "(none)"}, {"file again", "(none)", "9"}, {"link", "8", "(none)"},
			{"merge", "2", "8"}, {"change", "1", "2"}, {"first", "(none)", "1"},
		},
		"a/d":     {{"folder gone", "2", "(none)"}, {"beside", "1", "2"}, {"first", "(none)", "1"}},
		"a":       {{"folder gone", "(none)", "a file"}},
		"a/b":     nil,
		"e":       {{"elsewhere", "1", "2"}, {"first", "(none)", "1"}},
		"nowhere": nil,
	} {
		if diff := cmp.Diff(want, changes(t, repo, head, file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestLastChangeEndsWhereItIsTold(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	var commits []gitrepo.Hash
	for i := range 6 {
		c := gitrepotest.Commit{Files: map[string]string{"n": fmt.Sprint(i)}}
		if i < 2 {
			c.Files["f"] = fmt.Sprint(i)
		}
		commits = append(commits, gitrepo.Hash(server.Commit("deploy", c)))
	}
	deep, shallow := open(t, url, whole), open(t, url, func(c *gitrepo.Config) { c.Depth = 3 })
	fetch(t, deep, "main")
	fetch(t, shallow, "main")
	type end struct {
		Looked    int
		Next      gitrepo.Hash
		Found     bool
		Unfetched bool
	}
	for _, test := range []struct {
		name string
		repo *gitrepo.Repo
		ask  gitrepo.FileSearch
		want end
	}{
		{"at a change", deep, gitrepo.FileSearch{Limit: 9}, end{Looked: 5, Next: commits[0], Found: true}},
		{"by the limit", deep, gitrepo.FileSearch{Limit: 2}, end{Looked: 2, Next: commits[3]}},
		{"at a commit", deep, gitrepo.FileSearch{Limit: 9, Until: commits[2]}, end{Looked: 3, Next: commits[2]}},
		{"at once", deep, gitrepo.FileSearch{Limit: 9, Until: commits[5]}, end{Next: commits[5]}},
		{"behind the first commit", deep, gitrepo.FileSearch{File: "g", Limit: 9}, end{Looked: 6}},
		{"with the mirror's history", shallow, gitrepo.FileSearch{Limit: 9}, end{Looked: 2, Next: commits[3], Unfetched: true}},
		{"before it began", shallow, gitrepo.FileSearch{Limit: 9, From: commits[1]}, end{Next: commits[1], Unfetched: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.ask.File == "" {
				test.ask.File = "f"
			}
			if test.ask.From == "" {
				test.ask.From = commits[5]
			}
			found, err := test.repo.LastChange(t.Context(), test.ask)
			got := end{found.Looked, found.Next, found.Change != nil, errors.Is(err, gitrepo.ErrNotFetched)}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil && !got.Unfetched {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
