package bot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// Assignment is one IMAGE=TAG[@DIGEST], or NAMESPACE:NAME=IMAGE:TAG[@DIGEST].
type Assignment struct {
	Text        string
	Marker      *edit.Marker // set in the second form
	Image       string
	Tag, Digest string
}

// ParseAssignment reads one assignment. The left side names a marker's policy when
// it has a colon and no slash, since an image with a port has a slash as well.
func ParseAssignment(text string) (Assignment, error) {
	left, right, ok := strings.Cut(text, "=")
	if !ok || left == "" || right == "" {
		return Assignment{}, fmt.Errorf("%q isn't IMAGE=TAG[@DIGEST]", text)
	}
	a := Assignment{Text: text}
	rest, digest, pinned := strings.Cut(right, "@")
	a.Digest = digest
	if namespace, policyName, marked := strings.Cut(left, ":"); marked && !strings.Contains(left, "/") {
		colon := strings.LastIndex(rest, ":")
		if colon < 0 || strings.Contains(rest[colon:], "/") {
			return Assignment{}, fmt.Errorf("%q isn't NAMESPACE:NAME=IMAGE:TAG[@DIGEST]: the image has no tag", text)
		}
		a.Marker = &edit.Marker{Namespace: namespace, Name: policyName}
		a.Image, a.Tag = rest[:colon], rest[colon+1:]
	} else {
		a.Image, a.Tag = left, rest
	}
	if _, err := name.NewTag(a.Image+":"+a.Tag, name.WithDefaultRegistry("")); err != nil || a.Tag == "" {
		return Assignment{}, fmt.Errorf("%q: %q isn't an image and %q a tag: %w", text, a.Image, a.Tag, orInvalid(err))
	}
	if pinned {
		if _, err := name.NewDigest("x@"+digest, name.WithDefaultRegistry("")); err != nil {
			return Assignment{}, fmt.Errorf("%q: the digest: %w", text, err)
		}
	}
	return a, nil
}

func orInvalid(err error) error {
	if err == nil {
		return errors.New("it is empty")
	}
	return err
}

// key names what the assignment sets: an image by its canonical name, or a marker's policy.
func (a Assignment) key() string {
	if a.Marker != nil {
		return markerKey(*a.Marker)
	}
	return edit.CanonicalImage(a.Image)
}

// markerKey is that of no image.
func markerKey(m edit.Marker) string { return m.Namespace + "\x00" + m.Name }

func (a Assignment) change(r edit.Reference) edit.Change {
	c := edit.Change{Reference: r, Tag: a.Tag, Digest: a.Digest}
	if a.Marker != nil && !edit.SameImage(r.Image, a.Image) {
		c.Image = a.Image
	}
	return c
}
