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
	"github.com/towline-dev/towline/internal/schedule/scheduletest"
)

const daily = "  schedule: '@every 24h'"

// pushWorld is a running bot on a clock that is turned by hand. Its two manifest
// repositories hold the same files.
type pushWorld struct {
	*testing.T
	bot        *bot.Bot
	clock      *scheduletest.Clock
	source     *source
	registries *registries

	forge   *forgery          // of the first repository
	fetched func()            // called when a repository is fetched; may be nil
	heard   func(event.Event) // called for each event; may be nil

	mu     sync.Mutex
	rounds int
}

// fetching calls back when a branch is fetched.
type fetching struct {
	*source
	w *pushWorld
}

func (f fetching) Fetch(ctx context.Context, branch string) (gitrepo.Hash, error) {
	if f.w.fetched != nil {
		f.w.fetched()
	}
	return f.source.Fetch(ctx, branch)
}

// hooked calls back when a repository is listed.
type hooked struct {
	*registries
	listed func(repository string)
}

func (h hooked) Tags(ctx context.Context, repository string) ([]string, error) {
	tags, err := h.registries.Tags(ctx, repository)
	h.listed(repository)
	return tags, err
}

// inPushWorld runs test with a bot that has begun: its rounds are counted from there.
func inPushWorld(t *testing.T, files fstest.MapFS, listed func(w *pushWorld, repository string), test func(w *pushWorld)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &pushWorld{T: t, clock: scheduletest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), source: &source{files: files}, registries: &registries{}}
		w.forge = newForgery()
		var all []bot.Repository
		for _, name := range []string{"deploy", "twin"} {
			all = append(all, bot.Repository{Name: name, URL: "https://git.example.com/acme/" + name, Branch: "main", Interval: 24 * time.Hour, Source: fetching{w.source, w}, Writer: &writer{source: w.source, forge: map[string]*forgery{"deploy": w.forge}[name]}})
		}
		var err error
		w.bot, err = bot.New(bot.Config{
			Repositories: all, Clock: w.clock,
			Round: func() bot.Tags { return hooked{w.registries, func(r string) { listed(w, r) }} },
			Events: event.HandlerFunc(func(e event.Event) {
				if e.Name() == "round" {
					w.mu.Lock()
					w.rounds++
					w.mu.Unlock()
				}
				if w.heard != nil {
					w.heard(e)
				}
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.bot.Run(ctx) }()
		synctest.Wait()
		w.rounds = 0
		test(w)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func nothing(*pushWorld, string) {}

// pass turns the clock and waits until all that follows is done.
func (w *pushWorld) pass(d time.Duration) {
	synctest.Wait()
	w.clock.Advance(d)
	synctest.Wait()
}

// wants checks how many rounds there were, and how often an image's repository was
// listed, which at first each of the two manifest repositories has done once.
func (w *pushWorld) wants(when string, rounds int, listed map[string]int) {
	w.Helper()
	if w.rounds != rounds {
		w.Errorf("%s: %d rounds, want %d", when, w.rounds, rounds)
	}
	for repository, want := range listed {
		if got := w.registries.asked(repository); got != want {
			w.Errorf("%s: %s was listed %d times, want %d", when, repository, got, want)
		}
	}
}

func webAndDB() fstest.MapFS {
	return fstest.MapFS{
		"web.yaml": file(policyOf("web", "ghcr.io/acme/web", daily) + "---\n" + pod("ghcr.io/acme/web:1.0.0")),
		"db.yaml":  file(policyOf("db", "nginx", daily) + "---\n" + pod("nginx:1.0.0")),
	}
}

// TestABurstIsOneScan holds that however many pushes there are, each manifest repository
// is looked at once, and only for the images that were pushed.
func TestABurstIsOneScan(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		w.wants("at first", 0, map[string]int{"ghcr.io/acme/web": 2, "nginx": 2})
		for i := range 1000 {
			w.bot.Pushed("ghcr.io/acme/web", fmt.Sprintf("ghcr.io/acme/other-%d", i))
		}
		w.pass(1999 * time.Millisecond)
		w.wants("before it is quiet", 0, map[string]int{"ghcr.io/acme/web": 2})
		w.pass(time.Millisecond)
		w.wants("after the burst", 2, map[string]int{"ghcr.io/acme/web": 4, "nginx": 2})
		w.pass(time.Hour)
		w.wants("an hour later", 2, map[string]int{"ghcr.io/acme/web": 4, "nginx": 2})
	})
}

// TestPushesWithoutAPause holds that a registry which never stops is looked at all the
// same, every 10 seconds.
func TestPushesWithoutAPause(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		for range 30 {
			w.bot.Pushed("docker.io/library/nginx")
			w.pass(time.Second)
		}
		w.wants("after half a minute", 2*3, map[string]int{"nginx": 2 + 2*3, "ghcr.io/acme/web": 2})
	})
}

// TestPushesOfNoConcern holds that images which no policy names cost nothing, and that
// an image is known by each of its names.
func TestPushesOfNoConcern(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		w.bot.Pushed("quay.io/acme/web", "ghcr.io/acme/web2", "ghcr.io/nginx", "", "Not An Image")
		w.pass(time.Minute)
		w.wants("nothing of ours", 0, nil)
		for i, name := range []string{"nginx", "library/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx:1.2.0"} {
			w.bot.Pushed(name)
			w.pass(time.Minute)
			w.wants(name, 2*(i+1), map[string]int{"nginx": 2 + 2*(i+1)})
		}
	})
}

// TestMorePushesThanAreKept holds that what is too much to remember isn't forgotten.
func TestMorePushesThanAreKept(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		for i := range 5000 {
			w.bot.Pushed(fmt.Sprintf("ghcr.io/acme/other-%d", i))
		}
		w.bot.Pushed("ghcr.io/acme/web")
		w.pass(time.Minute)
		w.wants("after the flood", 2, map[string]int{"ghcr.io/acme/web": 4, "nginx": 4})
	})
}

// TestAPushDuringARound holds that a push isn't lost when it is told while the round has
// asked the registry already: the first round, which learns what policies there are, a
// later one, and one that finds the policy of the image.
func TestAPushDuringARound(t *testing.T) {
	const image = "ghcr.io/acme/web"
	push := func(when int) func(*pushWorld, string) {
		return func(w *pushWorld, repository string) {
			if repository == image && w.registries.asked(image) == when {
				w.bot.Pushed(image)
				w.clock.Advance(2 * time.Second) // the burst is over while the round goes on
			}
		}
	}
	late := webAndDB()
	delete(late, "web.yaml")
	for _, tt := range []struct {
		name  string
		files fstest.MapFS
		when  int // the listing during which it is pushed
		bring func(w *pushWorld)
	}{
		{"first", webAndDB(), 1, func(*pushWorld) {}},
		{"later", webAndDB(), 3, func(w *pushWorld) { w.bot.Pushed(image) }},
		{"that finds the policy", late, 1, func(w *pushWorld) {
			w.source.mu.Lock()
			w.source.files, w.source.head = webAndDB(), 1
			w.source.mu.Unlock()
			w.bot.Pushed("nginx")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inPushWorld(t, tt.files, push(tt.when), func(w *pushWorld) {
				tt.bring(w)
				w.pass(time.Minute)
				w.pass(time.Minute)
				rounds := w.registries.asked(image)
				if rounds < tt.when+2 || rounds > tt.when+4 {
					t.Errorf("the image was listed %d times, want %d or some more: once for the push, by each of the two", rounds, tt.when+2)
				}
				w.pass(time.Hour)
				if again := w.registries.asked(image); again != rounds {
					t.Errorf("the image was listed %d times more, long after the push", again-rounds)
				}
			})
		})
	}
}

// TestAPushBeforeRun holds that what is told before the bot runs is no trouble.
func TestAPushBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, webAndDB(), nil)
		w.bot.Pushed("ghcr.io/acme/web")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.bot.Run(ctx) }()
		<-time.After(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := w.registries.asked("ghcr.io/acme/web"); got != 2 {
			t.Errorf("listed %d times, want 2: at first, and for the push", got)
		}
	})
}
