package edit_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// templateLines are what FuzzTemplateLines puts together.
func templateLines() []string {
	return []string{
		"image: nginx:1.25", "- image: nginx:1.25", "image: \"nginx:1.25\"", "image: 'nginx:1.25' # why", "- name: web", "repository: nginx", "tag: 1.25", "tag: \"1.25\"",
		"a:", "b:", "- c:", "d: |", "- |", "e: >-", "f: text", "text", "-alpine", "g: \"open", "close\"", "h: 'open", "close'", "i: {", "}", "j: [x,", "k: y]",
		"# comment", "---", "--- |", "...", "- x", "-", "l: &l", "m: !!map", "image: *l", "image: &n nginx:1.25", "",
		"{{- if .x }}", "{{ if .y }}", "{{ if .x -}}", "{{ else }}", "{{- else }}", "{{ else -}}", "{{ end }}", "{{- end }}", "{{ end -}}", "{{- end -}}",
		"{{ .z }}", "{{- .z }}", "{{ .z -}}", "{{/* image: nginx:1.25 */}}", "{{- /* c */ -}}", "{{ $v := 1 }}", "{{- include \"x\" . | nindent 4 }}",
		"{{ if .x }}image: nginx:1.25{{ end }}", "image: nginx:1.25 {{ .z }}", "image: {{ .z }}", "o: {{ .z }}", "p: {{ if .x }}|{{ end }}", "# {{ .z }}", "image: nginx:1.25 # {{ .z -}}",
	}
}

// FuzzTemplateLines makes templates of lines that are likely to be trouble, each of
// which two bytes choose: the line and how far in it stands. Whatever such a
// template renders to, an edit must change the values that it names and no other.
func FuzzTemplateLines(f *testing.F) {
	lines := templateLines()
	for i := range lines {
		f.Add([]byte{36, 0, 8, 0, byte(i), 1, 0, 1, byte(i), 0, 42, 0})
		f.Add([]byte{0, 0, byte(i), 1, 37, 0, byte(i), 0, 0, 0, 42, 0})
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		var b strings.Builder
		b.WriteString("{{ $top := 1 }}\n")
		open := 0 // what isn't well-formed isn't read at all
		for i := 0; i+1 < len(choices) && i < 40; i += 2 {
			line := lines[int(choices[i])%len(lines)]
			switch {
			case strings.Contains(line, " else "), strings.Contains(line, " end ") && !strings.Contains(line, " if "):
				if open == 0 {
					continue
				}
				if strings.Contains(line, " end ") {
					open--
				}
			case strings.Contains(line, " if ") && !strings.Contains(line, " end "):
				open++
			}
			b.WriteString(strings.Repeat("  ", int(choices[i+1]%4)) + line + "\n")
		}
		b.WriteString(strings.Repeat("{{ end }}\n", open))
		text := []byte(b.String())
		file, _ := edit.Parse("f.yaml", text)
		var changes []edit.Change
		for _, r := range file.References() {
			changes = append(changes, edit.Change{Reference: r, Tag: "1.30"})
		}
		after, edits, err := file.Rewrite(changes)
		if err != nil {
			return
		}
		checkUntouched(t, text, after, edits)
		checkReaders(t, text, after, edits)
	})
}
