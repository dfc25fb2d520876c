package gitrepo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Tag is where a tag stands.
type Tag struct {
	// Commit is what the tag names in the end.
	Commit Hash
	// Object is the annotated tag's own object; "" for a lightweight tag.
	Object Hash
}

// Refs are the branches and tags of a remote at one moment, by their short names.
type Refs struct {
	Branches map[string]Hash
	Tags     map[string]Tag
}

// Refs asks the remote for all its branches and tags: one request, and no objects are
// transferred. An empty repository has none.
func (r *Repo) Refs(ctx context.Context) (Refs, error) {
	all := Refs{Branches: map[string]Hash{}, Tags: map[string]Tag{}}
	err := r.remote.try(ctx, "listing the references", func(ctx context.Context) error {
		return r.remote.uploadPack(ctx, func(_ transport.UploadPackSession, refs *packp.AdvRefs) error {
			all = refsOf(refs)
			return nil
		})
	})
	if err != nil && !errors.Is(err, ErrEmptyRepository) {
		return Refs{}, err
	}
	r.remember(all.Branches)
	return all, nil
}

func refsOf(refs *packp.AdvRefs) Refs {
	return Refs{Branches: branches(refs), Tags: tags(refs)}
}

// maxTagName bounds a tag's name, in bytes, which ends up in status fields: "1.2.0+x…" may
// be the highest version of a range however long it is. A file's name has no more, either.
const maxTagName = 255

// tags picks the tags out of an advertisement. Their names are a stranger's words, so
// those that Git forbids, and those that are too long, are left out.
func tags(refs *packp.AdvRefs) map[string]Tag {
	found := map[string]Tag{}
	for name, hash := range refs.References {
		short, ok := strings.CutPrefix(name, tagsPrefix)
		if !ok || len(short) > maxTagName || checkTag(short) != nil {
			continue
		}
		tag := Tag{Commit: hashOf(hash)}
		if peeled, annotated := refs.Peeled[name]; annotated {
			tag = Tag{Commit: hashOf(peeled), Object: hashOf(hash)}
		}
		found[short] = tag
	}
	return found
}

// Resolve finds where a Ref stands. ErrEmptyRepository, ErrBranchNotFound,
// ErrTagNotFound and ErrNoTagInRange say what is missing. A commit is taken at its
// word: whether the remote has it shows when it is fetched.
func (r Refs) Resolve(ref Ref) (Resolved, error) {
	if err := ref.check(); err != nil {
		return Resolved{}, err
	}
	if len(r.Branches) == 0 && len(r.Tags) == 0 {
		return Resolved{}, ErrEmptyRepository
	}
	switch ref.Kind {
	case KindTag:
		tag, ok := r.Tags[ref.Name]
		if !ok {
			return Resolved{}, fmt.Errorf("%q: %w", ref.Name, ErrTagNotFound)
		}
		return Resolved{ref, ref.Name, tag.Commit, tag.Object}, nil
	case KindSemver:
		return r.highest(ref)
	case KindCommit:
		return Resolved{Ref: ref, Commit: Hash(ref.Name)}, nil
	}
	head, err := lookUp(r.Branches, ref.Name)
	return Resolved{Ref: ref, Name: ref.Name, Commit: head}, err
}

// highest finds the tag of the highest version in a range.
func (r Refs) highest(ref Ref) (Resolved, error) {
	within, err := semver.NewConstraint(ref.Name)
	if err != nil {
		return Resolved{}, err
	}
	best, found := version{}, false
	for name := range r.Tags {
		v, ok := parseVersion(name)
		if ok && within.Check(v.parsed) && (!found || v.compare(best) > 0) {
			best, found = v, true
		}
	}
	if !found {
		return Resolved{}, fmt.Errorf("%q among %d tags: %w", ref.Name, len(r.Tags), ErrNoTagInRange)
	}
	tag := r.Tags[best.tag]
	return Resolved{ref, best.tag, tag.Commit, tag.Object}, nil
}

// version is a tag that is a version.
type version struct {
	tag    string
	parsed *semver.Version
}

// parseVersion reads 1.2.3 and v1.2.3, and also 1.2, which people write for 1.2.0.
func parseVersion(tag string) (version, bool) {
	parsed, err := semver.NewVersion(tag)
	return version{tag, parsed}, err == nil
}

// compare orders by version. Of equal ones the most fully written is the higher: the
// one of more numbers, then the longer, then the later bytewise.
func (v version) compare(o version) int {
	return cmp.Or(
		v.parsed.Compare(o.parsed), cmp.Compare(v.numbers(), o.numbers()),
		cmp.Compare(len(v.tag), len(o.tag)), cmp.Compare(v.tag, o.tag),
	)
}

func (v version) numbers() int {
	core, _, _ := strings.Cut(v.tag, "+")
	core, _, _ = strings.Cut(core, "-")
	return strings.Count(core, ".")
}
