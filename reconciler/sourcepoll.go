package reconciler

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// poller asks one repository. All fields below stop are guarded by sources.mu.
type poller struct {
	sources *sources
	key     repoKey
	repo    *gitrepo.Repo
	kicked  chan struct{}
	stop    chan struct{}

	retry   backoff
	follows map[gitrepo.Ref]*follow
	began   time.Time // when the last poll began
	due     time.Time // when the next one is to begin; zero while one is under way
	wanted  time.Time // when another one is wanted, after the one under way; zero for not
}

// open must be called with the lock held.
func (s *sources) open(key repoKey, auth gitrepo.Auth) (*poller, error) {
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: key.url, Dir: filepath.Join(s.dir, key.identity), Auth: auth, Log: s.log,
		Timeout: fetchTimeout,
		Tries:   1, // we try again ourselves, with a pause that grows
	})
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	p := &poller{
		sources: s, key: key, repo: repo, retry: s.retry, follows: map[gitrepo.Ref]*follow{},
		kicked: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	s.pollers[key] = p
	go s.start(p)
	return p, nil
}

// by has a poll begin at a time at the latest. The lock must be held.
func (p *poller) by(t time.Time) {
	if p.wanted.IsZero() || t.Before(p.wanted) {
		p.wanted = t
	}
	select {
	case p.kicked <- struct{}{}:
	default: // the poller is told already
	}
}

// run polls until ctx ends or nobody follows anything any more.
func (p *poller) run(ctx context.Context) {
	defer p.clear()
	p.poll(ctx)
	for {
		timer := time.NewTimer(p.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-p.stop:
			timer.Stop()
			return
		case <-p.kicked:
			timer.Stop()
		case <-timer.C:
			p.poll(ctx)
		}
	}
}

// pause is the time until the next poll.
func (p *poller) pause() time.Duration {
	p.sources.mu.Lock()
	defer p.sources.mu.Unlock()
	if !p.wanted.IsZero() && p.wanted.Before(p.due) {
		p.due = p.wanted
	}
	p.wanted = time.Time{}
	return p.due.Sub(p.sources.now())
}

// poll asks once, tells the users of news, and sets when the next poll is due.
func (p *poller) poll(ctx context.Context) {
	s := p.sources
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return
	}
	asked := p.begin()
	start := time.Now()
	moved, err := p.ask(ctx, asked)
	s.metrics.polled(time.Since(start), moved, err)

	s.mu.Lock()
	defer s.mu.Unlock()
	pause := p.interval()
	switch {
	case err == nil:
		p.retry.reset()
	case p.someWell():
		pause = min(pause, p.retry.next())
	default:
		pause = p.retry.next()
	}
	p.due = s.now().Add(pause)
}

// begin notes which Refs the poll that begins answers for.
func (p *poller) begin() []*follow {
	p.sources.mu.Lock()
	defer p.sources.mu.Unlock()
	p.began, p.wanted = p.sources.now(), time.Time{}
	all := make([]*follow, 0, len(p.follows))
	for _, f := range p.follows {
		f.busy = true
		all = append(all, f)
	}
	return all
}

func (p *poller) someWell() bool {
	for _, f := range p.follows {
		if f.err == nil {
			return true
		}
	}
	return false
}

// interval is the shortest of the users', with jitter.
func (p *poller) interval() time.Duration {
	shortest := time.Duration(0)
	for _, f := range p.follows {
		for _, d := range f.users {
			if shortest == 0 || d < shortest {
				shortest = d
			}
		}
	}
	return jitter(max(shortest, time.Second))
}

// ask gives what has become of every Ref to its users, each as soon as it is known, and
// whether anything moved. The error is one of them.
func (p *poller) ask(ctx context.Context, asked []*follow) (moved bool, err error) {
	limited, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	refs, err := p.repo.Refs(limited)
	var problems []error
	for _, f := range asked {
		news, problem := false, err
		if err == nil {
			news, problem = p.follow(ctx, f, refs)
		}
		moved = moved || news
		if problem != nil {
			problems = append(problems, problem)
			p.conclude(f, gitrepo.Resolved{}, problem)
		}
	}
	if len(problems) > 0 {
		return moved, problems[0]
	}
	return moved, nil
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
		if at, err = p.repo.FetchRef(ctx, f.key.ref); err != nil {
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

// clear removes the mirror of a repository that nobody uses any more: credentials come
// and go, and each has a mirror of its own. Its name is given up first, since somebody
// may begin to use the repository in this moment.
func (p *poller) clear() {
	s := p.sources
	select {
	case <-p.stop:
	default:
		return // we end, and the mirror is for the next start
	}
	gone, err := p.giveUp()
	if err == nil && gone != "" {
		err = os.RemoveAll(gone)
	}
	if err != nil {
		s.log.Warn("removing a mirror that isn't used any more", "repository", p.repo.URL(), "error", err)
	}
}

func (p *poller) giveUp() (string, error) {
	s := p.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pollers[p.key] != nil {
		return "", nil // in use again
	}
	gone, err := os.MkdirTemp(s.dir, ".gone-")
	if err != nil {
		return "", err
	}
	if err := os.Rename(p.repo.MirrorDir(), filepath.Join(gone, "mirror")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return gone, errors.Join(err, os.RemoveAll(gone))
	}
	return gone, nil
}

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
