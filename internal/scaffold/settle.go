package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// maxTags bounds the distinct tags of one image that are sorted into policies by
// trying which go together.
const maxTags = 100

const markHint = `tell them apart by markers, # {"$imagepolicy": "namespace:name"}, or by file`

// settleMarked makes the policies that markers name.
func (f *finding) settleMarked() {
	byImage := map[string][]*Policy{}
	for _, m := range slices.SortedFunc(maps.Keys(f.marked), func(a, b edit.Marker) int { return cmp.Compare(a.String(), b.String()) }) {
		if p := f.ofMarker(m, f.marked[m]); p != nil {
			image := edit.CanonicalImage(p.Image)
			byImage[image] = append(byImage[image], p)
		}
	}
	for _, image := range slices.Sorted(maps.Keys(byImage)) {
		f.spread(image, byImage[image])
	}
}

// ofMarker makes the policy of one marker where its references say which image it
// is for, and have tags that go together.
func (f *finding) ofMarker(m edit.Marker, uses []edit.Reference) *Policy {
	image := ""
	for _, r := range uses {
		switch {
		case image == "":
			image = r.Image
		case r.Image != "" && !edit.SameImage(image, r.Image):
			f.skipAll(uses, fmt.Sprintf("the marker stands at %s and at %s", image, r.Image), "give each image a policy of its own")
			return nil
		}
	}
	if image == "" {
		f.skipAll(uses, "the marker doesn't stand at an image's name, so which image is meant isn't known", "write the policy by hand")
		return nil
	}
	p := newPolicy(image, uses)
	p.Name, p.Namespace = m.Name, m.Namespace
	if p.Suggestion.Kind == "" {
		f.skipAll(uses, p.Suggestion.Reason, "give each a policy of its own")
		return nil
	}
	return p
}

// spread says which references without a marker the policies of markers govern:
// all of the image where that is as simple, and none where it isn't.
func (f *finding) spread(image string, policies []*Policy) {
	free := f.free[image]
	others := slices.ContainsFunc(f.tree.Policies, func(p *policy.Policy) bool { return edit.CanonicalImage(p.Image()) == image })
	if len(policies) == 1 && !others {
		all := newPolicy(policies[0].Image, slices.Concat(policies[0].Uses, f.bare[image]))
		if all.Name, all.Namespace = policies[0].Name, policies[0].Namespace; all.Suggestion.Kind != "" {
			f.found = append(f.found, all)
			delete(f.bare, image)
			return
		}
	}
	for _, p := range policies {
		files := p.files()
		if i := slices.IndexFunc(free, func(r edit.Reference) bool { return slices.Contains(files, r.File) }); i >= 0 {
			f.skipAll(p.Uses, fmt.Sprintf("%s:%d names the image without a marker", free[i].File, free[i].Line), "mark it as well")
			continue
		}
		if len(free) > 0 {
			p.Paths = globs(files)
		}
		f.found = append(f.found, p)
	}
}

// settleBare makes the policy of an image, or one for each set of files whose tags
// go together.
func (f *finding) settleBare(uses []edit.Reference) {
	whole := newPolicy(uses[0].Image, uses)
	if whole.Suggestion.Kind != "" {
		f.found = append(f.found, whole)
		return
	}
	tags := tagsOf(uses)
	if len(tags) > maxTags {
		f.skipAll(uses, whole.Suggestion.Reason, markHint)
		return
	}
	classes := classify(tags)
	files := map[string]int{} // by class; -1 where a file is of several
	for _, r := range uses {
		class := slices.IndexFunc(classes, func(tags []string) bool { return slices.Contains(tags, r.Tag) })
		if known, ok := files[r.File]; ok && known != class {
			class = -1
		}
		files[r.File] = class
	}
	for class, tags := range classes {
		mine := slices.DeleteFunc(slices.Clone(uses), func(r edit.Reference) bool { return files[r.File] != class })
		if len(mine) > 0 {
			p := newPolicy(uses[0].Image, mine)
			p.Paths, p.label = globs(p.files()), label(p.Suggestion, tags)
			f.found = append(f.found, p)
		}
	}
	f.skipAll(slices.DeleteFunc(slices.Clone(uses), func(r edit.Reference) bool { return files[r.File] >= 0 }), whole.Suggestion.Reason, markHint)
}

// classify puts tags together for which one policy would do.
func classify(tags []string) [][]string {
	var classes [][]string
next:
	for _, tag := range tags {
		for i, class := range classes {
			if together := append(slices.Clone(class), tag); policy.Infer(together).Kind != "" {
				classes[i] = together
				continue next
			}
		}
		classes = append(classes, []string{tag})
	}
	return classes
}

// label tells a policy from others of its image: by the tag that it follows, or the
// first number of its versions.
func label(s policy.Suggestion, tags []string) string {
	switch {
	case s.Policy.Digest != nil:
		return s.Policy.Digest.Tag
	case s.Policy.Semver != nil && s.FilterTags == nil:
		first, _, _ := strings.Cut(strings.TrimPrefix(tags[0], "v"), ".")
		return first
	}
	return s.Kind
}

// globs writes files as globs that match nothing else.
func globs(files []string) []string {
	special := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `!`, `\!`)
	all := make([]string, 0, len(files))
	for _, file := range files {
		all = append(all, special.Replace(file))
	}
	return all
}
