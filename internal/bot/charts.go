package bot

import (
	"path"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// References gives the references of one of the tree's files. A chart whose repository
// stands in another file has the image that it makes with that repository's URL; one
// whose repository isn't here, or is none of OCI, is left out.
func (t *Tree) References(f *File) []edit.Reference {
	if !slices.ContainsFunc(f.references, func(r edit.Reference) bool { return r.Source != nil }) {
		return f.references
	}
	var joined []edit.Reference
	for _, r := range f.references {
		if r.Source != nil && r.Image == "" {
			if r.Image = chartImage(r, t.sources[r.Source.Name]); r.Image == "" {
				continue
			}
		}
		joined = append(joined, r)
	}
	return joined
}

// maxNamesakes bounds how many repositories of one name are told apart, as there may be
// one a cluster.
const maxNamesakes = 2000

// chartImage gives the image of a chart, "" where none of the sources provides it or
// it isn't certain which one does. Of several, as for several clusters, the one that
// stands nearest to the reference is meant.
func chartImage(r edit.Reference, sources []edit.Source) string {
	if len(sources) > maxNamesakes {
		return ""
	}
	var named, exact []edit.Source
	for _, s := range sources {
		if s.Provides(*r.Source) {
			named = append(named, s)
			if s.Namespace == r.Source.Namespace {
				exact = append(exact, s)
			}
		}
	}
	if len(exact) > 0 {
		named = exact
	}
	if !alike(named) {
		named = policy.Closest(named, r.File, func(s edit.Source) string { return path.Dir(s.File) })
	}
	if len(named) == 0 || !alike(named) {
		return ""
	}
	return edit.ChartImage(named[0].URL, r.Source.Chart)
}

// alike tells whether it doesn't matter which of the sources is taken.
func alike(sources []edit.Source) bool {
	for _, s := range sources {
		if s.URL != sources[0].URL {
			return false
		}
	}
	return true
}
