package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/towline-dev/towline/policy"
)

// Held is a version that a person moved away from in Git. Nothing up to it is proposed.
type Held struct {
	Tag   string
	Level policy.Level // of the step that the policy would take without the hold
	Move  Move
}

// words say who moved it away, when and by which commit.
func (h *Held) words() string {
	return fmt.Sprintf("%s moved it from %s back to %s on %s by commit %s, %q",
		h.Move.Author, h.Move.From, h.Move.To, h.Move.When.UTC().Format(time.DateOnly), h.Move.Commit.Short(), h.Move.Subject)
}

func (h *Held) hold() *policy.Hold { return &policy.Hold{Tag: h.Tag, Words: h.words()} }

// hold finds out whether a person moved the reference back to what stands there, and
// nobody has released what stood there before. It is only asked for what would be
// changed.
func (d *decider) hold(ctx context.Context, r *Row) (*Held, error) {
	if d.look.Moved == nil {
		return nil, nil
	}
	move, ok, err := d.look.Moved(ctx, d.tagged(r).Reference)
	if err != nil || !ok || move.ByBot {
		return nil, err
	}
	if order, ok := d.policy.Compare(move.From, move.To); ok && order <= 0 {
		return nil, nil // forward, or across
	}
	if d.policy.Released(move.From) || d.look.Released != nil && d.look.Released(d.policy.Image(), move.From) {
		r.released = true
		return nil, nil
	}
	return &Held{Tag: move.From, Move: move}, nil
}

// ended tells whether the row takes a newer version than the one that is held.
func (r Row) ended() bool {
	return r.Held != nil && r.Err == nil && r.Changed() && r.Choice.Tag != r.Current
}

// wanted is the level of the step that the policy would take without a hold.
func (r Row) wanted() policy.Level {
	if r.Held != nil && !r.ended() {
		return r.Held.Level
	}
	return r.Choice.Level
}
