package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/towline-dev/towline/policy"
)

// Scheduler calls back when keys are due; *schedule.Scheduler implements it.
type Scheduler interface {
	Set(entries map[string]string) error
	Run(ctx context.Context, do func(ctx context.Context, keys []string)) error
}

// pollKey is the schedule's entry for the repository itself. No policy has an empty key.
const pollKey = ""

// serve runs rounds when policies are due or the repository is to be looked at, until
// ctx ends. It closes started after the first round.
func (w *worker) serve(ctx context.Context, s Scheduler, started chan<- struct{}) error {
	if err := s.Set(w.entries()); err != nil {
		return err
	}
	first := true
	var seen map[string]string // entries that are new to the schedule, but were looked at
	return s.Run(ctx, func(ctx context.Context, keys []string) {
		due := w.awaited.begin(keys)
		for _, k := range keys {
			if _, done := seen[k]; !done {
				due[k] = true
			}
		}
		seen = nil
		if !first && len(due) == 0 && !slices.Contains(keys, pollKey) {
			w.awaited.end(w.tree)
			return // all of them were looked at when the schedule didn't know them yet
		}
		before, known := w.tree, w.entries()
		// Whatever failed was told as an event.
		_ = w.run(ctx, func(p *policy.Policy) bool { return first || due[p.Key()] })
		if w.tree != before {
			// Schedules were validated when the policies were parsed.
			seen = w.entries()
			_ = s.Set(seen)
			maps.DeleteFunc(seen, func(key, _ string) bool { _, old := known[key]; return old })
		}
		w.awaited.end(w.tree) // once the schedule knows the keys
		if first {
			first = false
			close(started)
		}
	})
}

// entries is the schedule that the repository's policies ask for.
func (w *worker) entries() map[string]string {
	entries := map[string]string{pollKey: fmt.Sprintf("@every %s", w.repo.Interval)}
	if w.tree != nil {
		for _, p := range w.tree.Policies {
			entries[p.Key()] = p.Schedule()
		}
	}
	return entries
}
