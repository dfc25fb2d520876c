// Package bot is the pipeline of the proposing half: it reads a manifest repository
// with its policies, scans the registries, chooses a tag for every reference, edits
// the bytes and hands the update to the writer. It knows no forge and no flag; the
// command wires those in. It never merges, and never touches a cluster.
package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/schedule"
)

// Config is what a Bot works with.
type Config struct {
	Repositories []Repository
	// Round gives the registries' tags for one round; each is asked for once.
	Round func() Tags
	// Knowledge tells what policies ask of images beside their tags. The default knows
	// no ledger and no signatures.
	Knowledge *Knowledge
	// Projects finds what projects tell about their images. The default finds nothing.
	Projects Projects
	// Concurrency is how many repositories are worked on at once, the longest waiting
	// first; the default is 4. A round that waits for registries alone doesn't count.
	Concurrency int
	// Patience is how long a round waits for all registries before it proposes what is
	// known already; the default is 5 s.
	Patience time.Duration
	// Events is told what happens.
	Events event.Handler
	// Now is the clock; the default is time.Now.
	Now func() time.Time
	// Clock is the clock of the schedules; the default is the system's.
	Clock schedule.Clock
}

// Bot keeps manifest repositories up to date.
type Bot struct {
	workers []*worker
	started []chan struct{} // each closed when its worker's first round has ended
	clock   schedule.Clock
	burst   *schedule.Burst

	pushing sync.Mutex
	pushed  images           // not announced yet
	touched map[*worker]bool // likewise
}

// New checks the configuration and starts nothing.
func New(c Config) (*Bot, error) {
	switch {
	case len(c.Repositories) == 0:
		return nil, errors.New("the bot has no repository to look after")
	case c.Round == nil || c.Events == nil:
		return nil, errors.New("the bot needs registries and a handler of events")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Knowledge == nil {
		c.Knowledge = NewKnowledge(KnowledgeConfig{Now: c.Now})
	}
	b := &Bot{clock: c.Clock, burst: schedule.NewBurst(schedule.BurstConfig{Clock: c.Clock})}
	slots := semaphore.NewWeighted(int64(c.Concurrency))
	names := map[string]bool{}
	for _, r := range c.Repositories {
		if names[r.Name] {
			return nil, fmt.Errorf("two repositories are named %q", r.Name)
		}
		names[r.Name] = true
		b.workers = append(b.workers, newWorker(c, r, turn{slots: slots}))
		b.started = append(b.started, make(chan struct{}))
	}
	return b, nil
}

// Once looks at every policy of every repository once. The error tells of all that
// failed; what didn't fail was done all the same.
func (b *Bot) Once(ctx context.Context) error {
	return b.each(ctx, func(ctx context.Context, w *worker) error {
		return w.run(ctx, Every)
	})
}

// each works on the repositories side by side and gathers their errors in order.
func (b *Bot) each(ctx context.Context, do func(context.Context, *worker) error) error {
	errs := make([]error, len(b.workers))
	var work errgroup.Group
	for i, w := range b.workers {
		work.Go(func() error {
			errs[i] = do(ctx, w)
			return nil
		})
	}
	_ = work.Wait() // the errors stand in errs
	return errors.Join(errs...)
}

// Preview says what a round would do, repository by repository, and writes nothing.
func (b *Bot) Preview(ctx context.Context) []Preview {
	previews := make([]Preview, len(b.workers))
	var work errgroup.Group
	for i, w := range b.workers {
		work.Go(func() error {
			previews[i] = w.preview(ctx)
			return nil
		})
	}
	_ = work.Wait() // the errors stand in the previews
	return previews
}

// Ready tells why the bot can't be relied on yet: a repository's first round has
// not ended.
func (b *Bot) Ready() error {
	for i, w := range b.workers {
		select {
		case <-b.started[i]:
		default:
			return fmt.Errorf("the first round over %q has not ended", w.repo.Name)
		}
	}
	return nil
}

// Run works by the policies' schedules until ctx ends, and then waits for the
// rounds under way.
func (b *Bot) Run(ctx context.Context) error {
	work, together := errgroup.WithContext(ctx)
	for i, w := range b.workers {
		s := schedule.New(schedule.Config{Clock: b.clock})
		w.awaited.start(s.Trigger)
		work.Go(func() error { return w.serve(together, s, b.started[i]) })
	}
	work.Go(func() error {
		b.burst.Run(together, b.announce)
		return nil
	})
	if err := work.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
