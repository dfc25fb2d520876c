// Package scaffold writes the first policies of a tree of manifests: one for each
// image that none governs yet, of the kind that the tags in use suggest.
//
// It adds and never changes: what governs an image already stays as it is, and so
// does every byte of a file to which policies are added. Where no policy would be
// sound it writes none and says why, with the place.
package scaffold

import (
	"cmp"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Policy is one policy to be written.
type Policy struct {
	// Name is unique among the tree's policies; the namespace is empty unless
	// markers give it.
	Name, Namespace string
	// Image is the repository as the first reference writes it.
	Image string
	// Uses are the references that it will govern, by file and place.
	Uses []edit.Reference
	// Suggestion says how it chooses, and why.
	Suggestion policy.Suggestion
	// Pin says that all references are pinned to digests now.
	Pin bool
	// Paths are the files that it covers, or nothing for all below it.
	Paths []string

	label string // tells it from other policies of the image; may be empty
}

// newPolicy makes a policy for references to one image, of which one at least has
// a tag. It has no kind where none suits all of their tags.
func newPolicy(image string, uses []edit.Reference) *Policy {
	p := &Policy{Image: image, Pin: true}
	p.add(uses)
	return p
}

// add lets the policy govern more references.
func (p *Policy) add(uses []edit.Reference) {
	p.Uses = append(p.Uses, uses...)
	slices.SortStableFunc(p.Uses, func(a, b edit.Reference) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Index, b.Index))
	})
	for _, r := range uses {
		p.Pin = p.Pin && (r.Tag == "" || r.Digest != "")
	}
	p.Suggestion = policy.Infer(tagsOf(p.Uses))
}

// files gives the files that hold the policy's references, sorted.
func (p *Policy) files() []string {
	var files []string
	for _, r := range p.Uses {
		files = append(files, r.File)
	}
	return slices.Compact(files)
}

// Key gives "namespace/name", or "name" where there is no namespace.
func (p *Policy) Key() string {
	if p.Namespace == "" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

func tagsOf(uses []edit.Reference) []string {
	var tags []string
	for _, r := range uses {
		if r.Tag != "" {
			tags = append(tags, r.Tag)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(tags)))
}
