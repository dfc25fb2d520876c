package edit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// FuzzTemplate reads YAML as the body of a template. What the lines alone say is
// less than what a parser knows, but it must never be something else: each
// reference of the template is one of the YAML's, and becomes the same bytes.
func FuzzTemplate(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.before)
	}
	f.Add([]byte("a: |\n  image: a:1\nimage: a:2\n"))
	f.Add([]byte("a: \"x\nimage: a:1\"\n- b: 'c\n\n  image: a:1'"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Contains(body, []byte("{{")) || bytes.Contains(body, []byte("}}")) {
			return
		}
		plain, problems := edit.Parse("f.yaml", body)
		if len(problems) > 0 {
			return // nobody knows what is right
		}
		const head, tail = "{{- if x }}\n", "\n{{- end }}\n"
		text := head + string(body) + tail
		file, problems := edit.Parse("f.yaml", []byte(text))
		if len(problems) == 0 {
			return // it is YAML all the same
		}
		known := map[string]edit.Reference{}
		for _, r := range plain.References() {
			known[fmt.Sprint(r.Line+1, ":", r.Column)] = r
		}
		var changes, plainChanges []edit.Change
		for _, r := range file.References() {
			p, ok := known[fmt.Sprint(r.Line, ":", r.Column)]
			if !ok || p.Image != r.Image || p.Tag != r.Tag || p.Digest != r.Digest || p.Form != r.Form {
				t.Fatalf("%s %s:%s at %d:%d isn't in the YAML (%+v)", r.Path, r.Image, r.Tag, r.Line, r.Column, p)
			}
			changes = append(changes, edit.Change{Reference: r, Image: "b", Tag: "1.10"})
			plainChanges = append(plainChanges, edit.Change{Reference: p, Image: "b", Tag: "1.10"})
		}
		got, _, err := file.Rewrite(changes)
		want, _, plainErr := plain.Rewrite(plainChanges)
		if err != nil || plainErr != nil {
			return
		}
		if diff := cmp.Diff(head+string(want)+tail, string(got)); diff != "" {
			t.Errorf("the template becomes something else than its body (-want +got):\n%s", diff)
		}
	})
}

// FuzzEmbedded reads a file by itself and as a text in a ConfigMap: both must hold
// the same references, and become the same.
func FuzzEmbedded(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.before, uint8(4))
	}
	f.Fuzz(func(t *testing.T, text []byte, indent uint8) {
		alone, problems := edit.Parse("a.yaml", text)
		if len(text) == 0 || len(problems) > 0 || len(alone.References()) == 0 || bytes.ContainsAny(text, "\r\u0085\u2028\u2029\ufeff") {
			return
		}
		wrap := func(text []byte) []byte {
			lead := strings.Repeat(" ", int(indent%9)+1)
			return []byte(fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\ndata: \n a.yaml: |%d+\n", len(lead)) +
				" " + lead + strings.ReplaceAll(string(text), "\n", "\n "+lead))
		}
		file, problems := edit.Parse("manifest.yaml", wrap(text))
		if len(problems) > 0 {
			t.Fatalf("as a text it has problems: %v", problems)
		}
		pick := func(f *edit.File) (changes []edit.Change) {
			for _, r := range f.References() {
				changes = append(changes, edit.Change{Reference: r, Image: "b", Tag: "1.10"})
			}
			return changes
		}
		inner, outer := pick(alone), pick(file)
		if len(inner) != len(outer) {
			t.Fatalf("%d references by itself, %d as a text", len(inner), len(outer))
		}
		for i := range inner {
			in, out := inner[i].Reference, outer[i].Reference
			if out.Path != `data["a.yaml"]|`+in.Path || out.Line != in.Line+4 || out.Column != in.Column+int(indent%9)+2 {
				t.Errorf("%s at %d:%d became %s at %d:%d", in.Path, in.Line, in.Column, out.Path, out.Line, out.Column)
			}
		}
		want, _, err := alone.Rewrite(inner)
		got, _, outerErr := file.Rewrite(outer)
		if (err != nil) != (outerErr != nil) {
			t.Fatalf("refused by itself: %v, as a text: %v", err, outerErr)
		}
		if err == nil && string(wrap(want)) != string(got) {
			t.Errorf("as a text it becomes something else (-want +got):\n%s", cmp.Diff(string(wrap(want)), string(got)))
		}
	})
}
