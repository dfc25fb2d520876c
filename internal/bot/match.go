package bot

import (
	"fmt"
	"path"
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
		for _, ref := range t.References(f) {
			if ref.Marker != nil {
				p, problem := t.named(ref)
				if problem != nil {
					problems = append(problems, *problem)
					continue
				}
				if p.Suspended() || p.MarkedOnly() && !p.Covers(ref.File) {
					continue // Flux's automations edit the markers below their paths alone.
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

// named gives the policy that a reference's marker names, or the problem that there
// is none. Of several, as Flux's documents may define for several clusters, the one
// that stands nearest to the reference is meant.
func (t *Tree) named(ref edit.Reference) (*policy.Policy, *policy.Problem) {
	marker := ref.Marker
	problem := func(message, hint string) *policy.Problem {
		return &policy.Problem{Position: placeOf(ref), Message: fmt.Sprintf("the marker names the policy %q, ", marker.Namespace+":"+marker.Name) + message, Hint: hint}
	}
	isNamed := func(p *policy.Policy) bool { return p.Name == marker.Name && p.Namespace == marker.Namespace }
	var all []*policy.Policy
	for _, p := range t.Policies {
		if isNamed(p) {
			all = append(all, p)
		}
	}
	usable := len(all)
	for _, p := range t.unusable {
		if isNamed(p) || usable > 0 && p.Name == "" && all[0].MarkedOnly() {
			all = append(all, p)
		}
	}
	near := policy.Closest(all, ref.File, (*policy.Policy).Dir)
	if len(near) > 1 { // The file that can't be read may hold anything.
		near = slices.DeleteFunc(near, func(p *policy.Policy) bool { return p.Name == "" })
	}
	switch {
	case len(near) == 0:
		return nil, problem("which isn't here", t.namesake(marker))
	case len(near) > 1:
		return nil, problem("of which there are several", fmt.Sprintf("%s and %s are equally near", near[0].Position, near[1].Position))
	case slices.Contains(t.unusable, near[0]):
		return nil, problem("which can't be used", "see "+near[0].Position.String())
	}
	return near[0], nil
}

func placeOf(ref edit.Reference) policy.Position {
	return policy.Position{File: ref.File, Line: ref.Line, Column: ref.Column}
}

// namesake is the hint for a marker whose policy isn't there.
func (t *Tree) namesake(m *edit.Marker) string {
	for _, p := range t.Policies {
		if p.Name == m.Name {
			return fmt.Sprintf("%s has that name, in namespace %q", p.Position, p.Namespace)
		}
	}
	return "add an ImagePolicy of that namespace and name, or take the marker out"
}

// governing gives the policy of a reference that has no marker, nil when there is
// none, and a problem when two policies have the same claim to it.
func (t *Tree) governing(ref edit.Reference) (*policy.Policy, *policy.Problem) {
	var best *policy.Policy
	for _, p := range t.Policies {
		if p.MarkedOnly() || !edit.SameImage(p.Image(), ref.Image) || !p.Covers(ref.File) {
			continue
		}
		switch {
		case best == nil || nearness(p, ref) > nearness(best, ref):
			best = p
		case nearness(p, ref) == nearness(best, ref):
			return nil, &policy.Problem{
				Position: placeOf(ref),
				Message:  fmt.Sprintf("the policies %q and %q both cover this image", best.Key(), p.Key()),
				Hint:     "tell them apart by update.paths, by directory, or by a marker",
			}
		}
	}
	if best != nil && t.withheld(ref, nearness(best, ref)) {
		return nil, nil
	}
	return best, nil
}

// withheld tells whether a policy that can't be used stands nearer to the reference
// than the given one. It may be what holds the image back there, so nothing from
// further up decides in its place until it is mended; that it can't be used is told.
func (t *Tree) withheld(ref edit.Reference, above int) bool {
	return slices.ContainsFunc(t.unread, func(dir string) bool {
		return strings.HasPrefix(ref.File, dir+"/") && 2*shared(dir, ref.File) > above
	}) || slices.ContainsFunc(t.namesakes, func(p *policy.Policy) bool {
		return !p.MarkedOnly() && edit.SameImage(p.Image(), ref.Image) && p.Covers(ref.File) && nearness(p, ref) > above
	})
}

// nearness orders the policies that reach a reference by the folders that they have in
// common with it. One that stands aside and reaches it by its update.paths comes
// between the folder where their ways part and the next one.
func nearness(p *policy.Policy, ref edit.Reference) int {
	n := 2 * shared(p.Dir(), ref.File)
	if p.Dir() != "." && !strings.HasPrefix(ref.File, p.Dir()+"/") {
		n++
	}
	return n
}

// shared counts the folders that lead to both.
func shared(dir, file string) int {
	a, b := strings.Split(dir, "/"), strings.Split(path.Dir(file), "/")
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] && a[n] != "." {
		n++
	}
	return n
}
