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
	file    *File
	ref     *edit.Reference
	current string // the tag that stands there, "" where none does
}

// matches is which policy governs what.
type matches struct {
	uses     []use // by file and place
	problems policy.Problems
}

// index finds policies by what references say.
type index struct {
	byName    map[[2]string][]*policy.Policy // by namespace and name
	byImage   map[string][]*policy.Policy    // by canonical name; those that need no marker
	namesakes map[string][]*policy.Policy    // as byImage, of Tree.namesakes
	canonical map[string]string              // of the images that were asked for
}

func (t *Tree) index() *index {
	x := &index{
		byName: map[[2]string][]*policy.Policy{}, byImage: map[string][]*policy.Policy{},
		namesakes: map[string][]*policy.Policy{}, canonical: map[string]string{},
	}
	for _, p := range t.Policies {
		key := [2]string{p.Namespace, p.Name}
		x.byName[key] = append(x.byName[key], p)
		x.add(x.byImage, p)
	}
	for _, p := range t.namesakes {
		x.add(x.namesakes, p)
	}
	return x
}

func (x *index) add(byImage map[string][]*policy.Policy, p *policy.Policy) {
	if !p.MarkedOnly() {
		image := edit.CanonicalImage(p.Image())
		byImage[image] = append(byImage[image], p)
	}
}

// image gives an image its canonical name.
func (x *index) image(image string) string {
	known, ok := x.canonical[image]
	if !ok {
		known = edit.CanonicalImage(image)
		x.canonical[image] = known
	}
	return known
}

// match finds the policy of every reference. A marker names its policy; without one
// the policy of the same image in the nearest directory above the file governs.
func (t *Tree) match() matches {
	var m matches
	x := t.index()
	// A walk comes to a/b before a-b.
	files := slices.SortedFunc(slices.Values(t.Files), func(a, b *File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		refs := t.References(f)
		for i := range refs {
			ref := &refs[i]
			if ref.Marker != nil {
				p, problem := t.named(x, ref)
				if problem != nil {
					m.problems = append(m.problems, *problem)
					continue
				}
				if p.Suspended() || p.MarkedOnly() && !p.Covers(ref.File) {
					continue // Flux's automations edit the markers below their paths alone.
				}
				m.uses = append(m.uses, use{policy: p, file: f, ref: ref, current: ref.Tag})
				continue
			}
			p, problem := t.governing(x, ref)
			if problem != nil {
				m.problems = append(m.problems, *problem)
			}
			// A reference without a tag is left to whoever fills it in, such as
			// kustomize's images: giving it a tag would be a surprise.
			if p != nil && ref.Tag != "" {
				m.uses = append(m.uses, use{policy: p, file: f, ref: ref, current: ref.Tag})
			}
		}
	}
	borrowCurrent(m.uses)
	return m
}

// borrowCurrent gives markers of a name or a digest, which hold no tag themselves,
// the tag that the same policy keeps in the same file.
func borrowCurrent(uses []use) {
	type place struct {
		policy *policy.Policy
		file   *File
	}
	tags := map[place]string{}
	for _, u := range uses {
		if u.current == "" {
			tags[place{u.policy, u.file}] = ""
		}
	}
	for _, u := range uses {
		at := place{u.policy, u.file}
		if tag, wanted := tags[at]; wanted && tag == "" {
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
func (t *Tree) named(x *index, ref *edit.Reference) (*policy.Policy, *policy.Problem) {
	marker := ref.Marker
	problem := func(message, hint string) *policy.Problem {
		return &policy.Problem{Position: placeOf(ref), Message: fmt.Sprintf("the marker names the policy %q, ", marker.Namespace+":"+marker.Name) + message, Hint: hint}
	}
	all := slices.Clone(x.byName[[2]string{marker.Namespace, marker.Name}])
	usable := len(all)
	for _, p := range t.unusable {
		if p.Name == marker.Name && p.Namespace == marker.Namespace || usable > 0 && p.Name == "" && all[0].MarkedOnly() {
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

func placeOf(ref *edit.Reference) policy.Position {
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
func (t *Tree) governing(x *index, ref *edit.Reference) (*policy.Policy, *policy.Problem) {
	var best *policy.Policy
	for _, p := range x.byImage[x.image(ref.Image)] {
		if !p.Covers(ref.File) {
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
	if best != nil && t.withheld(x, ref, best) {
		return nil, nil
	}
	return best, nil
}

// withheld tells whether a policy that can't be used stands nearer to the reference
// than the given one. It may be what holds the image back there, so nothing from
// further up decides in its place until it is mended; that it can't be used is told.
func (t *Tree) withheld(x *index, ref *edit.Reference, best *policy.Policy) bool {
	return slices.ContainsFunc(t.unread, func(dir string) bool {
		return strings.HasPrefix(ref.File, dir+"/") && 2*shared(dir, ref.File) > nearness(best, ref)
	}) || slices.ContainsFunc(x.namesakes[x.image(ref.Image)], func(p *policy.Policy) bool {
		return p.Covers(ref.File) && nearness(p, ref) > nearness(best, ref)
	})
}

// nearness orders the policies that reach a reference by the folders that they have in
// common with it. One that stands aside and reaches it by its update.paths comes
// between the folder where their ways part and the next one.
func nearness(p *policy.Policy, ref *edit.Reference) int {
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
