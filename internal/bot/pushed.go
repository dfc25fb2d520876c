package bot

import (
	"maps"
	"slices"
	"sync"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// maxPushed bounds how many names of images are kept at a time.
const maxPushed = 4096

// Pushed says that something was pushed to the repositories of these images; tags and
// digests aren't looked at. Every policy of one of them becomes due, in every manifest
// repository, whatever its schedule says. It only takes note and returns at once; the
// round follows when nothing was pushed for 2 s, or 10 s after the first at the latest,
// so that a burst of pushes makes one round. What was pushed during a round is looked at
// after it. Images that no policy names make no round.
//
// It may be called from any goroutine, also before Run.
func (b *Bot) Pushed(repositories ...string) {
	b.pushing.Lock()
	for _, r := range repositories {
		b.pushed.add(edit.CanonicalImage(r))
	}
	b.pushing.Unlock()
	b.burst.Add()
}

// announce hands what was pushed and touched to the workers, when the burst is over.
func (b *Bot) announce() {
	b.pushing.Lock()
	pushed := b.pushed
	b.pushed = images{}
	touched := b.touched
	b.touched = nil
	b.pushing.Unlock()
	for _, w := range b.workers {
		w.awaited.pushed(pushed)
		if touched[w] {
			w.awaited.look()
		}
	}
}

// images is a set of images, by canonical name. One that would grow past its bound
// holds all images from then on: to look too often is better than to miss one.
type images struct {
	names map[string]bool
	all   bool
}

func (s *images) add(names ...string) {
	for _, name := range names {
		if s.all || s.names[name] {
			continue
		}
		if len(s.names) >= maxPushed {
			*s = images{all: true}
			continue
		}
		if s.names == nil {
			s.names = map[string]bool{}
		}
		s.names[name] = true
	}
}

func (s *images) merge(other images) {
	if other.all {
		*s = other
	}
	s.add(slices.Sorted(maps.Keys(other.names))...)
}

// awaited is what a worker waits for of the registries: the images of its policies.
// Pushes come at any time, its rounds by the schedule.
type awaited struct {
	mu       sync.Mutex
	trigger  func(keys ...string) // nil until the worker runs
	policies map[string][]string  // keys by the policies' images
	asked    map[string]bool      // keys to look at because of a push, and not looked at yet
	// during is what was pushed since the round under way began. The round may have
	// asked before, or may find policies that nobody knew when the push was told.
	during images
	round  bool
	config *policy.UpdateConfig // of the last round's tree; nil until there is one
	// commented are pull requests that were commented on since the last round began.
	commented map[int]bool
}

// pushed makes the policies of these images due.
func (a *awaited) pushed(pushed images) {
	a.mu.Lock()
	if a.round {
		a.during.merge(pushed)
	}
	keys, trigger := a.ask(pushed), a.trigger
	a.mu.Unlock()
	if trigger != nil && len(keys) > 0 {
		trigger(keys...)
	}
}

// ask notes the policies of these images and gives their keys. It is called with the
// lock.
func (a *awaited) ask(pushed images) []string {
	var keys []string
	for image, of := range a.policies {
		if pushed.all || pushed.names[image] {
			keys = append(keys, of...)
		}
	}
	for _, key := range keys {
		a.asked[key] = true
	}
	return keys
}

// start begins what it waits for: until the first round has ended nobody knows the
// policies, so it is as during a round.
func (a *awaited) start(trigger func(keys ...string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trigger, a.asked, a.round = trigger, map[string]bool{}, true
}

// begin begins a round for these keys, and tells which of them are due for a push.
func (a *awaited) begin(keys []string) map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.round = true
	due := map[string]bool{}
	for _, key := range keys {
		if a.asked[key] {
			due[key] = true
			delete(a.asked, key)
		}
	}
	return due
}

// end ends a round that has left the worker with this tree; nil is none. It makes due
// what was pushed meanwhile.
func (a *awaited) end(t *Tree) {
	a.mu.Lock()
	a.policies = map[string][]string{}
	known := map[string]bool{}
	if t != nil {
		for _, p := range t.Policies {
			image := edit.CanonicalImage(p.Image())
			a.policies[image] = append(a.policies[image], p.Key())
			known[p.Key()] = true
		}
		a.config = &t.Config
		a.round = false
	}
	maps.DeleteFunc(a.asked, func(key string, _ bool) bool { return !known[key] })
	keys, trigger := a.ask(a.during), a.trigger
	if !a.round {
		a.during = images{}
	}
	a.mu.Unlock()
	if len(keys) > 0 {
		trigger(keys...)
	}
}
