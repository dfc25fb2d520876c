package reconciler

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// follow is one Ref of a repository, and the Syncs that follow it. All is guarded by
// sources.mu.
type follow struct {
	key    sourceKey
	poller *poller
	users  map[types.NamespacedName]time.Duration // and their intervals

	at       gitrepo.Resolved // where it was fetched last
	movedAt  time.Time        // when it came to be there
	err      error            // of the last poll
	failures int              // polls in a row that failed
	failedAt time.Time        // when the last of them ended
	polls    int
	awaited  int  // users want to hear of all polls up to this one
	busy     bool // the poll under way answers for it
	lost     bool // the mirror doesn't hold the revision any more
	losing   bool // the poll under way is to bring it again
}

// lostBefore tells whether the poll was to bring a revision again that was lost; where
// it couldn't, the next one is.
func (f *follow) lostBefore(err error) bool {
	was := f.losing
	f.losing = false
	f.lost = f.lost || was && err != nil
	return was
}

// follow brings one Ref up to date, and tells its users where there is no error.
func (p *poller) follow(ctx context.Context, f *follow, refs gitrepo.Refs) (moved bool, err error) {
	known, lost := p.known(f)
	at, err := refs.Resolve(f.key.ref)
	if err != nil {
		return false, fmt.Errorf("following %s of %s: %w", f.key.ref, p.repo.URL(), err)
	}
	moved = at != known
	if moved || lost || p.repo.Damaged() {
		// Where a commit must be searched for that is many fetches.
		limited, cancel := context.WithTimeout(ctx, followTimeout)
		defer cancel()
		if at, err = p.repo.FetchRef(limited, f.key.ref); err != nil {
			return false, err
		}
	}
	p.conclude(f, at, nil)
	return moved, nil
}

func (p *poller) known(f *follow) (at gitrepo.Resolved, lost bool) {
	p.sources.mu.Lock()
	defer p.sources.mu.Unlock()
	lost = f.lost
	f.lost = false
	f.losing = lost
	return f.at, lost
}

// conclude notes the end of a poll for one Ref and wakes its users if there is news. With
// an error the Ref stays where it was.
func (p *poller) conclude(f *follow, at gitrepo.Resolved, err error) {
	s := p.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	news := f.polls == 0 || f.polls+1 <= f.awaited || f.lostBefore(err)
	if err == nil {
		news = news || f.err != nil || f.at != at
		if f.at != at {
			f.movedAt = s.now()
		}
		f.at, f.failures = at, 0
	} else {
		f.failures++
		f.failedAt = s.now()
		// A credential may be replaced at any time, and the second failure in a row is
		// the one that is shown.
		news = news || f.failures <= 2 || credentialsDoubted(err) ||
			f.err == nil || masked(f.err.Error()) != masked(err.Error())
	}
	f.err, f.busy = err, false
	f.polls++
	if news {
		for user := range f.users {
			s.wake(user)
		}
	}
}
