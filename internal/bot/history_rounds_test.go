package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// counted counts what is asked of a mirror.
type counted struct {
	*gitrepo.Repo
	commits, blobs, fetches int
}

func (c *counted) LastChange(ctx context.Context, s gitrepo.FileSearch) (gitrepo.FileFound, error) {
	found, err := c.Repo.LastChange(ctx, s)
	c.commits += found.Looked
	return found, err
}

func (c *counted) Blob(blob gitrepo.Hash) ([]byte, error) {
	c.blobs++
	return c.Repo.Blob(blob)
}

func (c *counted) Deepen(ctx context.Context, branch string, depth int) (gitrepo.Hash, error) {
	c.fetches++
	return c.Repo.Deepen(ctx, branch, depth)
}

func (c *counted) take() [3]int {
	n := [3]int{c.commits, c.blobs, c.fetches}
	c.commits, c.blobs, c.fetches = 0, 0, 0
	return n
}

// many puts n commits onto main that don't touch the file.
func (s *story) many(n int) {
	s.tb.Helper()
	var in bytes.Buffer
	from := s.server.Head("deploy", "main")
	for i := range n {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Pat <pat@example.com> 1700000000 +0000\ndata 5\nOther\n")
		if i == 0 {
			fmt.Fprintf(&in, "from %s\n", from)
		}
		text := fmt.Sprintf("%d %s\n", i, from[:8])
		fmt.Fprintf(&in, "M 100644 inline apps/other/%d.yaml\ndata %d\n%s\n", i%50, len(text), text)
	}
	s.server.GitInput("deploy", in.Bytes(), "fast-import", "--quiet", "--force")
}

func TestLastMoveRemembers(t *testing.T) {
	s := newStory(t)
	s.commit("Begin", podFile, pods("nginx:1.1.0", "redis:7.0.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0", "redis:7.0.0"))
	s.many(20)
	past := &counted{Repo: s.open(1000)}
	h := bot.NewHistory(past)
	back := &seen{From: "1.1.0", To: "1.0.0", Subject: "Back"}
	for _, step := range []struct {
		name string
		do   func()
		path string
		want *seen
		cost [3]int // commits looked at, blobs read, fetches
	}{
		{"cold", func() {}, first, back, [3]int{21, 2, 0}},
		{"again", func() {}, first, back, [3]int{}},
		{"a neighbour goes on where the first ended", func() {}, second, nil, [3]int{1, 0, 0}},
		{"news elsewhere", func() { s.many(3) }, first, back, [3]int{3, 0, 0}},
		{"news in the file", func() { s.commit("Redis", podFile, pods("nginx:1.0.0", "redis:7.1.0")) }, first, back, [3]int{1, 2, 0}},
		{"the neighbour's news", func() {}, second, &seen{From: "7.0.0", To: "7.1.0", Subject: "Redis"}, [3]int{}},
		{"moved on", func() { s.commit("On", podFile, pods("nginx:1.2.0", "redis:7.1.0")) }, first,
			&seen{From: "1.0.0", To: "1.2.0", Subject: "On"}, [3]int{1, 2, 0}},
		{"a broken file in between, mended elsewhere", func() {
			s.commit("Break", podFile, "{{ image: [")
			s.commit("Mend", podFile, "#\n"+pods("nginx:1.2.0", "redis:7.0.0"))
		}, second, &seen{From: "7.1.0", To: "7.0.0", Subject: "Mend"}, [3]int{2, 3, 0}},
	} {
		step.do()
		got, err := look(t, past.Repo, h, podFile, step.path)
		if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", step.name, err, diff)
		}
		if diff := cmp.Diff(step.cost, past.take()); diff != "" {
			t.Errorf("%s: commits, blobs, fetches (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestLastMoveAfterAForcedPush(t *testing.T) {
	s := newStory(t)
	begin := s.commit("Begin", podFile, pods("nginx:1.1.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0"))
	s.many(2)
	for name, rewrite := range map[string]struct {
		do   func(s *story)
		want *seen
	}{
		"without the move":    {func(s *story) { s.server.Git("deploy", "update-ref", "refs/heads/main", begin) }, nil},
		"with another move":   {func(s *story) { s.amend(begin, "Further back", "nginx:0.9.0") }, &seen{From: "1.1.0", To: "0.9.0", Subject: "Further back"}},
		"with another commit": {func(s *story) { s.amend(begin, "Back, amended", "nginx:1.0.0") }, &seen{From: "1.1.0", To: "1.0.0", Subject: "Back, amended"}},
		"with a new root": {func(s *story) {
			s.server.Commit("deploy", gitrepotest.Commit{Root: true, Files: map[string]string{podFile: pods("nginx:1.0.0")}})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			was := s.server.Head("deploy", "main")
			defer s.server.Git("deploy", "update-ref", "refs/heads/main", was)
			for _, depth := range []int{1, 100} {
				s.server.Git("deploy", "update-ref", "refs/heads/main", was)
				repo := s.open(depth)
				h := bot.NewHistory(repo)
				got, err := look(t, repo, h, podFile, first)
				if diff := cmp.Diff(&seen{From: "1.1.0", To: "1.0.0", Subject: "Back"}, got); diff != "" || err != nil {
					t.Fatalf("before: %v (-want +got):\n%s", err, diff)
				}
				rewrite.do(s)
				got, err = look(t, repo, h, podFile, first)
				if diff := cmp.Diff(rewrite.want, got); diff != "" || err != nil {
					t.Errorf("after, depth %d: %v (-want +got):\n%s", depth, err, diff)
				}
			}
		})
	}
}

// amend makes main end in a commit of its own on an older one.
func (s *story) amend(from, message, image string) {
	s.tb.Helper()
	s.server.Commit("deploy", gitrepotest.Commit{From: from, Message: message, Files: map[string]string{podFile: pods(image)}})
}

func TestLastMoveDeepens(t *testing.T) {
	s := newStory(t)
	s.commit("Begin", podFile, pods("nginx:1.1.0", "redis:7.0.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0", "redis:7.0.0"))
	s.many(300)
	s.commit("Redis", podFile, pods("nginx:1.0.0", "redis:7.1.0"))
	past := &counted{Repo: s.open(1)}
	h := bot.NewHistory(past)
	got, err := look(t, past.Repo, h, podFile, second)
	if diff := cmp.Diff(&seen{From: "7.0.0", To: "7.1.0", Subject: "Redis"}, got); diff != "" || err != nil || past.fetches != 1 {
		t.Errorf("near: %d fetches, %v (-want +got):\n%s", past.fetches, err, diff)
	}
	got, err = look(t, past.Repo, h, podFile, first)
	if diff := cmp.Diff(&seen{From: "1.1.0", To: "1.0.0", Subject: "Back"}, got); diff != "" || err != nil || past.fetches != 2 {
		t.Errorf("far: %d fetches, %v (-want +got):\n%s", past.fetches, err, diff)
	}
}

// Without its history a reference's answer isn't known, and says so; one try a round
// is enough to find out.
func TestLastMoveWithoutItsHistory(t *testing.T) {
	s := newStory(t)
	s.commit("Begin", podFile, pods("nginx:1.1.0", "redis:7.0.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0", "redis:7.0.0"))
	s.many(2)
	past := &counted{Repo: s.open(1)}
	h := bot.NewHistory(past)
	head, err := past.Fetch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	nginx, redis := reference(t, past.Repo, head, podFile, first), reference(t, past.Repo, head, podFile, second)
	s.server.Fault(gitrepotest.Status(1000, http.StatusServiceUnavailable, nil))
	for range 2 {
		h.Begin("main")
		past.take()
		_, ok, err := h.LastMove(t.Context(), head, nginx)
		_, okToo, errToo := h.LastMove(t.Context(), head, redis)
		if ok || okToo || !errors.Is(err, gitrepo.ErrUnavailable) || !errors.Is(errToo, gitrepo.ErrUnavailable) || past.fetches != 1 {
			t.Errorf("%d fetches, %v, %v", past.fetches, err, errToo)
		}
		var temporary interface{ Temporary() bool }
		if !errors.As(err, &temporary) || !temporary.Temporary() {
			t.Errorf("not temporary: %v", err)
		}
	}
	s.server.Fault(nil)
	h.Begin("main")
	if m, ok, err := h.LastMove(t.Context(), head, nginx); !ok || err != nil || m.From != "1.1.0" {
		t.Errorf("afterwards: %v, %v, %v", m, ok, err)
	}
}

// The branch is rewritten between the round's fetch and the question.
func TestLastMoveOfALostHead(t *testing.T) {
	s := newStory(t)
	begin := s.commit("Begin", podFile, pods("nginx:1.1.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0"))
	s.many(2)
	repo := s.open(1)
	h := bot.NewHistory(repo)
	head, err := repo.Fetch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	ref := reference(t, repo, head, podFile, first)
	s.amend(begin, "Rewritten", "nginx:0.8.0")
	var temporary interface{ Temporary() bool }
	if _, ok, err := h.LastMove(t.Context(), head, ref); ok || !errors.As(err, &temporary) || !temporary.Temporary() {
		t.Errorf("the old head: %v, %v", ok, err)
	}
	got, err := look(t, repo, h, podFile, first)
	if diff := cmp.Diff(&seen{From: "1.1.0", To: "0.8.0", Subject: "Rewritten"}, got); diff != "" || err != nil {
		t.Errorf("the new head: %v (-want +got):\n%s", err, diff)
	}
}

// A remote that is itself shallow has no more to tell, however often it is asked.
func TestLastMoveInAShallowRepository(t *testing.T) {
	s := newStory(t)
	s.commit("Begin", podFile, pods("nginx:1.1.0", "redis:7.0.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0", "redis:7.0.0"))
	s.many(3)
	s.url = s.server.Create("cut")
	s.server.Git("cut", "fetch", "--quiet", "--depth=3", "file://"+s.server.Dir("deploy"), "main:main")
	past := &counted{Repo: s.open(1)}
	h := bot.NewHistory(past)
	for _, path := range []string{first, second, first} {
		if got, err := look(t, past.Repo, h, podFile, path); got != nil || err != nil {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if past.fetches > 2 {
		t.Errorf("the remote was asked %d times", past.fetches)
	}
}

func TestLastMoveLooksBackSoFar(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.commit("Begin", podFile, pods("nginx:1.1.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0"))
	s.many(bot.MaxCommits - 1)
	repo := s.open(1)
	h := bot.NewHistory(repo)
	got, err := look(t, repo, h, podFile, first)
	if diff := cmp.Diff(&seen{From: "1.1.0", To: "1.0.0", Subject: "Back"}, got); diff != "" || err != nil {
		t.Fatalf("in reach: %v (-want +got):\n%s", err, diff)
	}
	s.many(1)
	fresh := s.open(1)
	for name, look := range map[string]func() (*seen, error){
		"remembered": func() (*seen, error) { return look(t, repo, h, podFile, first) },
		"cold":       func() (*seen, error) { return look(t, fresh, bot.NewHistory(fresh), podFile, first) },
	} {
		if got, err := look(); got != nil || err != nil {
			t.Errorf("%s, out of reach: %v, %v", name, got, err)
		}
	}
}

// A huge file that changes all the time isn't read for ever.
func TestLastMoveReadsSoMuch(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	filler := strings.Repeat("# "+strings.Repeat("x", 1<<20)+"\n", 8)
	version := func(nginx string, n int) string { return fmt.Sprintf("%s%s# %d\n", pods("nginx:"+nginx), filler, n) }
	s.commit("Begin", podFile, version("1.1.0", 0))
	s.commit("Back", podFile, version("1.0.0", 0))
	for n := range 6 {
		s.commit("Busy", podFile, version("1.0.0", n+1))
	}
	for _, want := range []*seen{{From: "1.1.0", To: "1.0.0", Subject: "Back"}, nil} {
		repo := s.open(100)
		got, err := look(t, repo, bot.NewHistory(repo), podFile, first)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		s.commit("Busier", podFile, version("1.0.0", 100))
	}
}
