package edit

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// parts are the values in which an image stands in pieces; nil where there is none.
type parts struct {
	registry, name, tag, digest *site
	image                       string // the name where no value has it
	bare                        bool   // who reads the digest writes its algorithm
	ranges                      bool   // a version of less than three numbers is a range there
}

// parts makes the reference of an image in parts. It returns false where the parts
// don't say which image and which version of it: an empty tag leaves the version to
// somebody else, such as a chart's appVersion.
func (c *collector) parts(form Form, p parts) bool {
	e := entry{registry: given(p.registry), newName: given(p.name), newTag: given(p.tag), digest: given(p.digest), ranges: p.ranges}
	if e.newTag == nil && e.digest == nil {
		return false
	}
	if c.marked(e.newTag) || c.marked(e.digest) {
		return false // the marker says what belongs there
	}
	image, ok := c.joined(p.image, e)
	if !ok {
		return false
	}
	e.ref = Reference{Form: form, Image: image}
	if !c.partTag(&e) || !c.partDigest(&e) {
		return false
	}
	// An empty digest is one that waits to be filled.
	if e.digest == nil && p.digest != nil && p.digest.scalar().Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && !c.marked(p.digest) {
		e.digest, e.bare = p.digest, p.bare
	}
	c.add(e)
	return true
}

// joined returns the image's name.
func (c *collector) joined(image string, e entry) (string, bool) {
	if image != "" {
		return image, true
	}
	if e.newName == nil || e.newName.scalar().Tag != yaml.NodeTagString {
		return "", false
	}
	image = e.newName.scalar().Value
	if e.registry != nil {
		if e.registry.scalar().Tag != yaml.NodeTagString {
			return "", false
		}
		image = strings.TrimSuffix(e.registry.scalar().Value, "/") + "/" + image
	}
	if !validName(image) {
		for _, s := range []*site{e.registry, e.newName} {
			if s != nil {
				c.pass(s)
			}
		}
		return "", false
	}
	return image, true
}

// partTag reads the tag, behind which a digest may stand.
func (c *collector) partTag(e *entry) bool {
	if e.newTag == nil {
		return true
	}
	v := e.newTag.scalar()
	tag, digest, pinned := strings.Cut(v.Value, "@")
	if v.Tag == yaml.NodeTagBool || !validTag(tag) || pinned && (!validDigest(digest) || e.digest != nil) {
		c.pass(e.newTag)
		return false
	}
	e.ref.Tag, e.ref.Digest, e.inTag = tag, digest, pinned
	return true
}

// partDigest reads the digest. Some charts write sha256: themselves, so that a
// value has only what follows it.
func (c *collector) partDigest(e *entry) bool {
	if e.digest == nil {
		return true
	}
	e.ref.Digest = e.digest.scalar().Value
	if len(e.ref.Digest) == 64 && strings.Trim(e.ref.Digest, "0123456789abcdef") == "" {
		e.ref.Digest, e.bare = sha256Prefix+e.ref.Digest, true
	}
	if !validDigest(e.ref.Digest) {
		c.pass(e.digest)
		return false
	}
	return true
}

const sha256Prefix = "sha256:"

// marked tells whether a value has a Flux marker.
func (c *collector) marked(s *site) bool { return s != nil && c.markers[s.scalar()] != nil }

// planParts writes the parts that are there, or the one value. It adds no key.
func planParts(e entry, c Change) ([]want, string) {
	if e.value != nil {
		return planImage(e, c)
	}
	wants, reason := planName(e, c)
	if reason != "" {
		return nil, reason
	}
	n := imageName{tag: e.ref.Tag, digest: e.ref.Digest}
	if c.Tag != "" && e.newTag != nil {
		n.tag = c.Tag
	}
	if e.ranges && looseVersion(n.tag) {
		return nil, fmt.Sprintf("%.200q would be read as a range of versions there", n.tag)
	}
	if e.inTag {
		if c.Digest != "" || n.tag != e.ref.Tag {
			n.digest = c.Digest
		}
		return append(wants, want{site: e.newTag, text: version(n), from: version(imageName{tag: e.ref.Tag, digest: e.ref.Digest}), to: version(n)}), ""
	}
	if e.newTag != nil {
		wants = append(wants, want{site: e.newTag, text: n.tag, from: e.ref.Tag, to: n.tag})
	}
	text, reason := digestText(e, c, n.tag)
	if reason != "" || e.digest == nil {
		return wants, reason
	}
	return append(wants, want{site: e.digest, text: text, from: e.ref.Digest, to: c.Digest}), ""
}

// digestText returns what the digest's own value has to become.
func digestText(e entry, c Change, tag string) (text, reason string) {
	switch {
	case e.digest == nil && c.Digest != "":
		return "", "there is no digest beside the tag to set; add one, digest: " + c.Digest
	case e.digest == nil:
		return "", ""
	case c.Digest != "" && e.bare:
		text, ok := strings.CutPrefix(c.Digest, sha256Prefix)
		if !ok {
			return "", "the digest stands there without its algorithm, which must be sha256"
		}
		return text, ""
	case c.Digest != "":
		return c.Digest, ""
	case e.ref.Digest == "":
		return e.digest.scalar().Value, ""
	case e.newTag == nil && c.Tag != "":
		return "", "a digest without a tag stands there, and the change has no digest"
	case tag != e.ref.Tag:
		return "", "a digest stands beside the tag, and the change has none for the new tag"
	}
	return e.digest.scalar().Value, ""
}

// planName writes the name, and the registry where it has a value of its own.
func planName(e entry, c Change) ([]want, string) {
	if c.Image == "" || SameImage(c.Image, e.ref.Image) {
		return nil, ""
	}
	if e.newName == nil {
		return nil, "the image's name doesn't stand in the file"
	}
	named := want{site: e.newName, text: c.Image, from: e.ref.Image, to: c.Image}
	if e.registry == nil {
		return []want{named}, ""
	}
	host, path := splitHost(c.Image)
	if host == "" {
		host, path = normalise(c.Image)
	}
	named.text = path
	if strings.HasSuffix(e.registry.scalar().Value, "/") {
		host += "/" // which whoever joins the two may rely on
	}
	return []want{{site: e.registry, text: host, from: e.ref.Image, to: c.Image}, named}, ""
}
