package gitwriter

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// Repository is what the writer needs of a *gitrepo.Repo. It is an interface so that
// what goes wrong between two steps can be tried.
type Repository interface {
	Fetch(ctx context.Context, branch string) (gitrepo.Hash, error)
	Deepen(ctx context.Context, branch string, depth int) (gitrepo.Hash, error)
	Known(branch string) (gitrepo.Hash, bool)
	KnownBranches() map[string]gitrepo.Hash
	FS(commit gitrepo.Hash) (fs.FS, error)
	CommitInfo(commit gitrepo.Hash) (gitrepo.CommitInfo, error)
	Tree(c gitrepo.Commit) (gitrepo.Hash, error)
	Commit(c gitrepo.Commit) (gitrepo.Hash, error)
	Push(ctx context.Context, req gitrepo.PushRequest) error
	DeleteBranch(ctx context.Context, branch string, expect gitrepo.Hash) error
	Log(from gitrepo.Hash, limit int) ([]gitrepo.CommitInfo, error)
	Signed(commit gitrepo.Hash) (payload, signature []byte, err error)
}

// Signer signs commits, and tells its own signatures; *gitsign.Key implements it.
type Signer interface {
	gitrepo.Signer
	Verify(payload, signature []byte) error
}

var _ Repository = (*gitrepo.Repo)(nil)

// Config is what a Writer works with.
type Config struct {
	// Repo is the repository's mirror and remote.
	Repo Repository
	// Forge is where pull requests are opened. Default: none, so branches are only
	// pushed.
	Forge forge.Forge
	// Pulls is the file that remembers what the forge said of our pull requests; without
	// it more is asked. Default: memory alone.
	Pulls string
	// Name is the repository's name for people; message templates see it. Default: none.
	Name string
	// CommitterName and CommitterEmail are how the writer knows its own commits: a
	// branch whose head has another committer is a person's and is left alone, so the
	// address must be nobody else's. Default: "Towline <towline@towline.invalid>".
	CommitterName, CommitterEmail string
	// Signer signs every commit. A branch of ours whose head it hasn't signed is signed
	// anew. Default: none, so commits aren't signed.
	Signer Signer
	// Now dates the commits. Default: time.Now.
	Now func() time.Time
	// Sleep waits before an update starts again. Default: a timer that ends with ctx.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter gives the share of that wait that is waited, from 0 to 1. Default: random.
	Jitter func() float64
	// Log gets what is done at level debug, and what a person may want to mend at
	// level warn. Default: nothing is logged.
	Log *slog.Logger
}

// Writer writes updates into one repository. What it remembers can be asked for again:
// all state stands in Git and on the forge.
type Writer struct {
	cfg Config

	mu      sync.Mutex
	books   map[string]*pulls.Book  // by prefix of branches
	pending []forge.PullRequest     // what changed at the forge while a session was under way
	asked   map[int]string          // heads that the forge was asked to merge, by number
	refused map[string]gitrepo.Hash // branches that the remote doesn't let us delete, with their heads
	boards  map[string]int          // the dashboards' issues, by scope
	partly  map[int]time.Time       // pull requests of ours whose decoration went wrong, and when to try again
}

// New gives a Writer. Config.Repo is required.
func New(cfg Config) (*Writer, error) {
	if cfg.Repo == nil {
		return nil, errors.New("making a writer: no repository given")
	}
	if cfg.CommitterName == "" {
		cfg.CommitterName = "Towline"
	}
	if cfg.CommitterEmail == "" {
		cfg.CommitterEmail = "towline@towline.invalid"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Writer{cfg: cfg, books: map[string]*pulls.Book{}, asked: map[int]string{}, partly: map[int]time.Time{}, boards: map[string]int{}, refused: map[string]gitrepo.Hash{}}, nil
}

// Write brings one update to where it should be: a session of its own. It may be called
// again at any time, also after a crash, and then does what is left to do: mostly
// nothing, which costs one fetch without news and one List.
func (w *Writer) Write(ctx context.Context, u Update) (Outcome, error) {
	s, err := w.alone(u)
	if err != nil {
		return Outcome{}, err
	}
	r := s.write(ctx, u)
	return r.Outcome, r.Err
}
