package gitwriter_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// BenchmarkIdleSession is a round without news over a repository with 3,000 pull requests
// of ours that were closed, 500 open ones and 10,000 branches.
func BenchmarkIdleSession(b *testing.B) {
	f, repo := &listed{}, &branched{heads: map[string]gitrepo.Hash{}}
	for n := 1; n <= 3500; n++ {
		pull := forge.PullRequest{
			Number: n, Head: fmt.Sprintf("towline/app-%d", n), Base: "main", State: forge.StateClosed, CreatedAt: start(), UpdatedAt: start().Add(time.Duration(n) * time.Hour),
			HeadSHA: fmt.Sprintf("%040x", n), ClosedAt: start(),
			Body: fmt.Sprintf("<!-- towline-key: %064x -->\n<!-- towline-versions: ghcr.io%%2Facme%%2Fapp%%2D%d=1.1.0 -->\n<!-- towline-group: app%%2D%d -->\n", n, n, n),
		}
		if n > 3000 {
			pull.State, pull.Body = forge.StateOpen, strings.Repeat("| ghcr.io/acme/app | 1.0.0 | 1.1.0 |\n", 100)+pull.Body
		}
		repo.heads[pull.Head] = gitrepo.Hash(pull.HeadSHA)
		f.pulls = append(f.pulls, pull)
	}
	for n := range 6500 {
		repo.heads[fmt.Sprintf("feature/%d", n)] = gitrepo.Hash(fmt.Sprintf("%040x", n))
	}
	repo.heads["main"] = gitrepo.Hash(strings.Repeat("a", 40))
	now := start()
	w, err := gitwriter.New(gitwriter.Config{Repo: repo, Forge: f, Name: "deploy", Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Minute)
		s, err := w.Begin(b.Context(), gitwriter.SessionConfig{Base: "main"})
		if err != nil {
			b.Fatal(err)
		}
		if got := s.Settle(b.Context(), func(string) gitwriter.Fate { return gitwriter.Fate{} }); len(got) > 0 {
			b.Fatal(reasons(got))
		}
	}
}

// listed is a forge that tells of pull requests and nothing else.
type listed struct{ memoryForge }

func (f *listed) List(_ context.Context, filter forge.Filter) (found []forge.PullRequest, _ error) {
	for _, pull := range f.pulls {
		if filter.Matches(pull) {
			found = append(found, pull)
		}
	}
	return found, nil
}

func (f *listed) Comments(context.Context, int, time.Time) ([]forge.Comment, error) { return nil, nil }

// branched is a mirror in which nothing moves.
type branched struct {
	gitwriter.Repository
	heads map[string]gitrepo.Hash
}

func (r *branched) Known(branch string) (gitrepo.Hash, bool) {
	head, ok := r.heads[branch]
	return head, ok
}

func (r *branched) KnownBranches() map[string]gitrepo.Hash { return maps.Clone(r.heads) }

func (r *branched) CommitInfo(commit gitrepo.Hash) (gitrepo.CommitInfo, error) {
	return gitrepo.CommitInfo{Hash: commit, Committer: gitrepo.Signature{Email: "towline@towline.invalid"}, Message: "x\n\nTowline-Key: 1\n"}, nil
}
