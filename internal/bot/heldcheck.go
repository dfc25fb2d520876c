package bot

import (
	"context"
	"fmt"
	"path"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// Held tells, as notes, of the versions that a person moved away from and that nobody has
// released: the bot doesn't propose them. The tree is that of a folder of a repository
// whose history ends with head. An error means that not all of the history could be
// read, or ctx has ended; the notes hold what was found until then.
func (t *Tree) Held(ctx context.Context, past Past, head gitrepo.Hash, folder string) (policy.Problems, error) {
	h := newHistory(past)
	h.begin("", t.finder)
	var notes policy.Problems
	for _, u := range t.matches().uses {
		ref := *u.ref
		ref.File = path.Join(folder, ref.File)
		d := decider{policy: u.policy, look: Look{Moved: func(ctx context.Context, _ edit.Reference) (Move, bool, error) {
			return h.lastMove(ctx, head, ref)
		}}}
		held, err := d.hold(ctx, &Row{Policy: u.policy, Reference: ref, Current: u.current})
		if err != nil {
			return notes.Sorted(), err
		}
		if held != nil {
			notes = append(notes, policy.Problem{
				Position: placeOf(u.ref),
				Message:  fmt.Sprintf("%s of %s isn't proposed: %s", held.Tag, u.policy.Image(), held.words()),
				Hint:     fmt.Sprintf("a newer version ends that, or the annotation towline.dev/release: %q at %s", held.Tag, u.policy.Position),
			})
		}
	}
	return notes.Sorted(), nil
}
