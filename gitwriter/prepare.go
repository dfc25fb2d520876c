package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// errUnsigned is what keeps an update back where the repository wants signatures.
var errUnsigned = errors.New("the repository's configuration requires signed commits, and the bot has no key (hint: set signing in the bot's configuration)")

// prepared is an update computed on the base as it is now.
type prepared struct {
	base    gitrepo.Hash
	baseFS  fs.FS
	changes []Change
	key     string
	commit  gitrepo.Commit // to be built
	tree    gitrepo.Hash   // what it would record
}

// prepare computes the update on the base. Nothing is written.
func (s *Session) prepare(ctx context.Context, u Update) (prepared, error) {
	base, fsys, err := s.base(ctx, u.Base)
	if err != nil {
		return prepared{}, err
	}
	files, changes, err := u.Rewrite(ctx, base, fsys)
	if err != nil {
		return prepared{}, fmt.Errorf("rewriting the files of %s: %w", base.Short(), err)
	}
	p := prepared{base: base, baseFS: fsys, changes: changes}
	if len(changes) == 0 || len(files) == 0 {
		p.changes = nil
		return p, nil
	}
	if u.RequireSigned && s.w.cfg.Signer == nil {
		return prepared{}, errUnsigned
	}
	p.key = Key(changes)
	message, err := s.w.commitMessage(u, p.key, changes)
	if err != nil {
		return prepared{}, err
	}
	p.commit = gitrepo.Commit{
		Base: base, Files: files, Message: message,
		Author: s.w.signature(u.AuthorName, u.AuthorEmail), Committer: s.w.signature("", ""),
	}
	if s.w.cfg.Signer != nil {
		p.commit.Signer = s.w.cfg.Signer
	}
	p.tree, err = s.w.cfg.Repo.Tree(p.commit)
	if errors.Is(err, gitrepo.ErrNoChanges) {
		p.changes = nil
		return p, nil
	}
	return p, err
}

// base gives the base branch's head and files: what the last fetch heard, or after
// somebody else's push what the remote says now.
func (s *Session) base(ctx context.Context, branch string) (gitrepo.Hash, fs.FS, error) {
	if head, ok := s.w.cfg.Repo.Known(branch); ok && !s.refetch {
		fsys, err := s.w.cfg.Repo.FS(head)
		if !errors.Is(err, gitrepo.ErrNotFetched) {
			return head, fsys, err
		}
	}
	head, err := s.w.cfg.Repo.Fetch(ctx, branch)
	if err != nil {
		return "", nil, err
	}
	s.refetch = false
	fsys, err := s.w.cfg.Repo.FS(head)
	return head, fsys, err
}

func (w *Writer) signature(name, email string) gitrepo.Signature {
	if name == "" || email == "" {
		name, email = w.cfg.CommitterName, w.cfg.CommitterEmail
	}
	return gitrepo.Signature{Name: name, Email: email, When: w.cfg.Now().Truncate(time.Second)}
}
