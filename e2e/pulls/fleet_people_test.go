package pulls_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
)

// happening is something that people do to one ship.
type happening func(f *fleet, s *ship, chance *rand.Rand)

// happenings are what may happen, the frequent things several times.
func happenings() []happening {
	return []happening{
		(*fleet).release, (*fleet).release, (*fleet).release, (*fleet).somebodyMerges, (*fleet).somebodyMerges,
		(*fleet).somebodyCloses, (*fleet).somebodyPushes, (*fleet).somebodyMovesTheBase, (*fleet).somebodyDoesItByHand,
		(*fleet).somebodyIgnores, (*fleet).somebodyHolds,
	}
}

// happen lets something happen to some ship.
func (f *fleet) happen(chance *rand.Rand) {
	f.Helper()
	all := happenings()
	all[chance.IntN(len(all))](f, f.ships[chance.IntN(len(f.ships))], chance)
}

// release publishes a new version.
func (f *fleet) release(s *ship, chance *rand.Rand) {
	f.Helper()
	i := chance.IntN(len(s.images))
	f.publish(s, i, s.newest[i]+1)
}

func (f *fleet) somebodyMerges(s *ship, chance *rand.Rand) {
	f.Helper()
	p, ok := f.open(s, chance)
	if !ok || !f.mergeable(s, p) {
		return
	}
	s.merge(f.T, alice, p.Number, "merge")
	delete(s.frozen, groupOf(p))
	delete(s.held, groupOf(p))
}

// mergeable tells whether main and the branch go together: where a branch is only
// rebuilt in a conflict, nobody but the bot mends that.
func (f *fleet) mergeable(s *ship, p pullRequest) bool {
	_, err := tryGit(f.T, "--git-dir", s.dir(), "merge-tree", "--write-tree", "--no-messages", "main", p.Head.Ref)
	return err == nil
}

// somebodyCloses closes a pull request: what its body stands for is refused. What
// somebody has committed to is merged some time, and not thrown away.
func (f *fleet) somebodyCloses(s *ship, chance *rand.Rand) {
	f.Helper()
	p, ok := f.open(s, chance)
	if !ok || s.frozen[groupOf(p)] {
		return
	}
	must(f.T, s, apiCall{method: http.MethodPatch, path: pullPath(p.Number), who: alice, in: map[string]string{"state": "closed"}})
	s.closed[keyOf(p.Body)] = true
	delete(s.held, groupOf(p))
}

// somebodyIgnores wants what a pull request's body stands for ignored for good.
func (f *fleet) somebodyIgnores(s *ship, chance *rand.Rand) {
	f.Helper()
	if p, ok := f.order(s, chance, "/towline ignore"); ok {
		s.ignored[p.Number], s.closed[keyOf(p.Body)] = true, true
		delete(s.held, groupOf(p))
	}
}

// somebodyHolds wants a pull request left as it is, for longer than any test takes.
func (f *fleet) somebodyHolds(s *ship, chance *rand.Rand) {
	f.Helper()
	if p, ok := f.order(s, chance, []string{"/towline hold", "Not now.\n\n/towline hold 7d"}[chance.IntN(2)]); ok {
		s.held[groupOf(p)] = p
	}
}

// order comments on one of the open pull requests that nobody has committed to, and
// gives it as it was then.
func (f *fleet) order(s *ship, chance *rand.Rand, text string) (pullRequest, bool) {
	f.Helper()
	p, ok := f.open(s, chance)
	if !ok || s.frozen[groupOf(p)] {
		return pullRequest{}, false
	}
	f.later()
	must(f.T, s, apiCall{method: http.MethodPost, path: fmt.Sprintf("/issues/%d/comments", p.Number), who: alice, in: map[string]string{"body": text}})
	f.later()
	return pullOf(f.T, s, p.Number), true
}

func (f *fleet) somebodyPushes(s *ship, chance *rand.Rand) {
	f.Helper()
	p, ok := f.open(s, chance)
	if !ok {
		return
	}
	s.commit(f.T, personsCommit{who: bob, branch: p.Head.Ref, message: "Add notes", files: map[string]string{groupOf(p) + ".md": "Wait.\n"}})
	s.frozen[groupOf(p)] = true
	delete(s.held, groupOf(p)) // the branch isn't as it was, and is left alone all the same
}

func (f *fleet) somebodyMovesTheBase(s *ship, chance *rand.Rand) {
	f.Helper()
	s.commit(f.T, personsCommit{who: alice, branch: "main", message: "Say more", files: map[string]string{"README.md": fmt.Sprintf("# %x\n", chance.Uint64())}})
}

// somebodyDoesItByHand brings a file on main to its newest version.
func (f *fleet) somebodyDoesItByHand(s *ship, chance *rand.Rand) {
	f.Helper()
	i := chance.IntN(len(s.images))
	s.commit(f.T, personsCommit{who: alice, branch: "main", message: "Do it by hand", files: map[string]string{files()[i]: f.manifest(s, i, s.newest[i])}})
}
