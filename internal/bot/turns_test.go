package bot_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// busy is a repository whose fetch takes a while, and which counts those under way.
type busy struct {
	*source
	count *count
	takes time.Duration
}

type count struct {
	mu        sync.Mutex
	now, most int
}

func (c *count) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}

func (b *busy) Fetch(ctx context.Context, branch string) (gitrepo.Hash, error) {
	b.count.add(1)
	defer b.count.add(-1)
	select {
	case <-time.After(b.takes):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return b.source.Fetch(ctx, branch)
}

// fleet is a bot of many repositories that all take as long.
func fleet(t *testing.T, n int, takes time.Duration, edit func(*bot.Config)) (*bot.Bot, *count, *told) {
	t.Helper()
	c, events := &count{}, &told{}
	cfg := bot.Config{Round: func() bot.Tags { return &registries{} }, Events: events}
	for i := range n {
		src := &busy{source: &source{files: fstest.MapFS{}}, count: c, takes: takes}
		cfg.Repositories = append(cfg.Repositories, bot.Repository{
			Name: fmt.Sprintf("deploy-%d", i), Branch: "main", Interval: time.Second, Source: src, Writer: &writer{source: src.source},
		})
	}
	edit(&cfg)
	b, err := bot.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b, c, events
}

func TestRepositoriesAtOnce(t *testing.T) {
	for _, test := range []struct{ concurrency, repositories, want int }{{0, 10, 4}, {1, 3, 1}, {3, 10, 3}, {8, 2, 2}} {
		t.Run(fmt.Sprintf("%d of %d", test.concurrency, test.repositories), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for name, do := range map[string]func(*bot.Bot){
					"once":    func(b *bot.Bot) { _ = b.Once(t.Context()) },
					"preview": func(b *bot.Bot) { b.Preview(t.Context()) },
				} {
					b, c, _ := fleet(t, test.repositories, time.Minute, func(cfg *bot.Config) { cfg.Concurrency = test.concurrency })
					do(b)
					if c.most != test.want {
						t.Errorf("%s: %d repositories at once, want %d", name, c.most, test.want)
					}
				}
			})
		})
	}
}

// TestNoRepositoryStarves: there is more to do than can be done, and each gets its share.
func TestNoRepositoryStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := map[string]int{}
		b, c, events := fleet(t, 10, 10*time.Second, func(cfg *bot.Config) { cfg.Concurrency = 2 })
		events.also = func(e event.Event) {
			if r, ok := e.(event.RoundFinished); ok {
				rounds[r.Repository]++
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
		if c.most != 2 {
			t.Errorf("%d repositories at once, want 2", c.most)
		}
		for i := range 10 { // of 720 rounds in an hour
			if n := rounds[fmt.Sprintf("deploy-%d", i)]; n < 60 {
				t.Errorf("repository %d had %d rounds, want some 72", i, n)
			}
		}
	})
}

// TestWaitingForARegistryIsNoWork: with one turn for all, the second repository doesn't
// wait for the registry of the first.
func TestWaitingForARegistryIsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newWorld(t, fstest.MapFS{
			"p.yaml": file(policyOf("slow", "slow.example.com/web") + "---\n" + policyOf("web", "ghcr.io/acme/web")),
			"a.yaml": file(pod("slow.example.com/web:1.0.0")), "b.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
		}, map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}, "slow.example.com/web": {"1.0.0", "1.1.0"}})
		quick := newWorld(t, fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0"))}, nil)
		began := time.Now()
		var took time.Duration
		b, err := bot.New(bot.Config{
			Concurrency: 1, Round: func() bot.Tags { return delayed{slow.registries, "slow.example.com/web", time.Hour} },
			Events: event.HandlerFunc(func(e event.Event) {
				if r, ok := e.(event.RoundFinished); ok && r.Repository == "quick" {
					took = time.Since(began)
				}
			}),
			Repositories: []bot.Repository{
				{Name: "slow", Branch: "main", Interval: time.Hour, Source: slow.source, Writer: slow.writer},
				{Name: "quick", Branch: "main", Interval: time.Hour, Source: quick.source, Writer: quick.writer},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took > time.Minute {
			t.Errorf("the quick repository waited %s for the slow one", took)
		}
		if len(slow.writer.groups) != 2 || len(quick.writer.groups) != 1 {
			t.Errorf("updates: %v and %v", slow.writer.groups, quick.writer.groups)
		}
	})
}

// delayed answers late for one repository.
type delayed struct {
	*registries
	repository string
	by         time.Duration
}

func (d delayed) Tags(ctx context.Context, repository string) ([]string, error) {
	if repository == d.repository {
		select {
		case <-time.After(d.by):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return d.registries.Tags(ctx, repository)
}
