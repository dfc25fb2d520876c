package pulls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

const (
	// overlap is how far a Refresh looks back before the newest that is known, by the
	// forge's own clock: a forge of several machines may tell of a change a little after
	// others that are dated later.
	overlap = time.Minute
	// completeEvery is how often everything is asked for anew.
	completeEvery = 24 * time.Hour
)

// Refresh asks the forge what has changed: one List, of one page where nothing has. The
// first time, once a day and when the repository isn't the one that was remembered, it
// asks for everything. It gives what is new to the book or different from what was known,
// newest first: after a first time all of it; what a Put told already isn't news.
//
// Where the forge has no pull requests the error is forge.ErrUnsupported. After any error
// the book is as it was.
func (b *Book) Refresh(ctx context.Context) (changed []forge.PullRequest, err error) {
	b.refreshing.Lock()
	defer b.refreshing.Unlock()
	changed, err = b.refresh(ctx)
	b.mu.Lock()
	b.unsupported = errors.Is(err, forge.ErrUnsupported)
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("refreshing the book of pull requests: %w", err)
	}
	b.Save()
	return changed, nil
}

func (b *Book) refresh(ctx context.Context) ([]forge.PullRequest, error) {
	if b.cfg.Forge == nil {
		return nil, &forge.Error{Op: "listing pull requests", Err: forge.ErrUnsupported}
	}
	b.mu.Lock()
	known, since := b.anchor, time.Time{}
	if age := b.cfg.Now().Sub(b.completeAt); known.Number != 0 && age >= 0 && age < completeEvery {
		since = known.UpdatedAt.Add(-overlap)
	}
	b.put = map[int]bool{}
	b.mu.Unlock()

	listed, err := b.cfg.Forge.List(ctx, forge.Filter{Since: since})
	if err == nil && !since.IsZero() && !holds(listed, known) {
		b.cfg.Log.WarnContext(ctx, "the forge doesn't know its newest pull request any more; asking for all of them anew",
			"repository", b.cfg.Repository, "number", known.Number)
		since = time.Time{}
		listed, err = b.cfg.Forge.List(ctx, forge.Filter{})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	put := b.put
	b.put = nil
	if err != nil {
		return nil, err
	}
	if since.IsZero() {
		b.forgetOthers(listed, put)
		b.completeAt, b.dirty = b.cfg.Now(), true
	}
	return b.merge(listed, put, since.IsZero()), nil
}

// holds tells whether a list has the pull request that it must have, if the repository
// is still the one that was asked before.
func holds(listed []forge.PullRequest, a anchor) bool {
	for _, pr := range listed {
		if pr.Number == a.Number {
			return pr.CreatedAt.Equal(a.CreatedAt)
		}
	}
	return false
}

// forgetOthers drops what a complete list doesn't hold, apart from what was put while it
// was made.
func (b *Book) forgetOthers(listed []forge.PullRequest, put map[int]bool) {
	there := map[int]bool{}
	for _, pr := range listed {
		there[pr.Number] = true
	}
	for number := range b.entries {
		if !there[number] && !put[number] {
			b.remove(number)
		}
	}
	b.anchor = anchor{}
}

// merge notes what was listed. An answer of the forge to a write that was made meanwhile
// is newer than the list, as is what bears a later date, unless the list is complete.
func (b *Book) merge(listed []forge.PullRequest, put map[int]bool, complete bool) []forge.PullRequest {
	var changed []forge.PullRequest
	next := b.anchor
	for _, pr := range listed {
		if next.Number == 0 || pr.UpdatedAt.After(next.UpdatedAt) || pr.Number == next.Number {
			next = anchor{Number: pr.Number, CreatedAt: pr.CreatedAt.UTC(), UpdatedAt: pr.UpdatedAt.UTC()}
		}
		kept, ours := b.ours(pr)
		known := b.entries[pr.Number]
		if !ours {
			b.remove(pr.Number) // its head was renamed, or it is another one of this number
			continue
		}
		if known != nil {
			older := kept.UpdatedAt.Before(known.PullRequest.UpdatedAt)
			if older && !complete || put[pr.Number] && !kept.UpdatedAt.After(known.PullRequest.UpdatedAt) {
				continue
			}
		}
		if b.store(kept) {
			changed = append(changed, clone(kept))
		}
	}
	if next != b.anchor {
		b.anchor, b.dirty = next, true
	}
	return newestFirst(changed)
}
