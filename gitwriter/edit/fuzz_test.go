package edit_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// FuzzRewrite holds the promises of the package over any bytes: no panic; a
// refusal is a *RefusedError and gives no data; otherwise the bytes outside the
// edits are untouched, the result's references show the new versions, and asking
// again changes nothing more.
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

// FuzzParse looks for references by the bytes alone: every reference's place
// must hold its value, or the alias that it says it is given by.
func FuzzParse(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.file, c.before)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		file, problems := edit.Parse(name, data)
		if !edit.Relevant(data) && len(file.References()) > 0 {
			t.Error("references in data that isn't relevant")
		}
		for _, p := range problems {
			partly := p.Kind == edit.ProblemMarker || p.Kind == edit.ProblemTemplate || strings.HasPrefix(p.Message, "in the text of ")
			if !partly && len(file.References()) > 0 {
				t.Errorf("references in a file that was passed over for %v", p)
			}
		}
		for _, r := range file.References() {
			if r.Anchor == "" {
				continue
			}
			if at := textAt(data, r.Line, r.Column); !strings.HasPrefix(at, "*"+r.Anchor) {
				t.Errorf("%s says *%s stands at %d:%d, where %.40q stands", r.Path, r.Anchor, r.Line, r.Column, at)
			}
		}
	})
}

// textAt returns what stands at a place, by the line ends and columns of YAML 1.1.
func textAt(data []byte, line, column int) string {
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	if line > len(lines) {
		return ""
	}
	runes := []rune(lines[line-1])
	if column > len(runes) {
		return ""
	}
	return string(runes[column-1:])
}

// FuzzUnifiedDiff applies each diff by a small reader of its own and expects the
// new bytes.
func FuzzUnifiedDiff(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.before, []byte(strings.ReplaceAll(string(c.before), "1.25", "1.27.1\n")))
	}
	f.Add([]byte("a\nb"), []byte("b\na"))
	f.Add([]byte("a\n\n\n\nb"), []byte(""))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		// Not nil: that would stand for a file that isn't there.
		before, after = append([]byte{}, before...), append([]byte{}, after...)
		diff := edit.UnifiedDiff("f", before, after)
		if got := applyDiff(t, string(before), diff); got != string(after) {
			t.Errorf("the diff\n%s\nmakes %q of %q, want %q", diff, got, before, after)
		}
	})
}

// applyDiff is strict: every line of context and every removed line must stand
// where the hunk says.
func applyDiff(t *testing.T, old, diff string) string {
	t.Helper()
	if diff == "" {
		return old
	}
	lines := strings.SplitAfter(diff, "\n")
	if len(lines) < 2 || !strings.HasPrefix(lines[0], "--- ") || !strings.HasPrefix(lines[1], "+++ ") {
		return "no header"
	}
	source := strings.SplitAfter(old, "\n")
	var out strings.Builder
	at := 0
	for i := 2; i < len(lines); i++ {
		line := lines[i]
		if line == "" {
			continue
		}
		text := line[1:]
		if i+1 < len(lines) && strings.HasPrefix(lines[i+1], `\ `) {
			text = strings.TrimSuffix(text, "\n")
		}
		switch line[0] {
		case '@':
			from := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("@ -+", r) })[0]
			number, count, hasCount := strings.Cut(from, ",")
			start, err := strconv.Atoi(number)
			if err != nil {
				t.Fatalf("hunk %q: %v", line, err)
			}
			if !hasCount || count != "0" {
				start--
			}
			for ; at < start; at++ {
				out.WriteString(source[at])
			}
		case ' ', '-':
			if at >= len(source) || source[at] != text {
				t.Fatalf("line %d of the old file isn't %q", at+1, text)
			}
			at++
			if line[0] == ' ' {
				out.WriteString(text)
			}
		case '+':
			out.WriteString(text)
		}
	}
	for ; at < len(source); at++ {
		out.WriteString(source[at])
	}
	return out.String()
}
