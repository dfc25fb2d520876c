package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

const (
	// searchDepth is how much of a reference's history is searched for a commit that the
	// remote doesn't give by its hash.
	searchDepth = 10_000
	// searchRefs bounds the references that are searched.
	searchRefs = 20
)

// FetchRef brings what a Ref names up to date in the mirror and tells where it stands:
// Fetch for more than branches. An annotated tag's own object comes along.
//
// A commit is asked for by its hash. A remote that doesn't offer that for all of its
// history has its branches and then its tags searched, the last 10,000 commits of 20 of
// them, which costs a fetch of each. A commit that the mirror holds isn't asked for at all.
func (r *Repo) FetchRef(ctx context.Context, ref Ref) (Resolved, error) {
	if err := ref.check(); err != nil {
		return Resolved{}, err
	}
	if ref.Kind == KindCommit {
		if st := r.mirror.current(); st != nil && !st.damaged() && st.complete(Hash(ref.Name)) {
			return Resolved{Ref: ref, Commit: Hash(ref.Name)}, nil
		}
	}
	found, err := r.fetchRef(ctx, ref, 0)
	if errors.Is(err, errByHash) {
		return r.search(ctx, ref, err)
	}
	return found, err
}

// errByHash says that the remote doesn't give a commit by its hash alone.
var errByHash = errors.New("the remote doesn't give this commit by its hash")

// fetchRef fetches with a session of its own, and again where the mirror was damaged.
func (r *Repo) fetchRef(ctx context.Context, ref Ref, depth int) (found Resolved, err error) {
	unlock, err := r.mirror.lock(ctx)
	if err != nil {
		return Resolved{}, fmt.Errorf("fetching %s of %s: %w", ref, r.URL(), err)
	}
	defer unlock()
	err = r.remote.try(ctx, "fetching "+ref.String(), func(ctx context.Context) error {
		got, err := r.fetchOnce(ctx, ref, depth)
		if errors.Is(err, errBroken) || errors.Is(err, errFilter) { // a session serves one answer
			got, err = r.fetchOnce(ctx, ref, depth)
		}
		found = got
		return err
	})
	if errors.Is(err, ErrEmptyRepository) {
		r.remember(map[string]Hash{})
	}
	if err != nil {
		return Resolved{}, err
	}
	return found, nil
}

func (r *Repo) fetchOnce(ctx context.Context, ref Ref, depth int) (found Resolved, err error) {
	err = r.remote.uploadPack(ctx, func(session transport.UploadPackSession, refs *packp.AdvRefs) error {
		all := refsOf(refs)
		r.remember(all.Branches)
		if found, err = all.Resolve(ref); err != nil {
			return err
		}
		f := fetch{session: session, refs: refs, all: all, want: found, depth: depth}
		if ref.Kind != KindCommit || f.tip() {
			return r.bring(ctx, f)
		}
		if !f.byHash() {
			return errByHash
		}
		err := r.bring(ctx, f)
		switch {
		case err == nil || !refusesFilter(ctx, err) || errors.Is(err, errBroken) || errors.Is(err, errFilter):
			return err
		case f.refs.Capabilities.Supports(capability.AllowReachableSHA1InWant): // so no branch and no tag leads to it
			return fmt.Errorf("%w: %w (hint: was it pushed?)", ErrCommitNotFound, err)
		}
		return fmt.Errorf("%w: %w", errByHash, err)
	})
	return found, err
}

// tip tells whether the commit that is wanted stands at a branch or tag: every remote
// gives that.
func (f fetch) tip() bool {
	for _, head := range f.all.Branches {
		if head == f.want.Commit {
			return true
		}
	}
	for _, tag := range f.all.Tags {
		if tag.Object == "" && tag.Commit == f.want.Commit {
			return true
		}
	}
	return false
}

// byHash tells whether the remote offers to give commits by their hash.
func (f fetch) byHash() bool {
	return f.refs.Capabilities.Supports(capability.AllowReachableSHA1InWant) ||
		f.refs.Capabilities.Supports(capability.AllowTipSHA1InWant)
}

// search looks for a commit below the remote's branches and tags.
func (r *Repo) search(ctx context.Context, ref Ref, refused error) (Resolved, error) {
	wanted := Hash(ref.Name)
	all, err := r.Refs(ctx)
	if err != nil {
		return Resolved{}, err
	}
	places := all.places()
	for _, place := range places[:min(len(places), searchRefs)] {
		if _, err := r.fetchRef(ctx, place, searchDepth); err != nil {
			if ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrAuth) {
				return Resolved{}, err
			}
			continue // gone meanwhile, or too large: it may stand elsewhere
		}
		if st := r.mirror.current(); st != nil && st.complete(wanted) {
			return Resolved{Ref: ref, Commit: wanted}, nil
		}
	}
	return Resolved{}, newError(ctx, "fetching "+ref.String(), r.remote.url, nil, fmt.Errorf(
		"%w: %w; nor is it in the last %d commits of %d of its %d branches and tags (hint: name a branch or tag that holds it)",
		ErrCommitNotFound, refused, searchDepth, min(len(places), searchRefs), len(places)))
}

// places gives the branches and then the tags, the usual names first.
func (r Refs) places() []Ref {
	var places []Ref
	for _, name := range []string{"main", "master"} {
		if _, ok := r.Branches[name]; ok {
			places = append(places, Ref{KindBranch, name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Branches)) {
		if name != "main" && name != "master" && checkBranch(name) == nil {
			places = append(places, Ref{KindBranch, name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
		places = append(places, Ref{KindTag, name})
	}
	return places
}

// verifyTag holds that an annotated tag's object names the commit that the remote said.
func (s *store) verifyTag(want Resolved) error {
	if want.Tag == "" {
		return nil
	}
	commit, err := s.peel(want.Tag)
	if err != nil {
		return err
	}
	if commit != want.Commit {
		return fmt.Errorf("the remote says that tag %q is commit %s, and the tag itself names %s", want.Name, want.Commit, commit)
	}
	return nil
}

// maxPeel bounds how many tags may name each other in a row.
const maxPeel = 8

// peel follows a tag's object to the commit that it names.
func (s *store) peel(tag Hash) (Hash, error) {
	at := tag.plumbing()
	for range maxPeel {
		data, err := s.read(plumbing.TagObject, at, maxCommitBytes)
		if err != nil {
			return "", err
		}
		var read object.Tag
		if err := read.Decode(encoded(plumbing.TagObject, data)); err != nil {
			return "", fmt.Errorf("the record of tag %s is malformed: %w", at, err)
		}
		switch read.TargetType {
		case plumbing.CommitObject:
			return hashOf(read.Target), nil
		case plumbing.TagObject:
			at = read.Target
		default:
			return "", fmt.Errorf("tag %s names a %s and no commit", tag, read.TargetType)
		}
	}
	return "", fmt.Errorf("tag %s names a tag that names a tag, and so on: %w", tag, ErrTooLarge)
}

// holds tells whether all that a fetch wants is there.
func (s *store) holds(want Resolved) bool {
	return s.complete(want.Commit) && s.verifyTag(want) == nil
}
