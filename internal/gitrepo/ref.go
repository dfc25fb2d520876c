package gitrepo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/go-git/go-git/v5/plumbing"
)

// Kind is a sort of Ref.
type Kind string

// The kinds.
const (
	KindBranch Kind = "branch"
	KindTag    Kind = "tag"
	KindSemver Kind = "semver"
	KindCommit Kind = "commit"
)

// Ref says what of a repository is followed. It is comparable, and made by BranchRef,
// TagRef, SemverRef and CommitRef.
type Ref struct {
	Kind Kind
	Name string // of the branch or tag, the range, or the commit's hash
}

// String gives kind and name, for people.
func (r Ref) String() string { return fmt.Sprintf("%s %q", r.Kind, r.Name) }

// BranchRef follows a branch's head.
func BranchRef(name string) (Ref, error) {
	return Ref{KindBranch, name}, checkBranch(name)
}

// TagRef stands at a tag, and follows it where it is moved.
func TagRef(name string) (Ref, error) { return Ref{KindTag, name}, checkTag(name) }

// SemverRef follows the highest tag whose version is in a range, as Masterminds/semver
// reads it. Prereleases count only where the range names one.
func SemverRef(text string) (Ref, error) {
	if _, err := semver.NewConstraint(text); err != nil {
		return Ref{}, fmt.Errorf("%q isn't a range of versions (hint: such as \">=1.2.0 <2.0.0\"): %w", text, err)
	}
	return Ref{KindSemver, text}, nil
}

// CommitRef stands at one commit.
func CommitRef(text string) (Ref, error) {
	hash, err := ParseHash(text)
	return Ref{KindCommit, string(hash)}, err
}

func (r Ref) check() error {
	switch r.Kind {
	case KindBranch:
		return checkBranch(r.Name)
	case KindTag:
		return checkTag(r.Name)
	case KindSemver:
		_, err := SemverRef(r.Name)
		return err
	case KindCommit:
		_, err := ParseHash(r.Name)
		return err
	}
	return errors.New("it is neither a branch, a tag, a range of versions nor a commit")
}

const tagsPrefix = "refs/tags/"

// checkTag is checkBranch for tags.
func checkTag(tag string) error {
	if strings.HasPrefix(tag, "-") {
		return fmt.Errorf("the tag name %q begins with a dash", tag)
	}
	if err := plumbing.ReferenceName(tagsPrefix + tag).Validate(); err != nil || tag == "" {
		return fmt.Errorf("the tag name %q isn't one that Git allows", tag)
	}
	return nil
}

// Resolved is where a Ref stood when the remote was asked.
type Resolved struct {
	Ref Ref
	// Name is the short name of the branch or tag; "" for a commit that was named itself.
	Name string
	// Commit is the commit; annotated tags are peeled.
	Commit Hash
	// Tag is the object of an annotated tag; "" where there is none.
	Tag Hash
}

// String is how people and status fields know a revision: NAME@sha1:HASH, or sha1:HASH
// for a commit that was named itself.
func (r Resolved) String() string {
	if r.Name == "" {
		return "sha1:" + string(r.Commit)
	}
	return r.Name + "@sha1:" + string(r.Commit)
}
