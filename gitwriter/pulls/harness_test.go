package pulls_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
	"github.com/towline-dev/towline/gitwriter/pulls"
)

// fake is a forge in memory that keeps pull requests and comments, dates them by the
// second as real ones do, and counts what it is asked.
type fake struct {
	plain.Forge

	mu       sync.Mutex
	now      time.Time // the forge's own clock
	pulls    []forge.PullRequest
	comments map[int][]forge.Comment
	may      map[string]forge.Permission
	asked    []string // what, in order
	fails    error
	during   func() // called while a list is under way, once it is made
	name     string
}

func newFake() *fake {
	return &fake{
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), name: "acme/deploy",
		comments: map[int][]forge.Comment{}, may: map[string]forge.Permission{},
	}
}

func (f *fake) Links() forge.Links {
	return forge.Links{PullRequest: func(n int) string { return fmt.Sprintf("https://forge.test/%s/pull/%d", f.name, n) }}
}

func (f *fake) List(_ context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	f.mu.Lock()
	what := "list"
	if filter.Since.IsZero() {
		what = "list all"
	}
	f.asked = append(f.asked, what)
	var out []forge.PullRequest
	for _, pr := range f.pulls {
		if filter.Matches(pr) {
			out = append([]forge.PullRequest{pr}, out...)
		}
	}
	err, during := f.fails, f.during
	f.during = nil
	f.mu.Unlock()
	if during != nil {
		during()
	}
	return out, err
}

func (f *fake) Comments(_ context.Context, number int, since time.Time) ([]forge.Comment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf("comments %d", number))
	var out []forge.Comment
	for _, c := range f.comments[number] {
		if !c.UpdatedAt.Before(since) {
			out = append(out, c)
		}
	}
	return out, f.fails
}

func (f *fake) Permission(_ context.Context, login string) (forge.Permission, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, "permission "+login)
	return f.may[login], f.fails
}

// open makes a pull request, and gives it.
func (f *fake) open(head string) forge.PullRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pulls = append(f.pulls, forge.PullRequest{
		Number: len(f.pulls) + 1, Head: head, Base: "main", HeadSHA: strings.Repeat("a", 40), State: forge.StateOpen,
		Title: "Update " + head, Body: "Shown.\n<!-- towline-key: " + strings.Repeat("1", 64) + " -->\n",
		Labels: []string{"deps"}, Author: "towline", CreatedAt: f.now, UpdatedAt: f.now,
	})
	return f.pulls[len(f.pulls)-1]
}

// change alters a pull request, and gives it.
func (f *fake) change(number int, edit func(pr *forge.PullRequest)) forge.PullRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	pr := &f.pulls[number-1]
	edit(pr)
	pr.UpdatedAt = f.now
	return *pr
}

func (f *fake) comment(number int, author, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.comments[number]
	f.comments[number] = append(all, forge.Comment{ID: int64(len(all) + 1), Author: author, Body: body, CreatedAt: f.now, UpdatedAt: f.now})
	f.pulls[number-1].UpdatedAt = f.now
}

func closed(pr *forge.PullRequest) { pr.State = forge.StateClosed }

// bench is a book of a fake forge on a clock that is turned by hand. Both clocks differ.
type bench struct {
	*testing.T
	*fake
	book  *pulls.Book
	cfg   pulls.Config
	clock time.Time
	log   *bytes.Buffer
}

// newBench opens a book in a file, of a folder that isn't there yet.
func newBench(t *testing.T, file string) *bench {
	t.Helper()
	b := &bench{T: t, fake: newFake(), clock: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), log: &bytes.Buffer{}}
	b.cfg = pulls.Config{
		Forge: b.fake, File: file, Now: func() time.Time { return b.clock }, Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	b.reopen()
	return b
}

// reopen opens the book anew, as after a crash.
func (b *bench) reopen() {
	b.Helper()
	var err error
	if b.book, err = pulls.Open(b.cfg); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) pass(d time.Duration) {
	b.clock = b.clock.Add(d)
	b.mu.Lock()
	b.now = b.now.Add(d)
	b.mu.Unlock()
}

// refresh gives the numbers of what changed.
func (b *bench) refresh() string {
	b.Helper()
	changed, err := b.book.Refresh(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return numbers(changed)
}

func (b *bench) orders(number int) pulls.Orders {
	b.Helper()
	o, err := b.book.Orders(b.Context(), number)
	if err != nil {
		b.Fatal(err)
	}
	return o
}

// requests gives what was asked since it was last called.
func (b *bench) requests() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := strings.Join(b.asked, ", ")
	b.asked = nil
	return asked
}

// wants compares two things that are told in words.
func (b *bench) wants(what, got, want string) {
	b.Helper()
	if got != want {
		b.Errorf("%s: %q, want %q", what, got, want)
	}
}

func numbers(all []forge.PullRequest) string {
	var out []string
	for _, pr := range all {
		out = append(out, fmt.Sprintf("%d %s", pr.Number, pr.State))
	}
	return strings.Join(out, ", ")
}
