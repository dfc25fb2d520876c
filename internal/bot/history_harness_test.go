package bot_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// story is what happened to a repository, and how it is looked at.
type story struct {
	tb     testing.TB
	server *gitrepotest.Server
	url    string
}

func newStory(tb testing.TB) *story {
	tb.Helper()
	s := &story{tb: tb, server: gitrepotest.New(tb)}
	s.url = s.server.Create("deploy")
	return s
}

// open gives a mirror of its own, which brings depth commits at first.
func (s *story) open(depth int) *gitrepo.Repo {
	s.tb.Helper()
	repo, err := gitrepo.Open(gitrepo.Config{URL: s.url, Dir: s.tb.TempDir(), Depth: depth,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		s.tb.Fatal(err)
	}
	return repo
}

// commit puts one file onto main.
func (s *story) commit(message, file, text string) string {
	s.tb.Helper()
	return s.commitOn("main", message, file, text)
}

func (s *story) commitOn(branch, message, file, text string) string {
	s.tb.Helper()
	return s.server.Commit("deploy", gitrepotest.Commit{Branch: branch, Message: message, Files: map[string]string{file: text}})
}

// branch begins a branch at main's head.
func (s *story) branch(name string) {
	s.tb.Helper()
	s.server.Git("deploy", "update-ref", "refs/heads/"+name, s.server.Head("deploy", "main"))
}

// merge merges a branch into main, as a forge's button does.
func (s *story) merge(branch, message string) {
	s.tb.Helper()
	tree := s.server.Git("deploy", "merge-tree", "--write-tree", "main", branch)
	s.server.Git("deploy", "update-ref", "refs/heads/main",
		s.server.GitInput("deploy", []byte(message), "commit-tree", "-p", "main", "-p", branch, tree))
}

// seen is what the tests compare of a bot.Move.
type seen struct {
	From, To, Subject string
	ByBot             bool
}

// look asks for the last move of the reference at a path of a file.
func look(tb testing.TB, repo *gitrepo.Repo, h bot.History, file, path string) (*seen, error) {
	tb.Helper()
	head, err := repo.Fetch(tb.Context(), "main")
	if err != nil {
		tb.Fatal(err)
	}
	move, ok, err := h.LastMove(tb.Context(), head, reference(tb, repo, head, file, path))
	if err != nil || !ok {
		return nil, err
	}
	if move.Author != "Pat" || !move.When.Equal(time.Unix(1700000000, 0)) || len(move.Commit) != 40 {
		tb.Errorf("commit %q of %s at %s", move.Commit, move.Author, move.When)
	}
	return &seen{move.From, move.To, move.Subject, move.ByBot}, nil
}

func reference(tb testing.TB, repo *gitrepo.Repo, head gitrepo.Hash, file, path string) edit.Reference {
	tb.Helper()
	fsys, err := repo.FS(head)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, problems := edit.Parse(file, data)
	var paths []string
	for _, r := range parsed.References() {
		if r.Path == path {
			return r
		}
		paths = append(paths, r.Path)
	}
	tb.Fatalf("%s has references at %q and not at %s; problems: %v", file, paths, path, problems)
	return edit.Reference{}
}

// pods gives a pod with a container for each image.
func pods(images ...string) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n")
	for i, image := range images {
		fmt.Fprintf(&b, "  - name: c%d\n    image: %s\n", i, image)
	}
	return b.String()
}

// byBot is a message as the bot writes it.
func byBot(image, from, to string) string {
	return fmt.Sprintf("chore(deps): update %[1]s to %[3]s\n\n- %[1]s: %[2]s -> %[3]s\n\n"+
		"Towline-Policy: %[1]s\nTowline-Image: %[1]s\nTowline-From: %[2]s\nTowline-To: %[3]s\nTowline-Key: abc\n", image, from, to)
}
