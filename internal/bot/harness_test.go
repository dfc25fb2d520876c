package bot_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/registry"
)

// registries plays the registries: tags by repository, and how often each was listed.
type registries struct {
	mu     sync.Mutex
	tags   map[string][]string
	failed map[string]error
	listed map[string]int
}

func (r *registries) Tags(_ context.Context, repository string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listed == nil {
		r.listed = map[string]int{}
	}
	r.listed[repository]++
	return r.tags[repository], r.failed[repository]
}

func (r *registries) fail(repository string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[repository] = err
}

func (r *registries) asked(repository string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed[repository]
}

func (r *registries) push(repository, tag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tags[repository] = append(r.tags[repository], tag)
}

func (r *registries) Describe(_ context.Context, _, reference string) (registry.Description, error) {
	return registry.Description{Digest: reference}, nil
}

func (r *registries) Manifest(_ context.Context, repository, _ string) (registry.RawManifest, error) {
	return registry.RawManifest{}, fmt.Errorf("%w: %s", registry.ErrNotFound, repository)
}

func (r *registries) Blob(_ context.Context, repository, _ string, _ int64) ([]byte, error) {
	return nil, fmt.Errorf("%w: %s", registry.ErrNotFound, repository)
}

func (r *registries) Referrers(context.Context, string, string, string) ([]registry.Referrer, error) {
	return nil, nil
}

func (r *registries) Digest(_ context.Context, _, tag string) (string, error) {
	return "sha256:" + strings.Repeat(fmt.Sprintf("%x", len(tag)%16), 64), nil
}

// source plays the Git mirror: a tree that a test replaces, and its head.
type source struct {
	noPast
	mu    sync.Mutex
	files fstest.MapFS
	head  int
	err   error
	reads int   // how often FS was asked for
	lost  error // what FS gives in place of the files
}

func (s *source) lose(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = err
}

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *source) Fetch(context.Context, string) (gitrepo.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return gitrepo.Hash(fmt.Sprintf("%040d", s.head)), s.err
}

func (s *source) at() gitrepo.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return gitrepo.Hash(fmt.Sprintf("%040d", s.head))
}

func (s *source) FS(gitrepo.Hash) (fs.FS, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.files, s.lost
}

// writer plays gitwriter: it keeps what it was asked to write.
type writer struct {
	source  *source
	forge   *forgery // nil for one where nothing ever happens
	mu      sync.Mutex
	groups  map[string][]gitwriter.Change
	files   map[string]string
	action  gitwriter.Action // what becomes of an update; "" is ActionCreated
	limited bool             // the forge wants a pause, and nobody looks at an update
	err     error
}

func (w *writer) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return w.at(cfg, w)
}

// at begins a session of something that writes through w.
func (w *writer) at(cfg gitwriter.SessionConfig, through singly) (bot.Session, error) {
	if w.forge == nil {
		return newForgery().begin(cfg, through)
	}
	return w.forge.begin(cfg, through)
}

func (w *writer) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	files, changes, err := u.Rewrite(ctx, w.source.at(), w.source.files)
	if err != nil {
		return gitwriter.Outcome{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return gitwriter.Outcome{}, w.err
	}
	if w.limited {
		return gitwriter.Outcome{Action: gitwriter.ActionWaiting, Branch: u.BranchPrefix + u.Group, Reason: "the forge wants a pause"}, nil
	}
	if w.groups == nil {
		w.groups, w.files = map[string][]gitwriter.Change{}, map[string]string{}
	}
	w.groups[u.BranchPrefix+u.Group] = changes
	for name, data := range files {
		w.files[name] = string(data)
	}
	action := w.action
	if action == "" {
		action = gitwriter.ActionCreated
	}
	reason := "newer versions fit"
	if action == gitwriter.ActionWaiting {
		reason = "no room"
	}
	return gitwriter.Outcome{Action: action, Branch: u.BranchPrefix + u.Group, Changes: changes, Reason: reason}, nil
}

func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *writer) Preview(ctx context.Context, u gitwriter.Update) (gitwriter.Preview, error) {
	_, changes, err := u.Rewrite(ctx, w.source.at(), w.source.files)
	return gitwriter.Preview{Title: u.Group, Outcome: gitwriter.Outcome{Changes: changes}}, err
}

// told keeps the events' names and messages.
type told struct {
	mu     sync.Mutex
	events []string
	also   func(event.Event) // sees the whole event; may be nil
}

func (t *told) Handle(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.also != nil {
		t.also(e)
	}
	if e.Name() != "round" {
		t.events = append(t.events, e.Name()+": "+e.Message())
	}
}

func (t *told) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	events := t.events
	t.events = nil
	return events
}

type world struct {
	bot        *bot.Bot
	source     *source
	registries *registries
	writer     *writer
	told       *told
}

func newWorld(t *testing.T, files fstest.MapFS, tags map[string][]string) *world {
	t.Helper()
	w := &world{source: &source{files: files}, registries: &registries{tags: tags, failed: map[string]error{}}, told: &told{}}
	w.writer = &writer{source: w.source, forge: newForgery()}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Interval: time.Hour, Source: w.source, Writer: w.writer}},
		Round:        func() bot.Tags { return w.registries }, Events: w.told,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.bot = b
	return w
}

func policyOf(name, image string, more ...string) string {
	return fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s\n  policy: {semver: {range: 1.x}}\n%s\n",
		name, image, strings.Join(more, "\n"))
}

func pod(image string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: " + image + "\n"
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// noPast is for mirrors whose commits have no history: nobody moved anything.
type noPast struct{}

func (noPast) LastChange(context.Context, gitrepo.FileSearch) (gitrepo.FileFound, error) {
	return gitrepo.FileFound{}, nil
}

func (noPast) Blob(gitrepo.Hash) ([]byte, error) { return nil, gitrepo.ErrNotFetched }

func (noPast) CommitInfo(gitrepo.Hash) (gitrepo.CommitInfo, error) {
	return gitrepo.CommitInfo{}, gitrepo.ErrNotFetched
}

func (noPast) Deepen(context.Context, string, int) (gitrepo.Hash, error) {
	return "", gitrepo.ErrNotFetched
}

// proposals plays a writer over a real mirror: it edits the branch's head, and notes
// the steps.
type proposals struct {
	repo   bot.Source
	groups *[]string
}

func (p *proposals) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return newForgery().begin(cfg, p)
}

func (p *proposals) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	head, err := p.repo.Fetch(ctx, u.Base)
	if err != nil {
		return gitwriter.Outcome{}, err
	}
	files, err := p.repo.FS(head)
	if err != nil {
		return gitwriter.Outcome{}, err
	}
	_, changes, err := u.Rewrite(ctx, head, files)
	for _, c := range changes {
		*p.groups = append(*p.groups, c.From+"→"+c.To)
	}
	return gitwriter.Outcome{Action: gitwriter.ActionCreated, Changes: changes}, err
}

func (p *proposals) Preview(context.Context, gitwriter.Update) (gitwriter.Preview, error) {
	return gitwriter.Preview{}, nil
}
