package gitrepo

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// Descent is how a commit stands to one that came before it.
type Descent string

// The descents.
const (
	// DescentContains: the commit is the other one or has it in its history.
	DescentContains Descent = "contains"
	// DescentRewritten: the history is whole, and the other commit isn't in it.
	DescentRewritten Descent = "rewritten"
	// DescentUnrelated: DescentRewritten, and the two have no commit in common.
	DescentUnrelated Descent = "unrelated"
	// DescentUnknown: the history that can be had ends before that can be told.
	DescentUnknown Descent = "unknown"
)

const (
	// descentFirst and descentMost are the depths, in commits, to which a history is
	// fetched for the answer. Each costs about as much as a first fetch.
	descentFirst = 500
	descentMost  = 20_000
	// maxWalk bounds how many commits one walk looks at.
	maxWalk = 200_000
)

// Descent tells whether the history of a commit that was fetched holds an older one.
// What the mirror lacks of it is fetched, down to 20,000 commits before the head of ref,
// which is what the commit was fetched by. With an error the answer is DescentUnknown.
func (r *Repo) Descent(ctx context.Context, of Resolved, older Hash) (Descent, error) {
	ref := of.Ref
	if ref.Kind == KindSemver { // it may have come to name another tag
		ref = Ref{KindTag, of.Name}
	}
	for _, depth := range []int{0, descentFirst, descentMost} {
		if depth > 0 {
			if _, err := r.fetchRef(ctx, ref, depth); err != nil {
				return DescentUnknown, fmt.Errorf("fetching the history of %s: %w", of.Commit, err)
			}
		}
		st := r.mirror.current()
		if st == nil {
			return DescentUnknown, fmt.Errorf("looking through the history of %s: %w", of.Commit, ErrNotFetched)
		}
		answer, err := st.descent(ctx, of.Commit, older)
		if err != nil {
			return DescentUnknown, fmt.Errorf("looking through the history of %s: %w", of.Commit, err)
		}
		if answer != DescentUnknown {
			return answer, nil
		}
		if known, err := st.state(); err != nil || depth > 0 && len(known.Shallow) == 0 {
			return DescentUnknown, err // there is nothing more to fetch
		}
	}
	return DescentUnknown, nil
}

// descent answers from what is here.
func (s *store) descent(ctx context.Context, of, older Hash) (Descent, error) {
	if _, err := s.commit(of.plumbing()); err != nil {
		return DescentUnknown, err
	}
	newer := ancestry{store: s, seen: map[plumbing.Hash]bool{}}
	found, err := newer.walk(ctx, of, func(h plumbing.Hash) bool { return hashOf(h) == older })
	switch {
	case err != nil:
		return DescentUnknown, err
	case found:
		return DescentContains, nil
	case newer.ends:
		return DescentUnknown, nil
	}
	before := ancestry{store: s, seen: map[plumbing.Hash]bool{}}
	common, err := before.walk(ctx, older, func(h plumbing.Hash) bool { return newer.seen[h] })
	if err != nil {
		return DescentUnknown, err
	}
	if common || before.ends { // where the older one's history isn't here, nobody can tell more
		return DescentRewritten, nil
	}
	return DescentUnrelated, nil
}

// ancestry walks from a commit along all parents.
type ancestry struct {
	store *store
	seen  map[plumbing.Hash]bool
	ends  bool // the mirror's history ended before the repository's did
}

// walk looks at each commit once, nearest first, until one is what is looked for.
func (a *ancestry) walk(ctx context.Context, from Hash, wanted func(plumbing.Hash) bool) (bool, error) {
	line := []plumbing.Hash{from.plumbing()}
	a.seen[line[0]] = true
	for len(line) > 0 {
		at := line[0]
		line = line[1:]
		if wanted(at) {
			return true, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if len(a.seen) > maxWalk {
			a.ends = true
			return false, nil
		}
		commit, err := a.store.commit(at)
		if errors.Is(err, ErrNotFetched) {
			a.ends = true
			continue
		}
		if err != nil {
			return false, err
		}
		for _, parent := range commit.ParentHashes {
			if !a.seen[parent] {
				a.seen[parent] = true
				line = append(line, parent)
			}
		}
	}
	return false, nil
}
