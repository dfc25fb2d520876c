package bot

import (
	"cmp"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

// Touched says that something happened at the forge that may be about us: in the
// repository of an address, of which the last two parts of the path count, and on a
// branch; "" is any. Every manifest repository of that address is looked at soon, if the
// branch is the one that updates are made for, or may be one of ours. It is a hint: the
// round asks for itself what there is. As with Pushed a burst makes one round, what comes
// during a round makes another one after it, and it may be called from any goroutine,
// also before Run.
//
// What the bot itself does at the forge comes back as such a hint, too. That costs one
// round, in which there is nothing to do, so that nothing comes back of it.
func (b *Bot) Touched(repository, branch string) {
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

// look has the repository looked at; nobody needs to ask for that before the first round.
func (a *awaited) look() {
	a.mu.Lock()
	trigger := a.trigger
	a.mu.Unlock()
	if trigger != nil {
		trigger(pollKey)
	}
}
