package forgetest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
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
	tree, err := r.bare.WriteTree(parent, c.Files, c.Deletes)
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
	if err := r.bare.UpdateRef("refs/heads/"+c.Branch, sha, old); err != nil {
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
	if err := r.bare.DeleteRef("refs/heads/" + branch); err != nil {
		return fmt.Errorf("deleting the branch %q: %w", branch, err)
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.refresh(&User{Login: "somebody"})
	return nil
}

// identity says who makes a commit, and when.
type identity struct {
	author, committer *User
	when              time.Time
	env               []string // overrides, for the author of a rebased commit
}

// commitTree makes a commit and points nothing at it.
func (r *Repo) commitTree(tree string, parents []string, message string, who identity) (string, error) {
	return r.bare.CommitTree(tree, parents, message, bare.Identity{
		Author:    bare.Person{Name: who.author.Login, Email: who.author.email()},
		Committer: bare.Person{Name: who.committer.Login, Email: who.committer.email()},
		When:      who.when, Env: who.env,
	})
}
