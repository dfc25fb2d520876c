package bot_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
)

func TestRunFollowsTheRepositoryAndStops(t *testing.T) {
	w := newWorld(t, fstest.MapFS{"web.yaml": file(pod("ghcr.io/acme/web:1.0.0"))}, nil)
	w.source.fail(errors.New("the forge is down"))
	if err := w.bot.Ready(); err == nil {
		t.Error("the bot is ready before it runs")
	}
	rounds := make(chan event.Event, 64)
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Interval: time.Second, Source: w.source, Writer: w.writer}},
		Round:        func() bot.Tags { return w.registries },
		Events: event.HandlerFunc(func(e event.Event) {
			if e.Name() == "round" || e.Name() == "recovered" {
				rounds <- e
			}
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	<-rounds // the first, which fails
	w.source.fail(nil)
	for e := range rounds {
		if e.Name() == "recovered" {
			break
		}
	}
	if err := b.Ready(); err != nil {
		t.Errorf("the bot isn't ready after its first round: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run ends with %v", err)
	}
}

func TestANewPolicyIsLookedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, fstest.MapFS{"web.yaml": file(policyOf("web", "ghcr.io/acme/web", "  schedule: '@every 3h'") + "---\n" + pod("ghcr.io/acme/web:1.0.0"))},
			map[string][]string{"ghcr.io/acme/web": {"1.0.0"}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.bot.Run(ctx) }()
		for i, pause := range []time.Duration{time.Hour, 3 * time.Hour, 3 * time.Hour} {
			<-time.After(pause)
			synctest.Wait()
			if got := w.registries.asked("ghcr.io/acme/web"); got != i+1 {
				t.Errorf("the registry was asked %d times after %d moments", got, i+1)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// away is the error of a server that may be back.
type away struct{ error }

func (away) Temporary() bool { return true }

func TestAnOutageIsMadeUpForAtTheNextLook(t *testing.T) {
	down := away{errors.New("no route to it")}
	for name, breakdown := range map[string]func(w *world, err error){
		"registry": func(w *world, err error) { w.registries.fail("ghcr.io/acme/web", err) },
		"Git":      func(w *world, err error) { w.source.fail(err) },
		"forge":    func(w *world, err error) { w.writer.fail(err) },
		"mirror":   func(w *world, err error) { w.source.lose(err) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, fstest.MapFS{
					"p.yaml":   file(policyOf("web", "ghcr.io/acme/web", "  schedule: '@every 24h'")),
					"web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
				}, map[string][]string{"ghcr.io/acme/web": {"1.0.0"}})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- w.bot.Run(ctx) }()
				pass := func(d time.Duration) {
					<-time.After(d)
					synctest.Wait()
				}
				pass(23*time.Hour + 59*time.Minute)
				w.registries.push("ghcr.io/acme/web", "1.1.0")
				breakdown(w, down)
				pass(10 * time.Minute) // its moment is over, and all was in vain
				breakdown(w, nil)
				pass(2 * time.Hour) // the repository is looked at each hour
				if len(w.writer.groups) != 1 {
					t.Error("the update waits for the policy's next moment")
				}
				asked := w.registries.asked("ghcr.io/acme/web")
				if pass(5 * time.Hour); w.registries.asked("ghcr.io/acme/web") != asked {
					t.Error("the policy is looked at again although nothing is owed any more")
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestRunTellsWhyItEnds(t *testing.T) {
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Interval: -time.Second}},
		Round:        func() bot.Tags { return &registries{} }, Events: &told{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err == nil {
		t.Error("Run ends by itself without an error")
	}
}
