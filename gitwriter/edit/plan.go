package edit

import (
	"cmp"
	"fmt"
)

// want is what one scalar has to become.
type want struct {
	site     *site
	form     Form
	text     string
	image    string
	from, to string
}

// plan works out the new values of one reference. Values that stay are listed
// too, because they count as asked for where an anchor is shared.
func (f *File) plan(e entry, c Change) ([]want, error) {
	if reason := invalid(c); reason != "" {
		return nil, f.refusal(e.ref, reason)
	}
	var wants []want
	var reason string
	switch e.ref.Form {
	case FormKustomize:
		wants, reason = planEntry(e, c)
	case FormMarker:
		wants, reason = planMarker(e, c)
	case FormChart:
		wants, reason = planChart(e, c)
	default:
		wants, reason = planParts(e, c)
	}
	if reason != "" {
		return nil, f.refusal(e.ref, reason)
	}
	for i := range wants {
		wants[i].form, wants[i].image = e.ref.Form, cmp.Or(e.ref.Image, c.Reference.Image)
	}
	return wants, nil
}

// invalid checks the new parts against the grammar of image references. Nothing
// that passes needs escaping in any YAML style.
func invalid(c Change) string {
	switch {
	case c.Image != "" && !validName(c.Image):
		return fmt.Sprintf("%.200q isn't an image name", c.Image)
	case c.Tag != "" && !validTag(c.Tag):
		return fmt.Sprintf("%.200q isn't a tag", c.Tag)
	case c.Digest != "" && !validDigest(c.Digest):
		return fmt.Sprintf("%.200q isn't a digest", c.Digest)
	}
	return ""
}

// planImage writes a whole image string, name:tag@digest.
func planImage(e entry, c Change) ([]want, string) {
	old := imageName{name: e.ref.Image, tag: e.ref.Tag, digest: e.ref.Digest}
	n := old
	if c.Image != "" && !SameImage(c.Image, old.name) {
		n.name = c.Image
	}
	if n.name == "" {
		return nil, "there is no image to set the tag of, and the change names none"
	}
	if c.Tag != "" {
		n.tag = c.Tag
	}
	switch {
	case c.Digest != "":
		n.digest = c.Digest
	case n.tag != old.tag || n.name != old.name:
		n.digest = "" // it was the old tag's
	}
	if n.tag == "" && n.digest == "" && n.name != old.name {
		return nil, "the change names another image but no tag or digest"
	}
	w := want{site: e.value, text: e.prefix + n.String(), from: version(old), to: version(n)}
	if w.from == w.to {
		w.from, w.to = old.name, n.name
	}
	return []want{w}, ""
}

// version is what a change of an image string is about: tag, tag@digest or digest.
func version(n imageName) string {
	switch {
	case n.tag == "":
		return n.digest
	case n.digest == "":
		return n.tag
	}
	return n.tag + "@" + n.digest
}

// planMarker writes the field that the marker names.
func planMarker(e entry, c Change) ([]want, string) {
	keep := want{site: e.value, text: e.value.scalar().Value}
	old := imageName{tag: e.ref.Tag, digest: e.ref.Digest}
	switch e.ref.Marker.Field {
	case "tag":
		// Only a value that has a digest gets one: the digest may have a marker of its own.
		n := imageName{tag: c.Tag}
		if old.digest != "" {
			n.digest = c.Digest
		}
		if c.Tag == "" || (c.Tag == old.tag && c.Digest == "") {
			return []want{keep}, ""
		}
		return []want{{site: e.value, text: version(n), from: version(old), to: version(n)}}, ""
	case "name":
		if c.Image == "" || SameImage(c.Image, e.ref.Image) {
			return []want{keep}, ""
		}
		return []want{{site: e.value, text: c.Image, from: e.ref.Image, to: c.Image}}, ""
	case "digest":
		if c.Digest == "" {
			return nil, "the marker asks for a digest, and the change has none"
		}
		return []want{{site: e.value, text: c.Digest, from: old.digest, to: c.Digest}}, ""
	}
	return planImage(e, c)
}

// planKustomize writes the values of an entry that are there. It adds no key:
// what an entry doesn't say is for a person to decide.
func planKustomize(e entry, c Change) ([]want, string) {
	var wants []want
	if c.Image != "" && !SameImage(c.Image, e.ref.Image) {
		if e.newName == nil {
			return nil, "the entry has no newName to set"
		}
		wants = append(wants, want{site: e.newName, text: c.Image, from: e.ref.Image, to: c.Image})
	}
	tag := e.ref.Tag
	if c.Tag != "" && e.newTag != nil {
		tag = c.Tag
	}
	if e.newTag != nil {
		wants = append(wants, want{site: e.newTag, text: tag, from: e.ref.Tag, to: tag})
	}
	switch {
	case e.digest == nil && c.Digest != "":
		return nil, "the entry has no digest to set; add one, digest: " + c.Digest
	case e.digest == nil:
	case c.Digest != "":
		wants = append(wants, want{site: e.digest, text: c.Digest, from: e.ref.Digest, to: c.Digest})
	case e.newTag == nil && c.Tag != "":
		return nil, "the entry pins a digest and has no newTag, and the change has no digest"
	case tag != e.ref.Tag:
		return nil, "the entry pins a digest too, and the change has none for the new tag"
	default:
		wants = append(wants, want{site: e.digest, text: e.ref.Digest, from: e.ref.Digest, to: e.ref.Digest})
	}
	return wants, ""
}

// refusal says that a reference can't be changed.
func (f *File) refusal(r Reference, reason string) *RefusedError {
	return &RefusedError{File: f.name, Line: r.Line, Column: r.Column, Path: r.Path, Reason: reason}
}

// refusalAt says that the value of a site can't be changed.
func (f *File) refusalAt(s *site, reason string) *RefusedError {
	return &RefusedError{File: f.name, Line: s.node.Line, Column: s.node.Column, Path: s.path, Reason: reason}
}
