package edit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

const twoImages = "a:\n  image: nginx:1.25\nb:\n  image: nginx:1.24 # {\"$imagepolicy\": \"flux-system:web\"}\n"

func parse(t testing.TB, data string) *edit.File {
	t.Helper()
	file, problems := edit.Parse("f.yaml", []byte(data))
	if len(problems) > 0 {
		t.Fatalf("parsing %q: %v", data, problems)
	}
	return file
}

func TestReferences(t *testing.T) {
	file := parse(t, twoImages)
	want := []edit.Reference{
		{File: "f.yaml", Index: 0, Line: 2, Column: 10, Path: "a.image", Form: edit.FormImage, Image: "nginx", Tag: "1.25"},
		{File: "f.yaml", Index: 1, Line: 4, Column: 10, Path: "b.image", Form: edit.FormMarker, Image: "nginx", Tag: "1.24",
			Marker: &edit.Marker{Namespace: "flux-system", Name: "web"}},
	}
	if diff := cmp.Diff(want, file.References()); diff != "" {
		t.Errorf("References (-want +got):\n%s", diff)
	}
	// What a caller does to its copy is its own affair.
	file.References()[1].Marker.Name = "changed"
	if got := file.References()[1].Marker.Name; got != "web" {
		t.Errorf("a caller's change of a Marker reached the File: %q", got)
	}
}

func TestRewriteSubset(t *testing.T) {
	data := []byte(twoImages)
	file, _ := edit.Parse("f.yaml", data)
	refs := file.References()

	got, edits, err := file.Rewrite([]edit.Change{{Reference: refs[1], Tag: "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(twoImages, "1.24", "2", 1); string(got) != want {
		t.Errorf("Rewrite gave\n%s\nwant\n%s", got, want)
	}
	want := []edit.Edit{{
		File: "f.yaml", Path: "b.image", Line: 4, Column: 10, Start: 35, End: 45,
		Old: "nginx:1.24", New: "nginx:2", Image: "nginx", From: "1.24", To: "2",
	}}
	if diff := cmp.Diff(want, edits); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
	if string(data) != twoImages {
		t.Error("Rewrite changed the caller's data")
	}

	// The File is as it was: the other change alone gives the other edit alone.
	got, edits, err = file.Rewrite([]edit.Change{{Reference: refs[0], Tag: "3"}})
	if err != nil || len(edits) != 1 || string(got) != strings.Replace(twoImages, "1.25", "3", 1) {
		t.Errorf("a second Rewrite gave %q, %v, %v", got, edits, err)
	}
}

func TestRewriteNothing(t *testing.T) {
	data := []byte(twoImages)
	file, _ := edit.Parse("f.yaml", data)
	for name, changes := range map[string][]edit.Change{
		"no changes":    nil,
		"same version":  {{Reference: file.References()[0], Tag: "1.25"}},
		"same spelling": {{Reference: file.References()[0], Image: "docker.io/library/nginx", Tag: "1.25"}},
		"nothing asked": {{Reference: file.References()[0]}},
	} {
		got, edits, err := file.Rewrite(changes)
		if err != nil || len(edits) > 0 || string(got) != twoImages {
			t.Errorf("%s: got %q, %v, %v; want the file as it is", name, got, edits, err)
		}
		if len(got) > 0 && &got[0] == &data[0] {
			t.Errorf("%s: the result shares the caller's memory", name)
		}
	}
}

func TestRewriteRefuses(t *testing.T) {
	file := parse(t, twoImages)
	ref := file.References()[0]
	elsewhere := ref
	elsewhere.Path = "c.image"
	beyond := ref
	beyond.Index = 2
	before := ref
	before.Index = -1
	moved := ref
	moved.Tag = "0.9"
	tests := []struct {
		name    string
		changes []edit.Change
		want    string
	}{
		{"another file's reference", []edit.Change{{Reference: elsewhere, Tag: "1"}}, "isn't one of this file"},
		{"an index too large", []edit.Change{{Reference: beyond, Tag: "1"}}, "isn't one of this file"},
		{"a version that a person moved", []edit.Change{{Reference: moved, Tag: "1"}}, "another version stands there"},
		{"an index too small", []edit.Change{{Reference: before, Tag: "1"}}, "isn't one of this file"},
		{"two versions at once", []edit.Change{{Reference: ref, Tag: "1"}, {Reference: ref, Tag: "2"}}, `asked to become "nginx:1" and "nginx:2"`},
		{"a tag with a break", []edit.Change{{Reference: ref, Tag: "1\nx: y"}}, `"1\nx: y" isn't a tag`},
		{"a tag with a quote", []edit.Change{{Reference: ref, Tag: `1"`}}, "isn't a tag"},
		{"a digest that is none", []edit.Change{{Reference: ref, Tag: "1", Digest: "sha256:0"}}, "isn't a digest"},
		{"an image that is none", []edit.Change{{Reference: ref, Image: "a b", Tag: "1"}}, "isn't an image name"},
		{"an image with a tag", []edit.Change{{Reference: ref, Image: "nginx:1", Tag: "1"}}, "isn't an image name"},
		{"one of two bad", []edit.Change{{Reference: file.References()[1], Tag: "2"}, {Reference: ref, Tag: "-"}}, "isn't a tag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, edits, err := file.Rewrite(tt.changes)
			var refused *edit.RefusedError
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, want a *RefusedError", err)
			}
			if !strings.Contains(refused.Reason, tt.want) || refused.File != "f.yaml" || refused.Line == 0 {
				t.Errorf("refused with %+v, want the reason %q with file and line", refused, tt.want)
			}
			if data != nil || edits != nil {
				t.Errorf("refused, but gave %q and %v", data, edits)
			}
		})
	}
}

// The same change twice is no conflict: two policies may agree.
func TestRewriteSameChangeTwice(t *testing.T) {
	file := parse(t, twoImages)
	c := edit.Change{Reference: file.References()[0], Tag: "2"}
	data, edits, err := file.Rewrite([]edit.Change{c, c})
	if err != nil || len(edits) != 1 || !bytes.Contains(data, []byte("nginx:2")) {
		t.Errorf("got %q, %v, %v; want one edit", data, edits, err)
	}
}

// The verification is the last line of defence: it must notice when a result
// differs from what was meant in any way. The results here are made by hand, as
// a misread place would make them.
func TestVerifyNotices(t *testing.T) {
	const before = "x: &a v\ny: *a\nz: *a\nimage: nginx:1.25 # c\nl: [1, 2]\n"
	file := parse(t, before)
	changes := []edit.Change{{Reference: file.References()[0], Tag: "1.26"}}
	good := strings.Replace(before, "1.25", "1.26", 1)
	if err := edit.Verify(file, []byte(good), changes); err != nil {
		t.Fatalf("the right result was refused: %v", err)
	}
	replace := func(what, by string) string { return strings.Replace(good, what, by, 1) }
	for name, data := range map[string]string{
		"nothing changed":        before,
		"another value":          replace("1.26", "1.27"),
		"value quoted otherwise": replace("nginx:1.26", "'nginx:1.26'"),
		"another scalar too":     replace("[1, 2]", "[1, 3]"),
		"another type":           replace("[1, 2]", "[1, '2']"),
		"another key":            replace("image:", "imagf:"),
		"an anchor renamed":      strings.NewReplacer("&a", "&b", "*a", "*b").Replace(good),
		"an alias resolved":      replace("z: *a", "z:  v"),
		"an element more":        replace("[1, 2]", "[1, 2, 3]"),
		"a line more":            replace("l:", "\nl:"),
		"a blank more":           replace("l: [", "l:  ["),
		"a document more":        good + "---\n",
		"a key more":             good + "m: 1\n",
		"not YAML":               replace("[1, 2]", "[1, 2"),
		"another collection":     replace("[1, 2]", "{1, 2}"),
	} {
		var refused *edit.RefusedError
		if err := edit.Verify(file, []byte(data), changes); !errors.As(err, &refused) {
			t.Errorf("%s: error %v, want a *RefusedError", name, err)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{edit.Problem{File: "f", Message: "m"}, "f: m"},
		{edit.Problem{File: "f", Line: 2, Message: "m"}, "f:2: m"},
		{edit.Problem{File: "f", Line: 2, Column: 3, Message: "m", Hint: "h"}, "f:2:3: m (h)"},
		{&edit.RefusedError{File: "f", Line: 2, Column: 3, Path: "a.image", Reason: "r"}, "f:2:3: a.image: not changed: r"},
		{&edit.RefusedError{File: "f", Reason: "r"}, "f: not changed: r"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}
