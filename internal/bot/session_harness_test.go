package bot_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/registry"
)

// singly writes one update after the other.
type singly interface {
	Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error)
	Preview(ctx context.Context, u gitwriter.Update) (gitwriter.Preview, error)
}

// forgery plays what a session knows of the forge, and keeps what it is told.
type forgery struct {
	mu       sync.Mutex
	news     []string
	releases []string
	retries  []string
	capacity int
	open     []string           // groups of which Settle asks the fate
	settled  []gitwriter.Result // what it did
	err      error              // of Begin

	cfg    gitwriter.SessionConfig
	begun  int
	fates  map[string]gitwriter.Fate
	shown  []dashboard.Data
	groups [][]string // that were written, call by call
}

func newForgery() *forgery { return &forgery{capacity: -1} }

func (f *forgery) set(change func(*forgery)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *forgery) begin(cfg gitwriter.SessionConfig, w singly) (bot.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg, f.fates = cfg, map[string]gitwriter.Fate{}
	f.begun++
	if f.err != nil {
		return nil, f.err
	}
	return &session{f, w}, nil
}

type session struct {
	*forgery
	writer singly
}

func (s *session) News() []string {
	news := s.news
	s.news = nil
	return news
}

func (s *session) Capacity() int      { return s.capacity }
func (s *session) Releases() []string { return s.releases }

func (s *session) Retries() []string {
	retries := s.retries
	s.retries = nil
	return retries
}

func (s *session) Write(ctx context.Context, updates []gitwriter.Update) []gitwriter.Result {
	results := make([]gitwriter.Result, len(updates))
	var groups []string
	for i, u := range updates {
		results[i].Outcome, results[i].Err = s.writer.Write(ctx, u)
		groups = append(groups, u.Group)
	}
	s.set(func(f *forgery) { f.groups = append(f.groups, groups) })
	return results
}

func (s *session) Preview(ctx context.Context, updates []gitwriter.Update) []gitwriter.Previewed {
	results := make([]gitwriter.Previewed, len(updates))
	for i, u := range updates {
		results[i].Preview, results[i].Err = s.writer.Preview(ctx, u)
	}
	return results
}

func (s *session) PreviewSettle(ctx context.Context, fate func(string) gitwriter.Fate) []gitwriter.Result {
	return s.Settle(ctx, fate)
}

func (s *session) Settle(_ context.Context, fate func(string) gitwriter.Fate) []gitwriter.Result {
	s.set(func(f *forgery) {
		for _, group := range f.open {
			f.fates[group] = fate(group)
		}
	})
	return s.settled
}

func (s *session) Show(_ context.Context, data dashboard.Data) error {
	s.set(func(f *forgery) { f.shown = append(f.shown, data) })
	return nil
}

// proposed is proposals that keep what the pull request would say.
type proposed struct {
	proposals
	forge   *forgery
	notices []string
}

func (p *proposed) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return p.forge.begin(cfg, p)
}

func (p *proposed) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	p.notices = u.Notices
	return p.proposals.Write(ctx, u)
}

// dated plays registries whose images say when they were made.
type dated struct {
	*registries
	made map[string]time.Time // by tag
}

func (d dated) Digest(_ context.Context, _, tag string) (string, error) { return "sha256:" + tag, nil }

func (d dated) Describe(_ context.Context, _, reference string) (registry.Description, error) {
	return registry.Description{Digest: reference, Created: d.made[strings.TrimPrefix(reference, "sha256:")]}, nil
}
