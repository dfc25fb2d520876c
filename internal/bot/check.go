package bot

import (
	"fmt"
	"slices"
	"sort"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Check gives everything that is wrong with a tree and can be known without asking
// a registry: what can't be read, orphan markers, references that two policies claim,
// and policies whose image no manifest uses. The notes tell of what does nothing and
// is no mistake.
func (t *Tree) Check() (problems, notes policy.Problems) {
	m := t.matches()
	problems, notes = slices.Concat(m.problems, t.Problems), slices.Clone(t.Notes)
	used := map[*policy.Policy]bool{}
	for _, u := range m.uses {
		used[u.policy] = true
		if m := u.ref.Marker; m != nil && m.Field == "digest" && u.policy.MarkedOnly() && u.policy.Pin() != policy.PinDigest {
			notes = append(notes, policy.Problem{
				Position: placeOf(u.ref),
				Message:  "the marker asks for a digest, and digestReflectionPolicy is Never: Flux would write none here",
				Hint:     "see " + u.policy.Position.String(),
			})
		}
	}
	for _, p := range t.Policies {
		switch {
		case used[p] || p.Suspended():
		case p.MarkedOnly():
			notes = append(notes, t.unmarked(p))
		default:
			problems = append(problems, t.unused(p)...)
		}
	}
	return problems.Sorted(), notes.Sorted()
}

// Noted says of each that it is a note, where notes and problems stand together.
func Noted(notes policy.Problems) policy.Problems {
	noted := slices.Clone(notes)
	for i := range noted {
		noted[i].Message = "note: " + noted[i].Message
	}
	return noted
}

// unmarked says why one of Flux's policies governs nothing: no marker names it, or
// only where no automation edits. The markers may well stand in another repository.
func (t *Tree) unmarked(p *policy.Policy) policy.Problem {
	name := p.Namespace + ":" + p.Name
	note := policy.Problem{
		Position: p.Position,
		Message:  fmt.Sprintf("no marker here names the policy %q", name),
		Hint:     fmt.Sprintf(`mark an image by # {"$imagepolicy": %q}`, name),
	}
	for _, f := range t.Files {
		for _, r := range t.References(f) {
			if m := r.Marker; m != nil && m.Name == p.Name && m.Namespace == p.Namespace && !p.Covers(r.File) {
				note.Message = fmt.Sprintf("no marker that names the policy %q is edited", name)
				note.Hint = fmt.Sprintf("%s has one, outside of every ImageUpdateAutomation's path", placeOf(&r))
				return note
			}
		}
	}
	return note
}

// unused says why a policy governs nothing: its image stands nowhere, or only where
// the policy doesn't reach or can't edit. Nothing is said of a policy whose claim is
// contested, since that is a problem of its own.
func (t *Tree) unused(p *policy.Policy) policy.Problems {
	where := "here"
	if p.Dir() != "." {
		where = "below " + p.Dir()
	}
	problem := policy.Problem{
		Position: p.ImagePosition(),
		Message:  fmt.Sprintf("no manifest %s uses the image %s with a tag", where, p.Image()),
	}
	var images []string
	for _, f := range t.Files {
		for _, r := range t.References(f) {
			switch {
			case edit.SameImage(r.Image, p.Image()) && r.Tag == "":
				problem.Hint = fmt.Sprintf("%s:%d:%d names it without a tag", r.File, r.Line, r.Column)
				return policy.Problems{problem}
			case edit.SameImage(r.Image, p.Image()) && !p.Covers(r.File):
				problem.Hint = fmt.Sprintf("%s:%d:%d uses it, out of this policy's reach", r.File, r.Line, r.Column)
				return policy.Problems{problem}
			case edit.SameImage(r.Image, p.Image()):
				return nil
			case r.Image != "" && p.Covers(r.File):
				images = append(images, r.Image)
			}
		}
	}
	sort.Strings(images)
	if near := policy.Nearest(p.Image(), images); near != "" {
		problem.Hint = fmt.Sprintf("did you mean %s?", near)
	}
	return policy.Problems{problem}
}
