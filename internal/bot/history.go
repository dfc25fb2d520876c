package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
)

const (
	// maxCommits is how far back the last move of a tag is looked for, in commits of the
	// base branch. What stood unchanged for so long was moved by nobody.
	maxCommits = 5000
	// maxBytes bounds how much of one file's versions is read for it: a large file that
	// changes with every commit isn't worth minutes.
	maxBytes = 64 << 20
	// firstDepth is how many commits are fetched where the mirror's history ends too
	// soon; where they don't suffice all of maxCommits are. See gitrepo.Repo.Deepen for
	// why these are two steps and not many.
	firstDepth = 250
)

// Past is what a worker asks of a branch's history; *gitrepo.Repo implements it.
type Past interface {
	LastChange(ctx context.Context, s gitrepo.FileSearch) (gitrepo.FileFound, error)
	Blob(blob gitrepo.Hash) ([]byte, error)
	CommitInfo(commit gitrepo.Hash) (gitrepo.CommitInfo, error)
	Deepen(ctx context.Context, branch string, depth int) (gitrepo.Hash, error)
}

// Move is the last change of a reference's tag on the base branch.
type Move struct {
	From, To string       // the tags
	Commit   gitrepo.Hash // on the branch itself: of a merge the merge commit
	Author   string       // of that commit, one line
	When     time.Time    // when it was written
	Subject  string       // the first line of its message
	// ByBot says that the commit, or what it merged, records this very step in
	// Towline's trailers.
	ByBot bool
}

// history finds the last move of references. It keeps nothing that can't be read from
// Git again: what it remembers only saves work. It is safe for concurrent use.
type history struct {
	past Past

	mu     sync.Mutex
	finder edit.Finder
	branch string
	head   gitrepo.Hash      // that was asked about last
	trails map[string]*trail // by file
	bottom gitrepo.Hash      // the remote has nothing before it, although it isn't a first commit
	failed error             // why the mirror couldn't be deepened in this round
}

func newHistory(past Past) *history {
	return &history{past: past, trails: map[string]*trail{}}
}

// begin starts a round on a branch, whose files the finder reads. What couldn't be fetched is tried once a round,
// however many references ask for it.
func (h *history) begin(branch string, finder edit.Finder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if branch != h.branch {
		h.branch, h.bottom = branch, ""
	}
	if finder.Fingerprint() != h.finder.Fingerprint() {
		h.trails = map[string]*trail{} // they hold what the other one found
	}
	h.finder = finder
	h.failed = nil
}

// lastMove finds the newest commit, at head or before it along first parents, that
// changed the tag of a reference which stands so at head. False means that there is
// none: the tag hasn't changed for maxCommits commits (or maxBytes of the file's
// versions), or not since the reference came
// into its file or the file came to its path (a renamed file begins anew), or it can't
// be told which of several references it was before. Versions of the file that can't
// be read are passed over.
//
// An error means that the answer isn't known, since the mirror's history ends before it
// and couldn't be deepened. It is temporary where a later try may do better.
func (h *history) lastMove(ctx context.Context, head gitrepo.Hash, ref edit.Reference) (Move, bool, error) {
	if ref.Tag == "" {
		return Move{}, false, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t, at := h.trail(head, ref.File), valueOf(ref)
	for i := 0; ; i++ {
		for i == len(t.steps) && !t.ended {
			if err := h.extend(ctx, t); err != nil {
				return Move{}, false, fmt.Errorf("looking for the last change of %s in %s: %w", ref.Path, ref.File, err)
			}
		}
		if i == len(t.steps) {
			return Move{}, false, nil
		}
		from, changed := t.steps[i].origins[at]
		switch {
		case !changed:
			continue
		case !from.known:
			return Move{}, false, nil
		case from.tag != at.tag:
			return t.steps[i].move(from.value, at), true, nil
		}
		at = from.value
	}
}

// trail gives what is known of a file's history from head on. When the head has moved
// the trails that nobody asked about at the last one are let go.
func (h *history) trail(head gitrepo.Hash, file string) *trail {
	if head != h.head {
		for name, t := range h.trails {
			if t.head != h.head {
				delete(h.trails, name)
			}
		}
		h.head = head
	}
	known := h.trails[file]
	if known != nil && known.head == head {
		return known
	}
	if known != nil {
		known.older = nil // one is enough: they would pile up where each head brings a move
	}
	h.trails[file] = &trail{file: file, head: head, next: head, older: known}
	return h.trails[file]
}

// extend follows a trail to the next change of its file.
func (h *history) extend(ctx context.Context, t *trail) error {
	ask := gitrepo.FileSearch{File: t.file, From: t.next, Limit: maxCommits - t.looked}
	if t.older != nil {
		ask.Until = t.older.head
	}
	found, err := h.past.LastChange(ctx, ask)
	short := errors.Is(err, gitrepo.ErrNotFetched)
	if err != nil && !short {
		return err
	}
	if found.Change != nil {
		if err := h.note(t, found.Change, t.looked+found.Looked-1); err != nil {
			return err
		}
	}
	t.looked, t.next = t.looked+found.Looked, found.Next
	if short {
		return h.deepen(ctx, t)
	}
	t.ended = t.ended || t.next == "" || t.looked >= maxCommits
	if t.older != nil && t.next == t.older.head && !t.ended {
		t.join()
	}
	return nil
}

// deepen brings the commit before t.next into the mirror, or ends the trail where the
// remote doesn't have it either.
func (h *history) deepen(ctx context.Context, t *trail) error {
	if t.next == h.bottom {
		t.ended = true
		return nil
	}
	if h.failed != nil {
		return h.failed
	}
	depth := firstDepth
	if t.looked+1 >= firstDepth {
		depth = maxCommits + 1
	}
	head, err := h.past.Deepen(ctx, h.branch, depth)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		h.failed = fmt.Errorf("fetching more of the history: %w", err)
		return h.failed
	}
	ask := gitrepo.FileSearch{File: t.file, From: t.next, Limit: 1}
	_, err = h.past.LastChange(ctx, ask)
	switch {
	case !errors.Is(err, gitrepo.ErrNotFetched):
		return err
	case head != t.head: // not this history any more, or it has grown by more than we asked for
		return &movedError{h.branch, t.head}
	}
	h.bottom, t.ended = t.next, true
	return nil
}

// movedError is a branch that isn't where the round found it.
type movedError struct {
	branch string
	head   gitrepo.Hash
}

func (e *movedError) Error() string {
	return fmt.Sprintf("the branch %q has left commit %s meanwhile", e.branch, e.head.Short())
}

// Temporary says that the next round, which begins at the branch's new head, may know.
func (*movedError) Temporary() bool { return true }
