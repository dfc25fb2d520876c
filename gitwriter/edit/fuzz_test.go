package edit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// FuzzRewrite holds the promises of the package over any bytes: no panic; a
// refusal is a *RefusedError and gives no data; otherwise the bytes outside the
// edits are untouched, the result's references show the new versions, readers
// other than the package's own see the intended values changed and nothing else,
// the diff leads to the result, and asking again changes nothing more. The golden
// files are its seeds, templates and embedded texts among them.
func FuzzRewrite(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.file == "kustomization.yaml", c.before, "1.27.1", uint8(0xFF))
	}
	f.Add(true, []byte("images: [{name: a, newTag: 1, digest: sha256:"+strings.Repeat("0", 64)+"}]"), "1.10", uint8(3))
	f.Add(false, []byte("image: &a\t!!str # x\r\n  'a'\n"), "on", uint8(1))
	f.Add(false, []byte("? {image: a}\n: {? image : a:1}"), "0x1", uint8(2))
	f.Fuzz(func(t *testing.T, kustomization bool, data []byte, tag string, pick uint8) {
		name := "manifest.yaml"
		if kustomization {
			name = "kustomization.yaml"
		}
		before := string(data)
		file, problems := edit.Parse(name, data)
		for _, p := range problems {
			if p.Message == "" || p.Kind == "" || p.File != name {
				t.Errorf("problem without message, kind or file: %+v", p)
			}
		}
		digest := ""
		if pick&1 != 0 {
			digest = "sha256:" + strings.Repeat("2", 64)
		}
		var changes []edit.Change
		for i, r := range file.References() {
			if r.Index != i || r.Path == "" || r.Line < 1 || r.Column < 1 {
				t.Errorf("reference %d has no place: %+v", i, r)
			}
			// pick leaves some out, so that shared anchors are asked for in part.
			if pick&(1<<(1+i%7)) == 0 {
				continue
			}
			c := edit.Change{Reference: r, Tag: tag, Digest: digest}
			if r.Marker != nil {
				c.Image = "ghcr.io/acme/web"
			}
			changes = append(changes, c)
		}
		after, edits, err := file.Rewrite(changes)
		if string(data) != before {
			t.Fatal("Rewrite changed the caller's data")
		}
		if err != nil {
			var refused *edit.RefusedError
			if !errors.As(err, &refused) || after != nil || edits != nil {
				t.Errorf("refused with %v, data %q, edits %v", err, after, edits)
			}
			return
		}
		checkUntouched(t, data, after, edits)
		checkReaders(t, data, after, edits)
		if diff := edit.UnifiedDiff(name, data, after); len(data) > 0 && applyDiff(t, before, diff) != string(after) {
			t.Errorf("the diff doesn't lead to the result:\n%s", diff)
		}
		if len(changes) == 0 {
			return
		}
		checkShown(t, name, after, changes)

		again, _ := edit.Parse(name, after)
		refs := again.References()
		for i := range changes {
			changes[i].Reference = refs[changes[i].Reference.Index]
		}
		if _, edits, err := again.Rewrite(changes); err != nil || len(edits) > 0 {
			t.Errorf("asking again gave %v, %v; want nothing to do", edits, err)
		}
	})
}
