package edit

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Rewrite returns the file with the changes made, and the edits in the order of
// the file. All bytes outside the edits' ranges are those of the file. Where a
// change can't be made safely the error is a *RefusedError and data is nil; the
// File itself never changes, so that the other changes can be tried without it.
func (f *File) Rewrite(changes []Change) (data []byte, edits []Edit, err error) {
	wants, inner, err := f.planAll(changes)
	if err != nil {
		return nil, nil, err
	}
	scalars, err := f.gather(wants)
	if err != nil {
		return nil, nil, err
	}
	if edits, err = f.edits(scalars); err != nil {
		return nil, nil, err
	}
	within, err := f.rewriteEmbedded(inner, scalars)
	if err != nil {
		return nil, nil, err
	}
	if edits = append(edits, within...); len(edits) == 0 {
		return slices.Clone(f.src.data), nil, nil
	}
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	data, err = f.splice(edits)
	if err != nil {
		return nil, nil, err
	}
	if err := f.verify(data, edits, scalars); err != nil {
		return nil, nil, err
	}
	return data, edits, nil
}

// planAll works out what the changes ask of the file's scalars, and sorts out the
// changes within embedded texts.
func (f *File) planAll(changes []Change) (wants []want, inner map[*embedded][]Change, err error) {
	for _, c := range changes {
		i := c.Reference.Index
		if i < 0 || i >= len(f.entries) || f.entries[i].ref.Path != c.Reference.Path {
			return nil, nil, f.refusal(c.Reference, "the reference isn't one of this file")
		}
		if ref := f.entries[i].ref; ref.Tag != c.Reference.Tag || ref.Digest != c.Reference.Digest {
			return nil, nil, f.refusal(c.Reference, "another version stands there by now")
		}
		if e := f.entries[i]; e.in != nil {
			if inner == nil {
				inner = map[*embedded][]Change{}
			}
			c.Reference = e.in.file.entries[e.inner].ref
			inner[e.in] = append(inner[e.in], c)
			continue
		}
		w, err := f.plan(f.entries[i], c)
		if err != nil {
			return nil, nil, err
		}
		wants = append(wants, w...)
	}
	return wants, inner, nil
}

// edits works out all edits, in the order of the file.
func (f *File) edits(scalars map[*yaml.Node]want) ([]Edit, error) {
	nodes := slices.SortedFunc(maps.Keys(scalars), func(a, b *yaml.Node) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	edits := make([]Edit, 0, len(nodes))
	for _, n := range nodes {
		e, err := f.edit(n, scalars[n])
		if err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// edit works out the byte range and the new bytes of one scalar.
func (f *File) edit(n *yaml.Node, w want) (Edit, error) {
	if f.held[n] {
		return Edit{}, f.refusalAt(w.site, "an action of the template is part of the value")
	}
	sp, ok := f.src.find(n)
	if !ok {
		return Edit{}, f.refusalAt(w.site, oddPlace)
	}
	if sp.odd != "" {
		return Edit{}, f.refusalAt(w.site, sp.odd)
	}
	text := w.text
	if n.Style == 0 && needsQuotes(n.Value, text, w.form) {
		text = `"` + text + `"`
	}
	line, column := f.src.position(sp.from)
	return Edit{
		File: f.name, Path: w.site.path, Line: line, Column: column,
		Start: sp.from, End: sp.to, Old: string(f.src.data[sp.from:sp.to]), New: text,
		Image: w.image, From: w.from, To: w.to,
	}, nil
}

// splice puts the new texts in. The edits are in order; two that touch each
// other would mean that a place was misread.
func (f *File) splice(edits []Edit) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(f.src.data) + 64*len(edits))
	done := 0
	for _, e := range edits {
		if e.Start < done {
			return nil, &RefusedError{File: f.name, Line: e.Line, Column: e.Column, Path: e.Path,
				Reason: fmt.Sprintf("it overlaps the edit before it, which ends at byte %d", done)}
		}
		out.Write(f.src.data[done:e.Start])
		out.WriteString(e.New)
		done = e.End
	}
	out.Write(f.src.data[done:])
	return out.Bytes(), nil
}
