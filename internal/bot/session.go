package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/policy"
)

// Writer proposes updates, a session a round; WriterOf makes one.
type Writer interface {
	Begin(ctx context.Context, cfg gitwriter.SessionConfig) (Session, error)
}

// Session is one round's work at the forge; *gitwriter.Session implements it, and says
// what the methods do.
type Session interface {
	News() []string
	Capacity() int
	Releases() []string
	Retries() []string
	Write(ctx context.Context, updates []gitwriter.Update) []gitwriter.Result
	Preview(ctx context.Context, updates []gitwriter.Update) []gitwriter.Previewed
	PreviewSettle(ctx context.Context, fate func(group string) gitwriter.Fate) []gitwriter.Result
	Settle(ctx context.Context, fate func(group string) gitwriter.Fate) []gitwriter.Result
	Show(ctx context.Context, data dashboard.Data) error
}

// WriterOf lets a bot write by a gitwriter.
func WriterOf(w *gitwriter.Writer) Writer { return sessions{w} }

type sessions struct{ writer *gitwriter.Writer }

func (s sessions) Begin(ctx context.Context, cfg gitwriter.SessionConfig) (Session, error) {
	session, err := s.writer.Begin(ctx, cfg)
	if err != nil {
		return nil, err // and no Session that holds nil
	}
	return session, nil
}

// begin asks the forge what is new, and makes due whatever that concerns.
func (w *worker) begin(ctx context.Context, r *round) error {
	windows, err := schedule.NewWindows(w.home.Config.Windows)
	if err != nil {
		return err
	}
	c := w.home.Config
	r.waits = windows.Words(w.now())
	r.session, err = w.repo.Writer.Begin(ctx, gitwriter.SessionConfig{
		Base: w.baseBranch(), BranchPrefix: w.branchPrefix(), Scope: w.scope(),
		Limits: c.Limits, Waits: r.waits, Dashboard: c.Dashboard, Commented: w.awaited.takeCommented(),
	})
	if err != nil {
		return fmt.Errorf("asking the forge for news: %w", err)
	}
	due, news, released := r.due, r.session.News(), w.released(r)
	waited, retried := w.waited(r), r.session.Retries()
	r.due = func(p *policy.Policy) bool {
		return due(p) || released[edit.CanonicalImage(p.Image())] || slices.Contains(retried, p.Key()) ||
			slices.ContainsFunc(r.tree.groupsOf(p), func(g Group) bool {
				return waited[g] || slices.Contains(retried, groupSubject(g.Name)) || g.Mode == policy.ModePullRequest && slices.Contains(news, g.Name)
			})
	}
	return nil
}

func (w *worker) branchPrefix() string {
	return cmp.Or(w.repo.BranchPrefix, w.home.Config.BranchPrefix)
}

// scope tells this worker apart from others over the same repository, which may share
// its prefix but not its folders.
func (w *worker) scope() string {
	paths := slices.Sorted(slices.Values(w.repo.Paths))
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", w.baseBranch(), w.branchPrefix(), paths))
	return hex.EncodeToString(sum[:8])
}

// released notes the versions that people have released at the forge, and gives the
// images of those that nobody had released at the last round.
func (w *worker) released(r *round) map[string]bool {
	r.released = map[string]bool{}
	images := map[string]bool{}
	for _, text := range r.session.Releases() {
		at := strings.LastIndex(text, "@")
		if at < 0 {
			continue // an update's key, which the session goes by itself
		}
		version := releaseOf(text[:at], text[at+1:])
		if r.released[version] = true; !w.freed[version] {
			images[edit.CanonicalImage(text[:at])] = true
		}
	}
	return images
}

func releaseOf(image, tag string) string { return edit.CanonicalImage(image) + "@" + tag }

// waiter is an update that a limit or a window kept back the last time.
type waiter struct {
	security bool
	level    policy.Level
	open     bool // it has a pull request already, so it needs no room
}

// compareWaiters puts the most urgent first, as a session does.
func compareWaiters(a, b waiter) int {
	rank := func(w waiter) int {
		switch {
		case w.security:
			return -1
		case w.level == policy.LevelNone: // another digest of the same version
			return slices.Index(levels(), policy.LevelPatch)
		}
		return slices.Index(levels(), w.level)
	}
	return cmp.Compare(rank(a), rank(b))
}

// waited gives the groups that waited and may be written now: while nothing else has
// changed nobody asks registries about those that must go on waiting.
func (w *worker) waited(r *round) map[Group]bool {
	found := map[Group]bool{}
	if r.waits != "" {
		return found
	}
	order := slices.SortedFunc(keysOf(w.waiting), func(a, b Group) int {
		return cmp.Or(compareWaiters(w.waiting[a], w.waiting[b]), compareGroups(a, b))
	})
	room := r.session.Capacity()
	for _, g := range order {
		switch {
		case room < 0 || w.waiting[g].open || g.Mode == policy.ModeCommit:
			found[g] = true
		case room > 0:
			room--
			found[g] = true
		}
	}
	return found
}
