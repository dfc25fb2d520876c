package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// use is one reference together with the policy that governs it.
type use struct {
	policy  *policy.Policy
	file    *edit.File
	ref     edit.Reference
	current string // the tag that stands there, "" where none does
}

// uses finds the policy of every reference. A marker names its policy; without one
// the policy of the same image in the nearest directory above the file governs.
func (t *Tree) uses() ([]use, policy.Problems) {
	var (
		found    []use
		problems policy.Problems
	)
	for _, f := range t.Files {
		for _, ref := range f.References() {
			if ref.Marker != nil {
				p := t.named(ref.Marker)
				if p == nil {
					problems = append(problems, t.orphan(ref))
					continue
				}
				found = append(found, use{policy: p, file: f, ref: ref, current: ref.Tag})
				continue
			}
			p, problem := t.governing(ref)
			if problem != nil {
				problems = append(problems, *problem)
			}
			// A reference without a tag is left to whoever fills it in, such as
			// kustomize's images: giving it a tag would be a surprise.
			if p != nil && ref.Tag != "" {
				found = append(found, use{policy: p, file: f, ref: ref, current: ref.Tag})
			}
		}
	}
	borrowCurrent(found)
	return found, problems
}

// borrowCurrent gives markers of a name or a digest, which hold no tag themselves,
// the tag that the same policy keeps in the same file.
func borrowCurrent(uses []use) {
	type place struct {
		policy *policy.Policy
		file   *edit.File
	}
	tags := map[place]string{}
	for _, u := range uses {
		if at := (place{u.policy, u.file}); tags[at] == "" {
			tags[at] = u.current
		}
	}
	for i, u := range uses {
		if u.current == "" {
			uses[i].current = tags[place{u.policy, u.file}]
		}
	}
}

func (t *Tree) named(m *edit.Marker) *policy.Policy {
	for _, p := range t.Policies {
		if p.Name == m.Name && p.Namespace == m.Namespace {
			return p
		}
	}
	return nil
}

func (t *Tree) orphan(ref edit.Reference) policy.Problem {
	hint := "add an ImagePolicy of that namespace and name, or take the marker out"
	for _, p := range t.Policies {
		if p.Name == ref.Marker.Name {
			hint = fmt.Sprintf("%s has that name, in namespace %q", p.Position, p.Namespace)
			break
		}
	}
	return policy.Problem{
		Position: policy.Position{File: ref.File, Line: ref.Line, Column: ref.Column},
		Message:  fmt.Sprintf("the marker names the policy %q, which isn't here", ref.Marker.Namespace+":"+ref.Marker.Name),
		Hint:     hint,
	}
}

// governing gives the policy of a reference that has no marker, nil when there is
// none, and a problem when two policies have the same claim to it.
func (t *Tree) governing(ref edit.Reference) (*policy.Policy, *policy.Problem) {
	var best *policy.Policy
	for _, p := range t.Policies {
		if !edit.SameImage(p.Image(), ref.Image) || !p.Covers(ref.File) {
			continue
		}
		switch {
		case best == nil || depth(p.Dir()) > depth(best.Dir()):
			best = p
		case depth(p.Dir()) == depth(best.Dir()):
			return nil, &policy.Problem{
				Position: policy.Position{File: ref.File, Line: ref.Line, Column: ref.Column},
				Message:  fmt.Sprintf("the policies %q and %q both cover this image", best.Key(), p.Key()),
				Hint:     "tell them apart by update.paths, by directory, or by a marker",
			}
		}
	}
	if best != nil && t.withheld(ref, depth(best.Dir())) {
		return nil, nil
	}
	return best, nil
}

// withheld tells whether a policy that can't be used stands nearer to the reference
// than the given depth. It may be what holds the image back there, so nothing from
// further up decides in its place until it is mended; that it can't be used is told.
func (t *Tree) withheld(ref edit.Reference, above int) bool {
	return slices.ContainsFunc(t.unread, func(dir string) bool {
		return depth(dir) > above && strings.HasPrefix(ref.File, dir+"/")
	}) || slices.ContainsFunc(t.namesakes, func(p *policy.Policy) bool {
		return depth(p.Dir()) > above && edit.SameImage(p.Image(), ref.Image) && p.Covers(ref.File)
	})
}

// depth is how many folders deep a folder lies.
func depth(dir string) int {
	if dir == "." {
		return 0
	}
	return strings.Count(dir, "/") + 1
}
