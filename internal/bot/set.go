package bot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
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

// governs tells whether the assignment sets the reference.
func (a Assignment) governs(r edit.Reference) bool {
	if a.Marker != nil {
		return r.Marker != nil && r.Marker.Namespace == a.Marker.Namespace && r.Marker.Name == a.Marker.Name
	}
	return r.Image != "" && edit.SameImage(r.Image, a.Image)
}

func (a Assignment) change(r edit.Reference) edit.Change {
	c := edit.Change{Reference: r, Tag: a.Tag, Digest: a.Digest}
	if a.Marker != nil && !edit.SameImage(r.Image, a.Image) {
		c.Image = a.Image
	}
	return c
}

// Set rewrites every reference that an assignment governs in the files that in
// admits. It gives the new contents by path, the edits, and what couldn't be done:
// files that are refused, files that can't be read, and assignments that nothing fits.
func (t *Tree) Set(wanted []Assignment, in func(file string) bool) (map[string][]byte, []edit.Edit, policy.Problems) {
	var (
		files    = map[string][]byte{}
		all      []edit.Edit
		problems = append(policy.Problems(nil), t.Problems...)
		used     = make([]bool, len(wanted))
	)
	for _, f := range t.Files {
		var changes []edit.Change
		for _, r := range t.References(f) {
			for i, a := range wanted {
				if in(r.File) && a.governs(r) {
					used[i] = true
					changes = append(changes, a.change(r))
					break
				}
			}
		}
		if len(changes) == 0 {
			continue
		}
		data, edits, err := f.Rewrite(changes)
		if err != nil {
			problems = append(problems, refused(changes[0].Reference, err)...)
			continue
		}
		if len(edits) > 0 {
			files[edits[0].File] = data
			all = append(all, edits...)
		}
	}
	for i, a := range wanted {
		if !used[i] {
			problems = append(problems, policy.Problem{Message: fmt.Sprintf("nothing here fits %s", a.Text), Hint: "see the image's name as the manifests write it"})
		}
	}
	return files, all, problems
}
