package reconciler

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

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

// live polls until ctx ends or nobody follows anything any more; then a poll that is
// under way ends, too.
func (p *poller) live(ctx context.Context) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.stop:
			cancel()
		case <-limited.Done():
		}
	}()
	p.run(limited)
	if ctx.Err() == nil {
		p.clear()
	}
}

func (p *poller) run(ctx context.Context) {
	p.poll(ctx)
	for {
		timer := time.NewTimer(p.pause())
		select {
		case <-ctx.Done():
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
	release, err := s.places.take(ctx, p.repo.Host(), p.namespaces())
	if err != nil {
		return // nobody waits for the poll any more
	}
	defer release()
	asked := p.begin()
	start := time.Now()
	listed, moved, err := p.ask(ctx, asked)
	s.metrics.polled(time.Since(start), moved, err)

	s.mu.Lock()
	defer s.mu.Unlock()
	pause := p.interval()
	switch {
	case err == nil:
		p.retry.reset()
	case listed: // something that is followed isn't there, or can't be fetched
		pause = min(pause, p.retry.next())
	default:
		pause = p.retry.next()
	}
	p.due = s.now().Add(pause)
}

// namespaces gives those of the users, each once.
func (p *poller) namespaces() []string {
	p.sources.mu.Lock()
	defer p.sources.mu.Unlock()
	var all []string
	for _, f := range p.follows {
		for user := range f.users {
			all = append(all, user.Namespace)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
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
// whether the references could be listed and anything moved. The error is one of them.
func (p *poller) ask(ctx context.Context, asked []*follow) (listed, moved bool, err error) {
	limited, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	refs, err := p.repo.Refs(limited)
	listed = err == nil
	var problems []error
	for _, f := range asked {
		news, problem := false, err
		if err == nil {
			news, problem = p.follow(ctx, f, refs)
		}
		if ctx.Err() != nil { // we end, or nobody follows anything any more: it is no failure
			return listed, moved, problem
		}
		moved = moved || news
		if problem != nil {
			problems = append(problems, problem)
			p.conclude(f, gitrepo.Resolved{}, problem)
		}
	}
	if len(problems) > 0 {
		return listed, moved, problems[0]
	}
	return listed, moved, nil
}

// clear removes the mirror of a repository that nobody uses any more: credentials come
// and go, and each has a mirror of its own. Its name is given up first, since somebody
// may begin to use the repository in this moment.
func (p *poller) clear() {
	gone, err := p.giveUp()
	if err == nil && gone != "" {
		err = os.RemoveAll(gone)
	}
	if err != nil {
		p.sources.log.Warn("removing a mirror that isn't used any more", "repository", p.repo.URL(), "error", err)
	}
}

func (p *poller) giveUp() (string, error) {
	s := p.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.pollers { // an address may be written in several ways
		if other.repo.MirrorDir() == p.repo.MirrorDir() {
			return "", nil // in use again
		}
	}
	gone, err := os.MkdirTemp(s.dir, goneMark)
	if err != nil {
		return "", err
	}
	if err := os.Rename(p.repo.MirrorDir(), filepath.Join(gone, "mirror")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return gone, errors.Join(err, os.RemoveAll(gone))
	}
	return gone, nil
}
