package scaffold

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

// Missing gives a policy, to stand in a file of that name at the tree's root, for
// each image of the tree that none governs yet, sorted by name. The problems are
// the places that were passed over, with the reasons. fsys is what the tree was
// read from.
func Missing(tree *bot.Tree, fsys fs.FS, file string) ([]Policy, policy.Problems) {
	f := &finding{
		tree: tree, broken: broken(fsys, tree.Problems),
		free: map[string][]edit.Reference{}, bare: map[string][]edit.Reference{}, marked: map[edit.Marker][]edit.Reference{},
	}
	for _, manifest := range tree.Files {
		for _, r := range tree.References(manifest) {
			f.sort(r)
		}
	}
	f.settleMarked()
	for _, image := range slices.Sorted(maps.Keys(f.bare)) {
		f.settleBare(f.bare[image])
	}
	f.name()
	policies := f.sound(file)
	return policies, append(f.skipped, tree.Opaque...).Sorted()
}

// finding is what is known while the references are gone through. Images are keyed
// by their canonical names.
type finding struct {
	tree    *bot.Tree
	broken  []string                         // files that may hold policies and can't be read in full
	free    map[string][]edit.Reference      // all without a marker
	bare    map[string][]edit.Reference      // those of them that have a tag and no policy
	marked  map[edit.Marker][]edit.Reference // by policies that aren't there; Field is empty
	found   []*Policy
	skipped policy.Problems
}

// broken names the files among the problems that hold image policies.
func broken(fsys fs.FS, problems policy.Problems) []string {
	var files []string
	for _, p := range problems {
		if slices.Contains(files, p.File) {
			continue
		}
		// A file that can't be opened stands among the problems already.
		if data, err := fs.ReadFile(fsys, p.File); err == nil &&
			(policy.IsPolicyFile(data) && bytes.Contains(data, []byte("ImagePolicy")) || bytes.Contains(data, []byte("image.toolkit.fluxcd.io/"))) {
			files = append(files, p.File)
		}
	}
	return files
}

// sort puts one reference where it belongs.
func (f *finding) sort(r edit.Reference) {
	if r.Marker != nil {
		f.sortMarked(r)
		return
	}
	image := edit.CanonicalImage(r.Image)
	f.free[image] = append(f.free[image], r)
	narrow := ""
	for _, p := range f.tree.Policies {
		covers := p.Covers(r.File)
		switch {
		case !edit.SameImage(p.Image(), r.Image):
		case covers && p.MarkedOnly() && r.Tag != "":
			f.skip(r, fmt.Sprintf("Flux's policy %q is for it, where a marker says so", p.Key()), fmt.Sprintf(`mark it by # {"$imagepolicy": "%s:%s"}`, p.Namespace, p.Name))
			return
		case covers:
			return
		case p.Dir() == "." && !p.MarkedOnly():
			narrow = p.Key()
		}
	}
	for _, file := range f.broken {
		if dir := path.Dir(file); dir == "." || strings.HasPrefix(r.File, dir+"/") {
			f.skip(r, fmt.Sprintf("a policy for it may stand in %s, which can't be read in full", file), "mend that file first, see towline check")
			return
		}
	}
	switch {
	case narrow != "":
		f.skip(r, fmt.Sprintf("the policy %q in the same folder is for other files", narrow), "add the file to its update.paths")
	case r.Tag != "":
		f.bare[image] = append(f.bare[image], r)
	case r.Digest != "":
		f.skip(r, "it has a digest and no tag, so what it was chosen by isn't known", "write the tag before the digest: "+r.Image+":TAG@…")
	default:
		f.skip(r, "it has no tag", "")
	}
}

// sortMarked keeps references whose markers name a policy that isn't there.
func (f *finding) sortMarked(r edit.Reference) {
	for _, p := range f.tree.Policies {
		if p.Name == r.Marker.Name && p.Namespace == r.Marker.Namespace {
			return
		}
	}
	if len(f.broken) > 0 {
		f.skip(r, fmt.Sprintf("the marker's policy may stand in %s, which can't be read in full", f.broken[0]), "mend that file first, see towline check")
		return
	}
	m := *r.Marker
	m.Field = ""
	f.marked[m] = append(f.marked[m], r)
}

func (f *finding) skip(r edit.Reference, why, hint string) {
	name := r.Image
	if r.Marker != nil {
		name = r.Marker.String()
	}
	f.skipped = append(f.skipped, policy.Problem{
		Position: policy.Position{File: r.File, Line: r.Line, Column: r.Column}, Message: name + " is passed over: " + why, Hint: hint,
	})
}

func (f *finding) skipAll(uses []edit.Reference, why, hint string) {
	for _, r := range uses {
		f.skip(r, why, hint)
	}
}
