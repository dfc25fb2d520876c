package edit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// FuzzFind holds what the finder promises over any bytes: no panic; the same answer
// each time; nothing in files that aren't relevant; a place that holds the value; the
// same references whatever the line ends; and after a change of every tag the same
// references again, with the new tag.
func FuzzFind(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.file, c.before)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		var finder edit.Finder
		found := finder.Find(name, data)
		if diff := cmp.Diff(found, finder.Find(name, bytes.Clone(data))); diff != "" {
			t.Errorf("asked again (-first +second):\n%s", diff)
		}
		for _, r := range found.References {
			checkPlace(t, data, r)
		}
		checkIrrelevant(t, name, data)
		checkLineEnds(t, name, data, found)
		checkChanged(t, name, data, found)
	})
}

// checkPlace looks for a reference's text at its place.
func checkPlace(t *testing.T, data []byte, r edit.Reference) {
	t.Helper()
	at := textAt(data, r.Line, r.Column)
	if r.Anchor != "" || r.Form == edit.FormMarker || strings.Contains(r.Path, "|") {
		return // FuzzParse knows anchors; behind a marker, anything may stand
	}
	if at == "" || strings.ContainsAny(at[:1], "&!|>") {
		return // the value stands behind its properties, perhaps on another line
	}
	quoted := at[0] == '"'
	at = strings.TrimLeft(at, `"'`)
	if quoted && strings.Contains(at, `\`) {
		return
	}
	text := r.Tag
	switch whole := r.Form == edit.FormImage || r.Form == edit.FormPatch; {
	case whole:
		text = r.Image
	case r.Form == edit.FormChart:
		text = strings.ReplaceAll(r.Tag, "_", "+")
	case r.Tag == "":
		text = strings.TrimPrefix(r.Digest, "sha256:")
		at = strings.TrimPrefix(at, "sha256:")
	}
	for _, before := range []string{"oci://", "docker://", r.Image + ":"} {
		if r.Form == edit.FormField || r.Form == edit.FormKustomize {
			at = strings.TrimPrefix(at, before)
		}
	}
	if name, image, ok := strings.Cut(at, "="); ok && r.Form == edit.FormKustomize && !strings.ContainsAny(name, " \t") {
		at = strings.TrimPrefix(image, r.Image+":")
	}
	if !strings.HasPrefix(at, text) && !strings.HasPrefix(at, r.Image) {
		t.Errorf("%s %s: at %d:%d stands %.60q, want %q", r.Form, r.Path, r.Line, r.Column, at, text)
	}
}

// checkIrrelevant gives the finder a reason to look into a file that isn't relevant.
// Only a key that is written with escapes may escape Relevant.
func checkIrrelevant(t *testing.T, name string, data []byte) {
	t.Helper()
	if edit.Relevant(data) || bytes.ContainsAny(data, "\\\ufeff") {
		return
	}
	file, _ := edit.Parse(name, append([]byte("# image\n"), data...))
	if refs := file.References(); len(refs) > 0 || len(file.Sources()) > 0 {
		t.Errorf("data that isn't relevant holds %+v, %+v", refs, file.Sources())
	}
}

func samePlaces() cmp.Option {
	return cmpopts.IgnoreFields(edit.Reference{}, "Line", "Column")
}

func checkLineEnds(t *testing.T, name string, data []byte, found edit.Found) {
	t.Helper()
	if bytes.ContainsAny(data, "\r\u0085\u2028\u2029") || len(found.Problems) > 0 {
		return
	}
	crlf := edit.Finder{}.Find(name, bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
	if diff := cmp.Diff(found.References, crlf.References, samePlaces(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("with CRLF other references are found (-LF +CRLF):\n%s", diff)
	}
}

func checkChanged(t *testing.T, name string, data []byte, found edit.Found) {
	t.Helper()
	if bytes.ContainsRune(data, '&') && bytes.Contains(data, []byte("$imagepolicy")) {
		return // a marker on an anchor changes whatever else uses it
	}
	const tag = "9.8.7"
	digest := "sha256:" + strings.Repeat("e", 64)
	var changes []edit.Change
	var want []edit.Reference
	file, _ := edit.Parse(name, data)
	for _, r := range found.References {
		c := edit.Change{Reference: r, Tag: tag}
		if r.Digest != "" || r.Marker != nil && r.Marker.Field == "digest" {
			c.Digest = digest
		}
		if r.Marker != nil && r.Image == "" {
			c.Image = "acme/web"
		}
		if _, _, err := file.Rewrite([]edit.Change{c}); err == nil {
			changes = append(changes, c)
			r = changed(r, c)
		}
		want = append(want, r)
	}
	after, _, err := file.Rewrite(changes)
	if err != nil {
		return // two changes of one value
	}
	got := edit.Finder{}.Find(name, after)
	if diff := cmp.Diff(want, got.References, samePlaces(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("after the change (-want +got):\n%s\nin %q", diff, after)
	}
	if diff := cmp.Diff(found.Sources, got.Sources, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("sources after the change (-want +got):\n%s", diff)
	}
}

// changed is what a reference must be after a change.
func changed(r edit.Reference, c edit.Change) edit.Reference {
	// An element of Argo CD's list of images is a whole image; an entry of kustomize isn't.
	element := r.Form == edit.FormKustomize && strings.HasSuffix(r.Path, "]")
	whole := r.Form == edit.FormImage || r.Form == edit.FormPatch || element || r.Tag != ""
	digest := r.Digest != ""
	if r.Marker != nil {
		field := r.Marker.Field
		whole, digest = field == "" || field == "tag", digest || field == "digest"
		if r.Image == "" && (field == "" || field == "name") {
			r.Image = c.Image
		}
	}
	if whole || r.Form == edit.FormField && r.Digest == "" {
		r.Tag = c.Tag
	}
	if digest {
		r.Digest = c.Digest
	}
	return r
}
