package gitrepo

import "context"

// Deepen is Fetch, and brings at least the last depth commits of the branch's history
// too, counted from its head along every parent. Where the mirror holds all of the
// history nothing is asked at all, and a depth that is less than what is there takes
// nothing away.
//
// It costs about as much as the first fetch did, however little is missing: remotes
// leave out the files of a commit that is here for those that came after it, and not
// for those before (that would take a thin pack). So few large steps are better than
// many small ones.
//
// A repository may hold less than was asked for, since it began later, or is shallow
// itself: that is no error.
func (r *Repo) Deepen(ctx context.Context, branch string, depth int) (Hash, error) {
	if head, ok := r.whole(branch); ok {
		return head, nil
	}
	return r.fetch(ctx, branch, max(1, depth))
}

// whole tells whether the mirror holds a branch down to its first commit.
func (r *Repo) whole(branch string) (Hash, bool) {
	st := r.mirror.current()
	if st == nil {
		return "", false
	}
	known, err := st.state()
	if err != nil { // Fetch makes a new mirror
		return "", false
	}
	head, ok := known.Branches[branch]
	return head, ok && len(known.Shallow) == 0 && st.complete(head)
}
