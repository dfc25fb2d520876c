package bot

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

// Touched says that something happened at the forge that may be about us: in the
// repository of an address, of which the last two parts of the path count, and on a
// branch; "" is any. A number is of a pull request that somebody commented on; 0 is none.
// Every manifest repository of that address is looked at soon, if the branch is the one
// that updates are made for, or may be one of ours. It is a hint: the round asks for
// itself what there is. As with Pushed a burst makes one round, what comes during a round
// makes another one after it, and it may be called from any goroutine, also before Run.
//
// What the bot itself does at the forge comes back as such a hint, too. That costs one
// round, in which there is nothing to do, so that nothing comes back of it.
func (b *Bot) Touched(repository, branch string, number int) {
	tail := giturl.Tail(repository)
	if tail == "" {
		return
	}
	found := false
	b.pushing.Lock()
	for _, w := range b.workers {
		if giturl.Tail(w.repo.URL) == tail && w.awaited.concerns(w.repo, branch) {
			if b.touched == nil {
				b.touched = map[*worker]bool{}
			}
			b.touched[w], found = true, true
			w.awaited.comment(number)
		}
	}
	b.pushing.Unlock()
	if found {
		b.burst.Add()
	}
}

// concerns tells whether a branch is one that a round looks at, as far as is known.
func (a *awaited) concerns(r Repository, branch string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return branch == "" || branch == r.Branch || a.config == nil || branch == a.config.BaseBranch ||
		strings.HasPrefix(branch, cmp.Or(r.BranchPrefix, a.config.BranchPrefix))
}

// maxCommented bounds how many pull requests with news are kept at a time. What is beyond
// is found a little later, by itself.
const maxCommented = 1000

func (a *awaited) comment(number int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if number <= 0 || len(a.commented) >= maxCommented {
		return
	}
	if a.commented == nil {
		a.commented = map[int]bool{}
	}
	a.commented[number] = true
}

// takeCommented gives the pull requests that were commented on.
func (a *awaited) takeCommented() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	numbers := slices.Sorted(maps.Keys(a.commented))
	a.commented = nil
	return numbers
}

// look has the repository looked at; nobody needs to ask for that before the first round.
func (a *awaited) look() {
	a.mu.Lock()
	trigger := a.trigger
	a.mu.Unlock()
	if trigger != nil {
		trigger(pollKey)
	}
}
