package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// Bounds of what is asked of a Git server, so that one that hangs holds its own
// place only.
const (
	headTimeout  = 30 * time.Second
	fetchTimeout = 10 * time.Minute
)

// sourceKey names a branch of a repository as it is read with certain
// credentials. Syncs share a mirror only where all three are equal: a Sync must
// not read through a mirror what its own credentials wouldn't give it.
type sourceKey struct{ url, branch, identity string }

// snapshot is what is known of a source at the moment.
type snapshot struct {
	key      sourceKey
	repo     *gitrepo.Repo
	revision gitrepo.Hash // the last that was fetched, "" before
	err      error        // of the last poll
	failures int          // polls in a row that failed
	polls    int          // polls so far
}

// sources polls the repositories that Syncs use and tells the Syncs of news. A
// poll is one ls-remote; only a branch that moved is fetched.
type sources struct {
	dir     string
	retry   backoff
	log     *slog.Logger
	metrics *metrics
	wake    func(types.NamespacedName)
	places  chan struct{} // bounds how many polls are under way

	born  chan *branch  // to run, which gives pollers their life
	ended chan struct{} // closed when run ends

	mu       sync.Mutex
	branches map[sourceKey]*branch
	users    map[types.NamespacedName]*branch
}

func newSources(c Config, m *metrics, wake func(types.NamespacedName)) *sources {
	return &sources{
		dir: c.CacheDir, log: c.Log, metrics: m, wake: wake,
		retry:    backoff{min: c.RetryMin, max: c.RetryMax},
		places:   make(chan struct{}, c.Fetches),
		born:     make(chan *branch),
		ended:    make(chan struct{}),
		branches: map[sourceKey]*branch{}, users: map[types.NamespacedName]*branch{},
	}
}

// run lets pollers live until ctx ends.
func (s *sources) run(ctx context.Context) error {
	defer close(s.ended)
	var pollers sync.WaitGroup
	defer pollers.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case b := <-s.born:
			pollers.Go(func() { b.poll(ctx, s) })
		}
	}
}

// start hands a branch to run, which may not have begun yet.
func (s *sources) start(b *branch) {
	select {
	case s.born <- b:
	case <-b.stop:
	case <-s.ended:
	}
}

// use subscribes a Sync to a source, in place of the one that it used before, and
// gives what is known of it now. It doesn't wait.
func (s *sources) use(user types.NamespacedName, key sourceKey, auth gitrepo.Auth, interval time.Duration) (snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.users[user]; b != nil {
		if b.key == key {
			if b.intervals[user] != interval {
				b.intervals[user] = interval
				b.kick() // or the new interval would begin after the old one only
			}
			return b.snapshot(), nil
		}
		s.leave(user)
	}
	b := s.branches[key]
	if b == nil {
		var err error
		if b, err = s.open(key, auth); err != nil {
			return snapshot{}, err
		}
	}
	b.intervals[user] = interval
	s.users[user] = b
	b.kick() // a new user wants to know how things are now
	return b.snapshot(), nil
}

// open must be called with the lock held.
func (s *sources) open(key sourceKey, auth gitrepo.Auth) (*branch, error) {
	repo, err := s.repo(key, auth)
	if err != nil {
		return nil, err
	}
	b := &branch{
		key: key, repo: repo, retry: s.retry,
		intervals: map[types.NamespacedName]time.Duration{},
		kicked:    make(chan struct{}, 1), stop: make(chan struct{}),
	}
	s.branches[key] = b
	go s.start(b)
	return b, nil
}

// repo gives the mirror of a repository, shared by its branches.
func (s *sources) repo(key sourceKey, auth gitrepo.Auth) (*gitrepo.Repo, error) {
	for other, b := range s.branches {
		if other.url == key.url && other.identity == key.identity {
			return b.repo, nil
		}
	}
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: key.url, Dir: filepath.Join(s.dir, key.identity), Auth: auth, Log: s.log,
		Timeout: fetchTimeout,
		Tries:   1, // we try again ourselves, with a pause that grows
	})
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	return repo, nil
}

// drop ends a Sync's use of its source.
func (s *sources) drop(user types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(user)
}

// leave must be called with the lock held.
func (s *sources) leave(user types.NamespacedName) {
	b := s.users[user]
	if b == nil {
		return
	}
	delete(s.users, user)
	delete(b.intervals, user)
	if len(b.intervals) == 0 {
		close(b.stop)
		delete(s.branches, b.key)
	}
}

// ticket asks for a poll of a Sync's source and gives the number of polls at
// which it is done.
func (s *sources) ticket(user types.NamespacedName) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.users[user]
	if b == nil {
		return 0
	}
	b.kick()
	b.awaited = b.polls + 1
	if b.busy {
		b.awaited++ // the one under way may have asked already
	}
	return b.awaited
}

// lost has a Sync's source fetched again at the same revision: its mirror is gone.
func (s *sources) lost(user types.NamespacedName) {
	s.mu.Lock()
	if b := s.users[user]; b != nil {
		b.lost = true
	}
	s.mu.Unlock()
	s.ticket(user)
}

// refresh polls the sources that match at once, and tells how many did.
func (s *sources) refresh(match func(sourceKey) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for key, b := range s.branches {
		if match(key) {
			b.kick()
			n++
		}
	}
	return n
}

// branch is one polled branch. All fields below kicked are guarded by sources.mu.
type branch struct {
	key    sourceKey
	repo   *gitrepo.Repo
	kicked chan struct{}
	stop   chan struct{}

	retry     backoff
	intervals map[types.NamespacedName]time.Duration
	revision  gitrepo.Hash
	err       error
	polls     int
	awaited   int // users want to hear of all polls up to this one
	busy      bool
	lost      bool // the mirror doesn't hold the revision any more
}

func (b *branch) kick() {
	select {
	case b.kicked <- struct{}{}:
	default: // one is waiting already
	}
}

func (b *branch) snapshot() snapshot {
	return snapshot{key: b.key, repo: b.repo, revision: b.revision, err: b.err, failures: b.retry.failures, polls: b.polls}
}

func (b *branch) poll(ctx context.Context, s *sources) {
	for {
		timer := time.NewTimer(b.once(ctx, s))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-b.stop:
			timer.Stop()
			return
		case <-b.kicked:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// once polls, tells the users of news, and gives the pause until the next poll.
func (b *branch) once(ctx context.Context, s *sources) time.Duration {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return 0
	}
	s.mu.Lock()
	b.busy = true
	known, lost := b.revision, b.lost
	b.lost = false
	s.mu.Unlock()

	revision, err := b.ask(ctx, s, known, lost)

	s.mu.Lock()
	defer s.mu.Unlock()
	b.busy = false
	b.polls++
	news := revision != b.revision || err != nil || b.err != nil || b.polls == 1 || b.polls <= b.awaited
	b.revision, b.err, b.lost = revision, err, b.lost || lost && err != nil
	pause := b.interval()
	if err != nil {
		pause = b.retry.next()
	} else {
		b.retry.reset()
	}
	if news {
		for user := range b.intervals {
			s.wake(user)
		}
	}
	return pause
}

func (b *branch) interval() time.Duration {
	shortest := time.Duration(0)
	for _, d := range b.intervals {
		if shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return jitter(max(shortest, time.Second))
}

// ask gives the revision that is in the mirror afterwards; with an error that is
// the one that was known.
func (b *branch) ask(ctx context.Context, s *sources, known gitrepo.Hash, lost bool) (gitrepo.Hash, error) {
	limited, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	start := time.Now()
	head, err := b.repo.Head(limited, b.key.branch)
	if err == nil && (head != known || lost || b.repo.Damaged()) {
		head, err = b.repo.Fetch(ctx, b.key.branch)
	}
	s.metrics.polled(time.Since(start), head != known, err)
	if err != nil {
		return known, err
	}
	return head, nil
}

// files gives the files of the revision.
func (n snapshot) files() (fs.FS, error) {
	if n.revision == "" {
		return nil, errors.New("nothing was fetched yet")
	}
	return n.repo.FS(n.revision)
}

// name gives the revision as users see it.
func (n snapshot) name() string { return revisionName(n.key.branch, n.revision) }

func revisionName(branch string, hash gitrepo.Hash) string {
	return fmt.Sprintf("%s@sha1:%s", branch, hash)
}

// branchOf gives the branch that a Sync follows.
func branchOf(s *v1.Sync) string { return cmp.Or(s.Spec.Source.Branch, v1.DefaultBranch) }
