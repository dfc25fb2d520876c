package gitwriter

import (
	"context"

	"github.com/towline-dev/towline/gitwriter/dashboard"
)

// board is what the dashboard's issue says.
type board struct{ ticks []dashboard.Tick }

func (b board) ticked(verb, key string) bool {
	for _, tick := range b.ticks {
		if tick.Verb == verb && tick.Key == key {
			return true
		}
	}
	return false
}

// Releases gives what people have released of what was held: keys of updates, or
// IMAGE@TAG of a version that was moved back in Git.
func (s *Session) Releases() (keys []string) {
	for _, tick := range s.board.ticks {
		if tick.Verb == "release" {
			keys = append(keys, tick.Key)
		}
	}
	return keys
}

// Show brings the dashboard up to date, where there is one.
func (s *Session) Show(_ context.Context, _ dashboard.Data) error { return nil }
