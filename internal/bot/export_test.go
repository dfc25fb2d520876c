package bot

import (
	"context"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// MaxCommits is how far back History looks.
const MaxCommits = maxCommits

// History gives tests the look-up of moves by itself; a worker hands it to Look.Moved.
type History struct{ h *history }

// NewHistory begins a round on main.
func NewHistory(past Past) History {
	h := newHistory(past)
	h.begin("main", edit.Finder{})
	return History{h}
}

// Begin starts a round.
func (h History) Begin(branch string) { h.h.begin(branch, edit.Finder{}) }

// LastMove finds the last move of a reference.
func (h History) LastMove(ctx context.Context, head gitrepo.Hash, ref edit.Reference) (Move, bool, error) {
	return h.h.lastMove(ctx, head, ref)
}
