package forgetest

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Commit is a commit to make on a branch, as if somebody had pushed it.
type Commit struct {
	Branch  string // made if missing, off From
	From    string // the branch to start from; "" means main
	Message string
	Author  string            // login; "" means "somebody"
	Files   map[string]string // path to content
	Deletes []string
}

// Commit adds a commit to a branch by plumbing, and tells webhooks of the push.
// The first commit of an empty repository has no parent.
func (r *Repo) Commit(c Commit) (sha string, err error) {
	r.push.Lock()
	defer r.push.Unlock()
	old := r.Head(c.Branch)
	parent := old
	if parent == "" {
		parent = r.Head(cmp.Or(c.From, defaultBranch))
	}
	author := &User{Login: cmp.Or(c.Author, "somebody")}
	tree, err := r.writeTree(parent, c)
	if err != nil {
		return "", fmt.Errorf("committing to %q: %w", c.Branch, err)
	}
	var parents []string
	if parent != "" {
		parents = []string{parent}
	}
	sha, err = r.commitTree(tree, parents, c.Message, identity{author: author, committer: author, when: r.s.now()})
	if err != nil {
		return "", fmt.Errorf("committing to %q: %w", c.Branch, err)
	}
	if err := r.updateRef("refs/heads/"+c.Branch, sha, old); err != nil {
		return "", fmt.Errorf("committing to %q: %w", c.Branch, err)
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.refresh(author)
	return sha, nil
}

// DeleteBranch deletes a branch, as if somebody had pushed its deletion.
func (r *Repo) DeleteBranch(branch string) error {
	r.push.Lock()
	defer r.push.Unlock()
	if _, err := r.s.git.run(r.dir, nil, "update-ref", "-d", "refs/heads/"+branch); err != nil {
		return fmt.Errorf("deleting the branch %q: %w", branch, err)
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.refresh(&User{Login: "somebody"})
	return nil
}

// writeTree builds the parent's tree with the commit's files in an index of its
// own, which is removed again.
func (r *Repo) writeTree(parent string, c Commit) (string, error) {
	index, err := os.CreateTemp(r.dir, "towline-index-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(index.Name()) }()
	if err := index.Close(); err != nil {
		return "", err
	}
	// git takes an empty file for a broken index.
	if err := os.Remove(index.Name()); err != nil {
		return "", err
	}
	env := []string{"GIT_INDEX_FILE=" + index.Name()}
	if parent != "" {
		if _, err := r.s.git.runEnv(r.dir, env, nil, "read-tree", parent); err != nil {
			return "", err
		}
	}
	var entries strings.Builder
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		blob, err := r.s.git.run(r.dir, []byte(c.Files[path]), "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&entries, "100644 %s\t%s\x00", blob, path)
	}
	for _, path := range c.Deletes {
		fmt.Fprintf(&entries, "0 %s\t%s\x00", noCommit, path)
	}
	if _, err := r.s.git.runEnv(r.dir, env, []byte(entries.String()), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	return r.s.git.runEnv(r.dir, env, nil, "write-tree")
}

// noCommit is Git's name for no object at all.
const noCommit = "0000000000000000000000000000000000000000"

// identity says who makes a commit, and when.
type identity struct {
	author, committer *User
	when              time.Time
	env               []string // overrides, for the author of a rebased commit
}

// commitTree makes a commit and points nothing at it.
func (r *Repo) commitTree(tree string, parents []string, message string, who identity) (string, error) {
	args := []string{"commit-tree"}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	date := who.when.UTC().Format(time.RFC3339)
	env := append([]string{
		"GIT_AUTHOR_NAME=" + who.author.Login, "GIT_AUTHOR_EMAIL=" + who.author.email(), "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + who.committer.Login, "GIT_COMMITTER_EMAIL=" + who.committer.email(), "GIT_COMMITTER_DATE=" + date,
	}, who.env...)
	return r.s.git.runEnv(r.dir, env, []byte(message), append(args, "-F", "-", tree)...)
}

// updateRef moves a ref, if it still stands where it was thought to; old "" means
// that it must not exist.
func (r *Repo) updateRef(name, sha, old string) error {
	_, err := r.s.git.run(r.dir, nil, "update-ref", name, sha, cmp.Or(old, noCommit))
	return err
}
