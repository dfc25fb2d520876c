package revert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// What a caller may branch on, by errors.Is.
var (
	// ErrNothing: the folders are as they were at the good commit.
	ErrNothing = errors.New("nothing to roll back")
	// ErrNotInHistory: the good commit isn't one that the branch was at.
	ErrNotInHistory = errors.New("not in the history of the branch")
)

// Repository is what this package needs of a *gitrepo.Repo.
type Repository interface {
	Fetch(ctx context.Context, branch string) (gitrepo.Hash, error)
	Deepen(ctx context.Context, branch string, depth int) (gitrepo.Hash, error)
	Branches(ctx context.Context) (map[string]gitrepo.Hash, error)
	FS(commit gitrepo.Hash) (fs.FS, error)
	CommitInfo(commit gitrepo.Hash) (gitrepo.CommitInfo, error)
	Log(from gitrepo.Hash, limit int) ([]gitrepo.CommitInfo, error)
	Tree(c gitrepo.Commit) (gitrepo.Hash, error)
	Commit(c gitrepo.Commit) (gitrepo.Hash, error)
	Push(ctx context.Context, req gitrepo.PushRequest) error
}

// Config is what a Reverter works with.
type Config struct {
	Repo  Repository
	Forge forge.Forge
	// Policies reads the policies of a tree, in which bad tags are excluded. Default: none
	// are read, and nothing is excluded.
	Policies func(fsys fs.FS) ([]*policy.Policy, error)
	// Name and Email are the commits' author and committer. Default: "Towline
	// <towline@towline.invalid>".
	Name, Email string
	// Signer signs the commits. Default: none.
	Signer gitrepo.Signer
	// Now dates the commits. Default: time.Now.
	Now func() time.Time
}

// Reverter proposes rollbacks of one repository.
type Reverter struct{ cfg Config }

// New checks the configuration. It asks nobody yet.
func New(cfg Config) (*Reverter, error) {
	if cfg.Repo == nil || cfg.Forge == nil {
		return nil, errors.New("a rollback needs a repository and a forge")
	}
	cfg.Name, cfg.Email = cmp.Or(cfg.Name, "Towline"), cmp.Or(cfg.Email, "towline@towline.invalid")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Reverter{cfg}, nil
}

// Request says what to roll back.
type Request struct {
	// Name is that of what is rolled back, such as NAMESPACE/NAME of a Sync; Short is for
	// the branch's name.
	Name, Short string
	// Branch is what people merge into.
	Branch string
	// Paths are the folders to take back; "." for the whole repository.
	Paths []string
	// Good is the commit to go back to.
	Good gitrepo.Hash
	// Why says in words what is wrong; it may come from anywhere.
	Why string
}

// Plan is a rollback that is ready to be proposed.
type Plan struct {
	Request
	Base   gitrepo.Hash // the branch's head that it is made on
	Bad    gitrepo.Hash // the newest commit that is undone
	Undone []Undone     // newest first
	// Excluded are the tags that no policy will choose again.
	Excluded []Exclusion
	// Notes tell of tags that couldn't be excluded.
	Notes []string
	// Key names the rollback; Head is its branch.
	Key, Head                  string
	Title, Body, Message, Diff string

	commit gitrepo.Commit
}

// Undone is a commit whose changes below the folders are taken back.
type Undone struct {
	Hash    gitrepo.Hash
	Subject string
	Author  string
}

// Exclusion is a tag that a policy won't choose again.
type Exclusion struct {
	Policy string // its key
	File   string
	Tag    string
}

// Files gives the files that the rollback writes and deletes.
func (p Plan) Files() (written, deleted int) { return len(p.commit.Files), len(p.commit.Deletes) }

// Plan works out a rollback. It fetches, and changes nothing at the remote.
func (r *Reverter) Plan(ctx context.Context, request Request) (Plan, error) {
	p := Plan{Request: request}
	var err error
	if p.Base, err = r.cfg.Repo.Fetch(ctx, request.Branch); err != nil {
		return p, err
	}
	log, err := r.since(ctx, request.Branch, p.Base, request.Good)
	if err != nil {
		return p, err
	}
	before, err := r.cfg.Repo.FS(request.Good)
	if err != nil {
		return p, err
	}
	now, err := r.cfg.Repo.FS(p.Base)
	if err != nil {
		return p, err
	}
	d := delta{good: before, now: now, files: map[string][]byte{}}
	for _, folder := range request.Paths {
		if err := d.compare(ctx, folder); err != nil {
			return p, err
		}
	}
	if len(d.files)+len(d.deletes) == 0 {
		return p, fmt.Errorf("%w: %s is as it was at %s", ErrNothing, listed(request.Paths), request.Good.Short())
	}
	undone, err := r.undone(log, request.Paths)
	if err != nil {
		return p, err
	}
	if err := r.exclude(&p, &d, undone); err != nil {
		return p, err
	}
	p.finish(d, undone, r.cfg)
	return p, nil
}
