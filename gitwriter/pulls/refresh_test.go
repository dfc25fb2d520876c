package pulls_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
	"github.com/towline-dev/towline/gitwriter/pulls"
)

// TestRefresh goes through the life of a repository: each round asks once, and tells
// what is new, no more and no less.
func TestRefresh(t *testing.T) {
	b := newBench(t, "")
	b.wants("at first", b.refresh(), "")
	b.open("towline/web")
	b.open("feature")
	b.open("towline/db")
	b.wants("two of ours", b.refresh(), "3 open, 1 open")
	b.wants("requests without anything known", b.requests(), "list all, list all")
	for range 3 {
		b.pass(time.Minute)
		b.wants("nothing new", b.refresh(), "")
	}
	b.wants("requests for nothing new", b.requests(), "list, list, list")
	b.change(1, closed)
	b.wants("one closed", b.refresh(), "1 closed")
	b.pass(time.Second)
	b.change(2, closed)
	b.change(3, func(pr *forge.PullRequest) { pr.State, pr.MergeSHA = forge.StateMerged, "abc" })
	b.wants("one merged, and another's", b.refresh(), "3 merged")
	b.wants("nothing more", b.refresh(), "")
	b.wants("all", numbers(b.book.All()), "3 merged, 1 closed")
	b.wants("of a head", numbers(b.book.Of("towline/web", "main")), "1 closed")
	b.wants("of another base", numbers(b.book.Of("towline/web", "next")), "")
	b.wants("of another's head", numbers(b.book.Of("feature", "main")), "")
	b.wants("requests", b.requests(), "list, list, list")
}

// TestRefreshWithinASecond holds that nothing is lost where a forge dates changes by the
// second: what changes in the second in which it was read is told the next time.
func TestRefreshWithinASecond(t *testing.T) {
	b := newBench(t, "")
	b.open("towline/web")
	b.refresh()
	b.change(1, func(pr *forge.PullRequest) { pr.Labels = append(pr.Labels, "urgent") })
	b.open("towline/db")
	b.wants("in the same second", b.refresh(), "2 open, 1 open")
	b.change(1, closed)
	b.wants("in the same second again", b.refresh(), "1 closed")
}

// TestRefreshOfADawdlingForge holds that a change which a forge of several machines tells
// of late, dated before what it told already, isn't lost; nor is the book led astray by
// another clock than its own.
func TestRefreshOfADawdlingForge(t *testing.T) {
	b := newBench(t, "")
	b.open("towline/web")
	b.open("towline/db")
	b.refresh()
	b.pass(time.Hour)
	b.change(2, closed)
	b.refresh()
	b.change(1, func(pr *forge.PullRequest) { pr.State = forge.StateMerged })
	b.mu.Lock()
	b.pulls[0].UpdatedAt = b.now.Add(-30 * time.Second)
	b.mu.Unlock()
	b.wants("dated half a minute earlier", b.refresh(), "1 merged")
	for _, jump := range []time.Duration{-10 * time.Hour, 5 * time.Hour} {
		b.clock = b.clock.Add(jump)
		b.pass(time.Second)
		b.change(1, func(pr *forge.PullRequest) { pr.Title += "." })
		b.wants("with a clock that jumped", b.refresh(), "1 merged")
	}
}

// TestAnotherRepository holds that nothing is believed of a repository that was deleted
// and made anew under its name, even if that one is empty or has pull requests of the
// same numbers and branches.
func TestAnotherRepository(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(f *fake)
		want string
	}{
		{"empty", func(*fake) {}, ""},
		{"with others", func(f *fake) { f.open("towline/other") }, "1 open"},
		{"with the same", func(f *fake) {
			f.open("towline/web")
			f.open("towline/db")
			f.open("feature")
		}, "2 open, 1 open"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, t.TempDir()+"/pulls")
			b.open("towline/web")
			b.open("towline/db")
			b.refresh()
			b.book.SetDecorated(2)
			b.book.Save()
			b.reopen()
			b.pass(time.Hour)
			b.mu.Lock()
			b.pulls = nil
			b.mu.Unlock()
			tt.make(b.fake)
			b.refresh()
			b.wants("known", numbers(b.book.All()), tt.want)
			if b.book.Decorated(2) {
				t.Error("the new pull request passes for decorated")
			}
		})
	}
}

// TestADay holds that everything is asked for once a day, and that a pull request which
// an administrator has deleted isn't known for longer.
func TestADay(t *testing.T) {
	b := newBench(t, "")
	for _, head := range []string{"towline/web", "towline/db"} {
		b.pass(time.Hour)
		b.open(head)
	}
	b.refresh()
	b.mu.Lock()
	b.pulls[0].Head = "elsewhere" // as good as gone
	b.mu.Unlock()
	b.pass(23 * time.Hour)
	b.refresh()
	b.wants("before a day is over", numbers(b.book.All()), "2 open, 1 open")
	b.pass(2 * time.Hour)
	b.refresh()
	b.wants("after a day", numbers(b.book.All()), "2 open")
	b.wants("requests", b.requests(), "list all, list, list all")
	b.book.Forget(2)
	b.wants("forgotten", numbers(b.book.All()), "")
	b.wants("found again", b.refresh(), "2 open")
	b.wants("requests after that", b.requests(), "list all")
}

// TestPut holds that what we did ourselves is no news, that the newer of two states stays
// whichever comes first, and that others' pull requests aren't kept.
func TestPut(t *testing.T) {
	b := newBench(t, "")
	b.refresh()
	web := b.open("towline/web")
	b.book.Put(web)
	b.book.Put(b.open("feature"))
	b.wants("at once", numbers(b.book.All()), "1 open")
	b.wants("our own", b.refresh(), "")
	b.pass(time.Second)
	b.book.Put(b.change(1, closed))
	b.book.Put(web) // an answer that was late
	b.wants("the newer", numbers(b.book.All()), "1 closed")
	b.wants("our own again", b.refresh(), "")
	// A list that was made before a write doesn't undo it, nor does it lose a new one.
	b.change(1, func(pr *forge.PullRequest) { pr.State = forge.StateOpen })
	b.during = func() {
		b.book.Put(b.change(1, closed)) // in the same second
		b.book.Put(b.open("towline/db"))
	}
	b.wants("a list that crossed a write", b.refresh(), "")
	b.wants("the write", numbers(b.book.All()), "3 open, 1 closed")
	b.wants("nothing left", b.refresh(), "")
}

// TestBodies holds that the bodies of open pull requests are kept whole, and of others
// what is hidden in them.
func TestBodies(t *testing.T) {
	const body = "<!-- towline-state -->\r\n**Held**\r\n<!-- /towline-state -->\r\n| a | <!-- towline-key: x --> |\n<!-- towline-key: y -->\n<!-- other -->\nend"
	b := newBench(t, "")
	b.open("towline/web")
	b.change(1, func(pr *forge.PullRequest) { pr.Body = body })
	b.refresh()
	if diff := cmp.Diff(body, b.book.All()[0].Body); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	b.change(1, closed)
	b.refresh()
	if diff := cmp.Diff("<!-- towline-state -->\n<!-- /towline-state -->\n<!-- towline-key: y -->\n", b.book.All()[0].Body); diff != "" {
		t.Errorf("closed (-want +got):\n%s", diff)
	}
	b.wants("nothing new", b.refresh(), "")
}

// TestCallersCantChangeTheBook holds that what is given out and taken in is copied.
func TestCallersCantChangeTheBook(t *testing.T) {
	b := newBench(t, "")
	pr := b.open("towline/web")
	b.book.Put(pr)
	pr.Labels[0] = "changed"
	b.book.All()[0].Labels[0] = "changed"
	b.book.Of("towline/web", "")[0].Labels[0] = "changed"
	if got := b.book.All()[0].Labels[0]; got != "deps" {
		t.Errorf("the label is %q", got)
	}
}

func TestRefreshThatFails(t *testing.T) {
	b := newBench(t, "")
	b.open("towline/web")
	b.refresh()
	b.fails = &forge.RateLimitError{RetryAfter: time.Minute}
	b.change(1, closed)
	if _, err := b.book.Refresh(b.Context()); !forge.Temporary(err) {
		t.Errorf("error %v, want the forge's", err)
	}
	b.wants("as it was", numbers(b.book.All()), "1 open")
	b.fails = nil
	b.wants("afterwards", b.refresh(), "1 closed")
}

func TestForgeWithoutPullRequests(t *testing.T) {
	for name, f := range map[string]forge.Forge{"plain": plain.Forge{}, "none": nil} {
		book, err := pulls.Open(pulls.Config{Forge: f, File: t.TempDir() + "/pulls"})
		if err != nil {
			t.Fatal(err)
		}
		if !book.Supported() {
			t.Errorf("%s: unsupported before it was asked", name)
		}
		if _, err := book.Refresh(t.Context()); !errors.Is(err, forge.ErrUnsupported) {
			t.Errorf("%s: error %v, want %v", name, err, forge.ErrUnsupported)
		}
		if book.Supported() {
			t.Errorf("%s: supported", name)
		}
	}
}

// TestManyAtOnce holds that a book can be used by many, and keeps none of the others.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t, t.TempDir()+"/pulls")
	for i := range 20 {
		b.open(fmt.Sprintf("towline/%d", i))
		b.open(fmt.Sprintf("feature-%d", i))
	}
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for _, pr := range b.book.All() {
				_, _ = b.book.Orders(context.WithoutCancel(t.Context()), pr.Number)
				b.book.SetDecorated(pr.Number)
			}
			if _, err := b.book.Refresh(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			b.book.Put(b.open("towline/new"))
			b.book.Save()
		})
	}
	work.Wait()
	if got := len(b.book.All()); got != 24 {
		t.Errorf("%d are known, want 24", got)
	}
}
