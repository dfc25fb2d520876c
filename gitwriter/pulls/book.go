package pulls

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Config says what a Book remembers.
type Config struct {
	// Forge is asked. A nil one has no pull requests, as package plain's.
	Forge forge.Forge
	// File keeps the book; its folder is made if missing. Default: memory alone.
	File string
	// Repository is the repository's name or address: a file that was kept for another
	// is dropped. Default: what the forge's links say; a file is only kept with either.
	Repository string
	// Prefix begins the names of our branches; other pull requests aren't kept. Default:
	// "towline/".
	Prefix string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is told at level warn of a file that was dropped or can't be written. Default:
	// nothing is logged.
	Log *slog.Logger
}

// Book is what is known of one repository's pull requests. It is safe for concurrent
// use.
type Book struct {
	cfg Config

	refreshing sync.Mutex // one Refresh at a time
	saving     sync.Mutex // one write of the file at a time

	mu          sync.Mutex
	entries     map[int]*entry
	heads       map[string][]int // numbers by head, in no order
	anchor      anchor
	completeAt  time.Time // when everything was asked for last, by Now
	put         map[int]bool
	dirty       bool // something isn't in the file
	unsupported bool
	permissions map[string]permission // by login in lower case
}

// entry is one pull request with what was found out about it.
type entry struct {
	PullRequest forge.PullRequest `json:"pullRequest"`
	Decorated   bool              `json:"decorated,omitempty"`
	Partly      bool              `json:"partly,omitempty"` // some of its decoration couldn't be put on it
	// Orders are what the comments say that were read when the pull request had last
	// been updated at ReadAt, by the forge's clock; the zero ReadAt is never. ReadOn is
	// when that was, by Now.
	Orders Orders    `json:"orders,omitzero"`
	ReadAt time.Time `json:"readAt,omitzero"`
	ReadOn time.Time `json:"readOn,omitzero"`

	seen   time.Time // by Now: when PullRequest.UpdatedAt became known; zero from a file
	doubt  bool      // the comments are to be read in any case
	unsure bool      // the comments were read so soon after it that one more may have come
}

// anchor is the pull request, of anybody, that the forge updated last.
type anchor struct {
	Number    int       `json:"number,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// Open gives the book in a file. A file that is damaged, of another format or of another
// repository is dropped, and one that can't be read, too; it is no error.
func Open(cfg Config) (*Book, error) {
	if strings.ContainsAny(cfg.Prefix, " \t\r\n") {
		return nil, fmt.Errorf("opening the book of pull requests: no branch begins with %q", cfg.Prefix)
	}
	cfg.Prefix = cmp.Or(cfg.Prefix, "towline/")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	b := &Book{cfg: cfg, permissions: map[string]permission{}}
	b.clear()
	b.identify()
	b.load()
	return b, nil
}

// identify finds a name for the repository. Without one nothing is kept on disk: it
// couldn't be told whose it is.
func (b *Book) identify() {
	if b.cfg.Repository == "" && b.cfg.Forge != nil {
		if page := b.cfg.Forge.Links().PullRequest; page != nil {
			b.cfg.Repository = page(1)
		}
	}
	if b.cfg.Repository == "" {
		b.cfg.File = ""
	}
}

func (b *Book) clear() {
	b.entries, b.heads = map[int]*entry{}, map[string][]int{}
	b.anchor, b.completeAt = anchor{}, time.Time{}
}

// Supported tells whether the forge has pull requests, as far as it was asked.
func (b *Book) Supported() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.unsupported
}

// Of gives the pull requests from a head to a base, newest first; an empty base is any.
// Bodies of those that aren't open hold their hidden comments alone.
func (b *Book) Of(head, base string) []forge.PullRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []forge.PullRequest
	for _, number := range b.heads[head] {
		if pr := b.entries[number].PullRequest; base == "" || pr.Base == base {
			out = append(out, clone(pr))
		}
	}
	return newestFirst(out)
}

// All gives all pull requests, newest first, as Of does.
func (b *Book) All() []forge.PullRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []forge.PullRequest
	for _, e := range b.entries {
		out = append(out, clone(e.PullRequest))
	}
	return newestFirst(out)
}

func newestFirst(all []forge.PullRequest) []forge.PullRequest {
	slices.SortFunc(all, func(x, y forge.PullRequest) int { return cmp.Compare(y.Number, x.Number) })
	return all
}

// Put remembers what the forge answered to a write of ours. What is known to be newer
// stays, and what isn't ours is left out.
func (b *Book) Put(pr forge.PullRequest) {
	pr, ours := b.ours(pr)
	if !ours {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.entries[pr.Number]; known != nil && pr.UpdatedAt.Before(known.PullRequest.UpdatedAt) {
		return
	}
	b.store(pr)
	if b.put != nil {
		b.put[pr.Number] = true
	}
}

// Forget drops a pull request that the forge says it doesn't have, and has the next
// Refresh ask for everything.
func (b *Book) Forget(number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(number)
	b.completeAt = time.Time{}
}

// Complete tells whether all that the forge has was asked for, and none was forgotten
// since.
func (b *Book) Complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.completeAt.IsZero()
}

// Decorated tells whether SetDecorated was called for a pull request.
func (b *Book) Decorated(number int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[number]
	return e != nil && e.Decorated
}

// SetDecorated notes that a pull request has all that was to be put on it.
func (b *Book) SetDecorated(number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[number]; e != nil && !e.Decorated {
		e.Decorated, e.Partly, b.dirty = true, false, true
	}
}

// Partly tells whether SetPartly was called for a pull request, and SetDecorated not yet.
func (b *Book) Partly(number int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[number]
	return e != nil && e.Partly
}

// SetPartly notes that some of what was to be put on a pull request couldn't be.
func (b *Book) SetPartly(number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[number]; e != nil && !e.Partly {
		e.Partly, b.dirty = true, true
	}
}

// store notes a pull request and tells whether it is news. It is called with the lock.
func (b *Book) store(pr forge.PullRequest) bool {
	known := b.entries[pr.Number]
	if known != nil && same(known.PullRequest, pr) {
		return false
	}
	next := &entry{PullRequest: pr, seen: b.cfg.Now()}
	switch {
	case known == nil:
	case !known.PullRequest.CreatedAt.Equal(pr.CreatedAt): // another one of this number
		b.remove(pr.Number)
	default:
		next.Decorated, next.Partly, next.unsure, next.doubt = known.Decorated, known.Partly, known.unsure, known.doubt
		next.Orders, next.ReadAt, next.ReadOn = known.Orders, known.ReadAt, known.ReadOn
		if known.PullRequest.UpdatedAt.Equal(pr.UpdatedAt) {
			next.seen = known.seen
		}
		b.remove(pr.Number) // its head may have been renamed
	}
	b.entries[pr.Number] = next
	b.heads[pr.Head] = append(b.heads[pr.Head], pr.Number)
	b.dirty = true
	return true
}

func (b *Book) remove(number int) {
	e := b.entries[number]
	if e == nil {
		return
	}
	delete(b.entries, number)
	head := e.PullRequest.Head
	b.heads[head] = slices.DeleteFunc(b.heads[head], func(n int) bool { return n == number })
	if len(b.heads[head]) == 0 {
		delete(b.heads, head)
	}
	b.dirty = true
}
