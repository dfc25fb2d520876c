package bot

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// value is a reference as one version of a file has it.
type value struct {
	path    string
	subject string // the image in its canonical spelling; or the marker or chart, where no image stands
	tag     string
}

// origin is where a value of a version stood in the version before it.
type origin struct {
	value
	known bool // false: it wasn't there, or it can't be told which one it was
}

func valueOf(r edit.Reference) value {
	v := value{path: r.Path, tag: r.Tag}
	switch {
	case r.Source != nil: // also where the file says the image: another version may not
		v.subject = chartSubject + strings.Join([]string{r.Source.Kind, r.Source.Namespace, r.Source.Name, r.Source.Chart}, "/")
	case r.Image != "":
		v.subject = edit.CanonicalImage(r.Image)
	case r.Marker != nil:
		v.subject = markerSubject + r.Marker.String()
	}
	return v
}

// These can't begin an image's name.
const (
	markerSubject = "$imagepolicy "
	chartSubject  = "$chart "
)

func (v value) marked() bool { return strings.HasPrefix(v.subject, markerSubject) }

// names tells whether the value is one of an image. Of a chart, only the end of the
// image's name is known.
func (v value) names(image string) bool {
	image = edit.CanonicalImage(image)
	if strings.HasPrefix(v.subject, chartSubject) {
		return path.Base(image) == path.Base(v.subject)
	}
	return image == v.subject
}

// valuesOf gives the references that have a tag.
func valuesOf(refs []edit.Reference) []value {
	var values []value
	for _, r := range refs {
		if r.Tag != "" {
			values = append(values, valueOf(r))
		}
	}
	return values
}

// origins finds, for the values of a version that the version before doesn't have just
// so, where they stood there. A value is known again, in this order,
//
//  1. by image and tag, at another place of the same lists: they were reordered;
//  2. by image and path, the tag being another one: this is a move of the tag. Where
//     lists have gained or lost entries of the image at the same time it can't be told
//     which entry is which, so none is;
//  3. by its image alone, where that has one value left in both versions: the path has
//     changed;
//  4. by its path alone, where a Flux marker was set or taken away.
func origins(before, after []value) map[value]origin {
	l := newLineage(before, after)
	l.pair(func(v value) value { return value{shape(v.path), v.subject, v.tag} })
	l.pair(func(v value) value { return value{shape(v.path), v.subject, ""} })
	l.pair(func(v value) value { return value{"", v.subject, ""} })
	l.remark()
	for v := range l.after { // what is left is new
		l.origins[v] = origin{}
	}
	return l.origins
}

// shape is a path without the positions in lists, and without that of its document.
func shape(path string) string {
	if document, rest, ok := strings.Cut(path, ":"); ok && isPosition(document, "#", "") {
		path = rest
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(path, '[')
		if open < 0 {
			return b.String() + path
		}
		end := open + 1 + strings.IndexByte(path[open+1:], ']')
		b.WriteString(path[:open+1])
		path = path[open+1:]
		if end > open && isPosition(path[:end-open], "", "]") {
			path = path[end-open-1:]
		}
	}
}

// isPosition tells whether a text is a number between its delimiters.
func isPosition(text, prefix, suffix string) bool {
	digits, begins := strings.CutPrefix(text, prefix)
	digits, ends := strings.CutSuffix(digits, suffix)
	return begins && ends && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// lineage holds the values of two versions that haven't found their counterpart yet.
type lineage struct {
	before, after map[value]bool
	origins       map[value]origin
}

func newLineage(before, after []value) *lineage {
	l := &lineage{before: map[value]bool{}, after: map[value]bool{}, origins: map[value]origin{}}
	for _, v := range before {
		l.before[v] = true
	}
	for _, v := range after {
		if !l.before[v] {
			l.after[v] = true
		}
	}
	for _, v := range after {
		delete(l.before, v)
	}
	return l
}

// family is the values of both versions that are alike in some way.
type family struct{ before, after []value }

// pair joins values that are alike: those that are alone in both versions, and of
// larger families those of the same path where none came or went. What remains of a
// family with members in both versions is ambiguous and has no origin.
func (l *lineage) pair(likeness func(value) value) {
	families := map[value]*family{}
	of := func(v value) *family {
		key := likeness(v)
		if families[key] == nil {
			families[key] = &family{}
		}
		return families[key]
	}
	for v := range l.before {
		f := of(v)
		f.before = append(f.before, v)
	}
	for v := range l.after {
		f := of(v)
		f.after = append(f.after, v)
	}
	for _, f := range families {
		if len(f.before) > 0 && len(f.after) > 0 {
			l.settle(f)
		}
	}
}

// remark joins a value of which only its marker says what it is to the one at its place
// that had an image's name, or the other way round.
func (l *lineage) remark() {
	before, after := byPath(keys(l.before)), byPath(keys(l.after))
	for path, v := range after {
		if old, ok := before[path]; ok && old.marked() != v.marked() {
			l.settle(&family{[]value{old}, []value{v}})
		}
	}
}

func keys(values map[value]bool) []value { return slices.Collect(maps.Keys(values)) }

func (l *lineage) settle(f *family) {
	for _, v := range f.before {
		delete(l.before, v)
	}
	for _, v := range f.after {
		delete(l.after, v)
		l.origins[v] = origin{}
	}
	if len(f.before) != len(f.after) {
		return
	}
	if len(f.before) == 1 {
		l.origins[f.after[0]] = origin{f.before[0], true}
		return
	}
	before, after := byPath(f.before), byPath(f.after)
	for path, v := range after {
		if old, ok := before[path]; ok {
			l.origins[v] = origin{old, true}
		}
	}
}

// byPath leaves out paths that a file has twice, as with a key that it repeats.
func byPath(values []value) map[string]value {
	found, twice := map[string]value{}, map[string]bool{}
	for _, v := range values {
		_, known := found[v.path]
		twice[v.path] = twice[v.path] || known
		found[v.path] = v
	}
	for path, repeated := range twice {
		if repeated {
			delete(found, path)
		}
	}
	return found
}
