package pulls_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

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
	place    place
	registry string // host
	clock    *clock
	state    string // folder
	requests *requestLog
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

// wire does what cmd/towline does for a configuration of one repository, with the
// story's clock and without waits.
func wire(c wiring) (*wired, error) {
	f, err := c.place.forge(c.requests)
	if err != nil {
		return nil, err
	}
	registries, err := registry.New(registry.Config{
		Hosts:    map[string]registry.HostConfig{c.registry: {PlainHTTP: true, QPS: 100000}},
		Keychain: authn.NewMultiKeychain(), Sleep: noSleep,
	})
	if err != nil {
		return nil, err
	}
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: c.place.url(), Dir: filepath.Join(c.state, "git"), Sleep: noSleep,
		Auth: gitrepo.Auth{Username: robot, Password: secret.New(c.place.token(robot))},
	})
	if err != nil {
		return nil, err
	}
	writer, err := gitwriter.New(gitwriter.Config{Name: "deploy", Repo: repo, Forge: f, Now: c.clock.Now, Sleep: noSleep})
	if err != nil {
		return nil, err
	}
	w := &wired{}
	w.Bot, err = bot.New(bot.Config{
		Round: func() bot.Tags { return registries.Round() }, Events: w, Now: c.clock.Now,
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: repo, Writer: writer}},
	})
	return w, err
}

// requestLog counts what a bot asks of a forge's API.
type requestLog struct {
	mu   sync.Mutex
	base string
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

// forget removes a bot's state.
func forget(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

var _ http.RoundTripper = (*requestLog)(nil)

// once runs one round within reason.
func (w *wired) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return w.Once(ctx)
}
