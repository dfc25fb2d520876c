package bot

import (
	"fmt"
	"sort"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Check gives everything that is wrong with a tree and can be known without asking
// a registry: what can't be read, orphan markers, references that two policies claim,
// and policies whose image no manifest uses.
func (t *Tree) Check() policy.Problems {
	uses, problems := t.uses()
	problems = append(problems, t.Problems...)
	used := map[*policy.Policy]bool{}
	for _, u := range uses {
		used[u.policy] = true
	}
	for _, p := range t.Policies {
		if !used[p] {
			problems = append(problems, t.unused(p)...)
		}
	}
	return problems.Sorted()
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
		for _, r := range f.References() {
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
