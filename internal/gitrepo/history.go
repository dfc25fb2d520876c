package gitrepo

import (
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// CommitInfo is what a commit records beside its files.
type CommitInfo struct {
	Hash, Tree        Hash
	Parents           []Hash
	Message           string
	Author, Committer Signature
}

// CommitInfo reads a commit from the mirror; ErrNotFetched where it isn't there.
func (r *Repo) CommitInfo(commit Hash) (CommitInfo, error) {
	st := r.mirror.current()
	if st == nil {
		return CommitInfo{}, fmt.Errorf("reading commit %s: %w", commit, ErrNotFetched)
	}
	found, err := st.commit(commit.plumbing())
	if err != nil {
		return CommitInfo{}, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	return infoOf(found), nil
}

func infoOf(found *object.Commit) CommitInfo {
	info := CommitInfo{
		Hash:      hashOf(found.Hash),
		Tree:      hashOf(found.TreeHash),
		Message:   found.Message,
		Author:    Signature(found.Author),
		Committer: Signature(found.Committer),
	}
	for _, parent := range found.ParentHashes {
		info.Parents = append(info.Parents, hashOf(parent))
	}
	return info
}

// Log follows first parents from a commit, newest first, up to limit commits or to
// where the mirror's history ends (Config.Depth before the first fetch).
func (r *Repo) Log(from Hash, limit int) ([]CommitInfo, error) {
	var log []CommitInfo
	for at := from; at != "" && len(log) < limit; {
		info, err := r.CommitInfo(at)
		if errors.Is(err, ErrNotFetched) && len(log) > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		log = append(log, info)
		at = ""
		if len(info.Parents) > 0 {
			at = info.Parents[0]
		}
	}
	return log, nil
}

func isTree(entry object.TreeEntry) bool { return entry.Mode == filemode.Dir }
