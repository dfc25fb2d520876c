package pulls_test

import (
	"context"
	"net/http"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry"
)

// wiring is what a bot of a story is made of.
type wiring struct {
	places   []place
	registry string // host
	clock    *clock
	state    string // folder
	requests *requestLog
	timeout  time.Duration // of a call; 0 for the defaults
}

// wired is a bot with what it told.
type wired struct {
	*bot.Bot
	mu     sync.Mutex
	events []event.Event
}

// Handle keeps an event.
func (w *wired) Handle(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// take gives what was told since.
func (w *wired) take() []event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

// wire does what cmd/towline does for a configuration, with the story's clock and
// without waits.
func wire(c wiring) (*wired, error) {
	registries, err := registry.New(registry.Config{
		Hosts:    map[string]registry.HostConfig{c.registry: {PlainHTTP: true, QPS: 100000}},
		Keychain: authn.NewMultiKeychain(), Sleep: noSleep,
	})
	if err != nil {
		return nil, err
	}
	w := &wired{}
	b := bot.Config{Round: func() bot.Tags { return registries.Round() }, Events: w, Now: c.clock.Now}
	for _, p := range c.places {
		r, err := wireRepository(c, p)
		if err != nil {
			return nil, err
		}
		b.Repositories = append(b.Repositories, r)
	}
	w.Bot, err = bot.New(b)
	return w, err
}

func wireRepository(c wiring, p place) (bot.Repository, error) {
	f, err := p.forge(c.requests, c.timeout)
	if err != nil {
		return bot.Repository{}, err
	}
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: p.url(), Dir: filepath.Join(c.state, "git"), Timeout: c.timeout, Sleep: noSleep,
		Auth: gitrepo.Auth{Username: robot, Password: secret.New(p.token(robot))},
	})
	if err != nil {
		return bot.Repository{}, err
	}
	name := path.Base(p.url())
	writer, err := gitwriter.New(gitwriter.Config{Name: name, Repo: repo, Forge: f, Now: c.clock.Now, Sleep: noSleep})
	return bot.Repository{Name: name, Branch: "main", Source: repo, Writer: bot.WriterOf(writer)}, err
}

// requestLog counts what a bot asks of a forge's API.
type requestLog struct {
	mu   sync.Mutex
	seen []string
}

// RoundTrip implements http.RoundTripper.
func (l *requestLog) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.seen = append(l.seen, req.Method+" "+routeOf(req.URL.Path))
	l.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

func (l *requestLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen
	l.seen = nil
	return seen
}

var _ http.RoundTripper = (*requestLog)(nil)

// once runs one round within reason.
func (w *wired) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return w.Once(ctx)
}
