package reconciler

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// Bounds of what is asked of a Git server, so that one that hangs holds its own
// place only.
const (
	headTimeout  = 30 * time.Second
	fetchTimeout = 10 * time.Minute
	// followTimeout bounds all fetches of one Ref: a commit may have to be searched for.
	followTimeout = 2 * fetchTimeout
)

// goneMark begins the names of folders whose mirrors are being removed.
const goneMark = ".gone-"

// joinPause is how soon after a poll another one may be due because a Sync began to
// use the repository: a thousand that come together cost one.
const joinPause = time.Second

// repoKey names a repository as it is read with certain credentials. Syncs share a
// mirror only where both are equal: a Sync must not read through a mirror what its own
// credentials wouldn't give it.
type repoKey struct{ url, identity string }

// sourceKey names what a Sync follows.
type sourceKey struct {
	url, identity string
	ref           gitrepo.Ref
}

func (k sourceKey) repo() repoKey { return repoKey{k.url, k.identity} }

// sources polls the repositories that Syncs use and tells the Syncs of news. A
// poll is one ls-remote, whatever is followed of the repository; only what moved is
// fetched, and only those are woken that follow it.
type sources struct {
	dir     string
	retry   backoff
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time
	wake    func(types.NamespacedName)
	places  *places

	born  chan *poller  // to run, which gives pollers their life
	ended chan struct{} // closed when run ends

	mu      sync.Mutex
	pollers map[repoKey]*poller
	users   map[types.NamespacedName]*follow
}

func newSources(c Config, m *metrics, wake func(types.NamespacedName)) *sources {
	return &sources{
		dir: c.CacheDir, log: c.Log, metrics: m, now: c.Now, wake: wake,
		retry:   backoff{min: c.RetryMin, max: c.RetryMax},
		places:  newPlaces(c.Fetches),
		born:    make(chan *poller),
		ended:   make(chan struct{}),
		pollers: map[repoKey]*poller{}, users: map[types.NamespacedName]*follow{},
	}
}

// run lets pollers live until ctx ends.
func (s *sources) run(ctx context.Context) error {
	defer close(s.ended)
	s.sweep()
	var pollers sync.WaitGroup
	defer pollers.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-s.born:
			pollers.Go(func() { p.live(ctx) })
		}
	}
}

// sweep removes what an end in the middle of removing mirrors has left.
func (s *sources) sweep() {
	entries, err := os.ReadDir(s.dir)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), goneMark) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, entry.Name())))
		}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warn("removing mirrors that aren't used any more", "error", err)
	}
}

// start hands a poller to run, which may not have begun yet.
func (s *sources) start(p *poller) {
	select {
	case s.born <- p:
	case <-p.stop:
	case <-s.ended:
	}
}

// use subscribes a Sync to a source, in place of the one that it used before, and
// gives what is known of it now. It doesn't wait.
func (s *sources) use(user types.NamespacedName, key sourceKey, auth gitrepo.Auth, interval time.Duration) (snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.users[user]
	switch {
	case f != nil && f.key == key:
		if f.users[user] != interval {
			f.users[user] = interval
			f.poller.by(s.now()) // or the new interval would begin after the old one only
		}
		return f.snapshot(), nil
	case f != nil:
		s.leave(user)
	}
	p := s.pollers[key.repo()]
	if p == nil {
		var err error
		if p, err = s.open(key.repo(), auth); err != nil {
			return snapshot{}, err
		}
	}
	if f = p.follows[key.ref]; f == nil {
		f = &follow{key: key, poller: p, users: map[types.NamespacedName]time.Duration{}}
		p.follows[key.ref] = f
		p.by(s.now())
	} else {
		p.by(p.began.Add(joinPause)) // a new user wants to know how things are now
	}
	f.users[user] = interval
	s.users[user] = f
	return f.snapshot(), nil
}

// drop ends a Sync's use of its source.
func (s *sources) drop(user types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(user)
}

// leave must be called with the lock held. A mirror that nobody uses goes.
func (s *sources) leave(user types.NamespacedName) {
	f := s.users[user]
	if f == nil {
		return
	}
	delete(s.users, user)
	delete(f.users, user)
	if len(f.users) > 0 {
		return
	}
	p := f.poller
	delete(p.follows, f.key.ref)
	if len(p.follows) == 0 {
		delete(s.pollers, p.key)
		close(p.stop)
	}
}

// ticket asks for a poll of a Sync's source and gives the number of polls at
// which it is done.
func (s *sources) ticket(user types.NamespacedName) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.users[user]
	if f == nil {
		return 0
	}
	f.poller.by(s.now())
	f.awaited = f.polls + 1
	if f.busy {
		f.awaited++ // the one under way may have asked already
	}
	return f.awaited
}

// lost has a Sync's source fetched again at the same revision: its mirror is gone.
func (s *sources) lost(user types.NamespacedName) {
	s.mu.Lock()
	if f := s.users[user]; f != nil {
		f.lost = true
	}
	s.mu.Unlock()
	s.ticket(user)
}

// refresh polls at once the repositories of which something is followed that matches,
// and tells how many there are.
func (s *sources) refresh(match func(sourceKey) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.pollers {
		for _, f := range p.follows {
			if match(f.key) {
				p.by(s.now())
				n++
				break
			}
		}
	}
	return n
}
