package edit

import (
	"bytes"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// part is a run of whole documents of a result, and what stood there before.
type part struct {
	data  []byte
	docs  []*yaml.Node
	lines int // before it
}

// touched returns the documents of the result that edits lie in. A line that
// begins with --- begins a document wherever it stands, so where the file's
// documents are one to each such line, the others are known: they have the same
// bytes as before. Otherwise it is all of the result; so it is where there are
// aliases, which the parser takes across documents.
func (f *File) touched(data []byte, edits []Edit) []part {
	all := []part{{data: data, docs: f.docs}}
	if len(f.docs) < 2 || f.template || len(f.aliases) > 0 || bytes.Contains(f.src.data, []byte("\n%")) {
		return all
	}
	starts := f.documentLines()
	if len(starts) != len(f.docs) {
		return all
	}
	lines := f.src.lines()
	var parts []part
	k, moved := 0, 0
	for i, doc := range f.docs {
		from, to, until := 0, len(f.src.data), len(lines)+1
		if i > 0 {
			from = lines[starts[i]-1]
		}
		if i+1 < len(starts) {
			until = starts[i+1]
			to = lines[until-1]
		}
		if doc.Line < starts[i] && i > 0 || doc.Line >= until {
			return all
		}
		first, before := k, moved
		for ; k < len(edits) && edits[k].Start < to; k++ {
			moved += len(edits[k].New) - (edits[k].End - edits[k].Start)
		}
		if k > first {
			p := part{data: data[from+before : to+moved], docs: f.docs[i : i+1]}
			if i > 0 {
				p.lines = starts[i] - 1
			}
			parts = append(parts, p)
		}
	}
	return parts
}

// documentLines returns the lines on which documents begin: those with ---, and
// the first where something stands before.
func (f *File) documentLines() []int {
	var starts []int
	for i, at := range f.src.lines() {
		rest := f.src.data[at:]
		switch {
		case bytes.HasPrefix(rest, []byte("---")) && (len(rest) == 3 || isBlank(rest[3]) || breakLen(rest[3:]) > 0):
			starts = append(starts, i+1)
		case len(starts) > 0:
		default:
			text := bytes.TrimLeft(rest[:lineEnd(rest, 0)], " \t")
			if len(text) > 0 && text[0] != '#' {
				starts = append(starts, i+1)
			}
		}
	}
	return starts
}
