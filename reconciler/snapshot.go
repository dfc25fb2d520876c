package reconciler

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// snapshot is what is known of a source at the moment.
type snapshot struct {
	key      sourceKey
	repo     *gitrepo.Repo
	at       gitrepo.Resolved // where the Ref stood when it was last fetched
	revision gitrepo.Hash     // the commit that was last fetched, "" before
	movedAt  time.Time        // when the Ref came to be there, as far as we know
	err      error            // of the last poll
	failures int              // polls in a row that failed
	failedAt time.Time        // when the last poll that failed ended
	polls    int              // polls so far
}

func (f *follow) snapshot() snapshot {
	return snapshot{
		key: f.key, repo: f.poller.repo, at: f.at, revision: f.at.Commit, movedAt: f.movedAt,
		err: f.err, failures: f.failures, failedAt: f.failedAt, polls: f.polls,
	}
}

// files gives the files of the revision.
func (n snapshot) files() (fs.FS, error) {
	if n.revision == "" {
		return nil, errors.New("nothing was fetched yet")
	}
	return n.repo.FS(n.revision)
}

// name gives the revision as users see it: BRANCH@sha1:HASH, TAG@sha1:HASH or sha1:HASH.
func (n snapshot) name() string { return n.at.String() }

// history tells whether the revision's history holds an older commit. It may fetch: a
// fresh mirror holds the newest commit alone.
func (n snapshot) history(ctx context.Context, older gitrepo.Hash) (gitrepo.Descent, error) {
	if n.revision == "" {
		return gitrepo.DescentUnknown, errors.New("nothing was fetched yet")
	}
	return n.repo.Descent(ctx, n.at, older)
}

// revisionHash gives the commit of a revision as name writes it, "" where there is none.
func revisionHash(revision string) gitrepo.Hash {
	_, text, _ := strings.Cut("@"+revision, "@sha1:")
	if at := strings.LastIndex(text, "@sha1:"); at >= 0 { // a tag may be named so
		text = text[at+len("@sha1:"):]
	}
	hash, err := gitrepo.ParseHash(text)
	if err != nil {
		return ""
	}
	return hash
}

// refOf gives what of its repository a Sync follows.
func refOf(s *v1.Sync) (gitrepo.Ref, error) {
	switch spec := s.Spec.Source; {
	case spec.Commit != "":
		return gitrepo.CommitRef(spec.Commit)
	case spec.Tag != "":
		return gitrepo.TagRef(spec.Tag)
	case spec.Semver != "":
		return gitrepo.SemverRef(spec.Semver)
	case spec.Branch != "":
		return gitrepo.BranchRef(spec.Branch)
	}
	return gitrepo.BranchRef(v1.DefaultBranch)
}

// sameSource tells whether two Syncs follow the same of one repository.
func sameSource(a, b *v1.Sync) bool {
	one, err := refOf(a)
	other, err2 := refOf(b)
	return err == nil && err2 == nil && one == other && a.Spec.Source.URL == b.Spec.Source.URL
}
