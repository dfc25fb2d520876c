package bare

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// NoCommit is Git's name for no object at all.
const NoCommit = "0000000000000000000000000000000000000000"

// ErrConflict says that two trees can't be merged.
var ErrConflict = errors.New("the branches are in conflict")

// Repo is one bare repository.
type Repo struct {
	Git *Git
	Dir string
}

// Init makes the repository, whose directory is there. Refs below hidden are the
// server's own: nobody may push them.
func (r Repo) Init(branch, hidden string) error {
	if _, err := r.Git.Run(r.Dir, nil, "init", "--quiet", "--bare", "--initial-branch="+branch, "."); err != nil {
		return err
	}
	for _, setting := range [][2]string{
		{"receive.hideRefs", hidden},
		{"uploadpack.allowAnySHA1InWant", "true"},
		{"uploadpack.allowFilter", "true"},
		{"gc.auto", "0"},
		{"receive.autogc", "false"},
		{"core.logAllRefUpdates", "false"},
	} {
		if _, err := r.Git.Run(r.Dir, nil, "config", setting[0], setting[1]); err != nil {
			return err
		}
	}
	return nil
}

// Resolve gives the commit that a full ref name or hash stands for, or "".
func (r Repo) Resolve(name string) string {
	out, err := r.Git.Run(r.Dir, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return ""
	}
	return out
}

// Refs gives the commits of all branches and tags, by full name.
func (r Repo) Refs() (map[string]string, error) {
	out, err := r.Git.Run(r.Dir, nil, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(out) {
		sha, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = sha
	}
	return refs, nil
}

// UpdateRef moves a ref, if it still stands where it was thought to; old "" means
// that it must not exist.
func (r Repo) UpdateRef(name, sha, old string) error {
	_, err := r.Git.Run(r.Dir, nil, "update-ref", name, sha, cmp.Or(old, NoCommit))
	return err
}

// DeleteRef deletes a ref.
func (r Repo) DeleteRef(name string) error {
	_, err := r.Git.Run(r.Dir, nil, "update-ref", "-d", name)
	return err
}

// MergeTrees merges two commits into a tree, or gives ErrConflict.
func (r Repo) MergeTrees(ours, theirs string) (string, error) {
	out, err := r.Git.Run(r.Dir, nil, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	if ExitCode(err) == 1 {
		return "", ErrConflict
	}
	return out, err
}

// Contains tells whether the commit is one of the tip's ancestors, or the tip.
func (r Repo) Contains(tip, commit string) bool {
	_, err := r.Git.RunFixed(r.Dir, "merge-base", "--is-ancestor", commit, tip)
	return err == nil
}

// WriteTree builds the parent's tree with some files put in and some taken out, in an
// index of its own, which is removed again.
func (r Repo) WriteTree(parent string, files map[string]string, deletes []string) (string, error) {
	index, err := os.CreateTemp(r.Dir, "towline-index-*")
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
		if _, err := r.Git.RunEnv(r.Dir, env, nil, "read-tree", parent); err != nil {
			return "", err
		}
	}
	var entries strings.Builder
	for _, path := range slices.Sorted(maps.Keys(files)) {
		blob, err := r.Git.Run(r.Dir, []byte(files[path]), "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&entries, "100644 %s\t%s\x00", blob, path)
	}
	for _, path := range deletes {
		fmt.Fprintf(&entries, "0 %s\t%s\x00", NoCommit, path)
	}
	if _, err := r.Git.RunEnv(r.Dir, env, []byte(entries.String()), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	return r.Git.RunEnv(r.Dir, env, nil, "write-tree")
}

// Person is a name and an address, as they stand in commits.
type Person struct{ Name, Email string }

// Identity says who makes a commit, and when.
type Identity struct {
	Author, Committer Person
	When              time.Time
	Env               []string // overrides, for the author of a rebased commit
}

// CommitTree makes a commit and points nothing at it.
func (r Repo) CommitTree(tree string, parents []string, message string, who Identity) (string, error) {
	args := []string{"commit-tree"}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	date := who.When.UTC().Format(time.RFC3339)
	env := append([]string{
		"GIT_AUTHOR_NAME=" + who.Author.Name, "GIT_AUTHOR_EMAIL=" + who.Author.Email, "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + who.Committer.Name, "GIT_COMMITTER_EMAIL=" + who.Committer.Email, "GIT_COMMITTER_DATE=" + date,
	}, who.Env...)
	return r.Git.RunEnv(r.Dir, env, []byte(message), append(args, "-F", "-", tree)...)
}
