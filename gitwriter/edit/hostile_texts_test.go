package edit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// Templates, and files in files, are no way around the bounds either.
func TestHostileTexts(t *testing.T) {
	const (
		image     = "image: nginx:1.25\n"
		configMap = "apiVersion: v1\nkind: ConfigMap\ndata:\n"
		file      = "  a.yaml: |\n"
	)
	bomb := "a0: &a0 [x, x]\n"
	for i := 1; i < 40; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	nested := ""
	for range 50 {
		nested = configMap + file + indented(nested+image)
	}
	tests := []struct {
		name    string
		data    string
		kind    edit.ProblemKind // "" where the file is handled
		refs    int
		refused bool
	}{
		{name: "many texts", data: configMap + numbered("  a%d.yaml: |\n    image: nginx:1.25\n"), refs: 20_000},
		{name: "many quoted texts", data: configMap + numbered("  a%d.yaml: \"image: nginx:1.25\"\n"), refs: 20_000},
		{name: "one text of many lines", data: configMap + file + strings.Repeat("    - image: nginx:1.25\n", 20_000), refs: 20_000},
		{name: "texts in texts", data: nested, refs: 3},
		{name: "long key above a text", data: configMap + "  ? " + strings.Repeat("k", 1<<20) + ".yaml\n  : |\n" + strings.Repeat("    - image: nginx:1.25\n", 2_000), kind: edit.ProblemLimit},
		{name: "alias bomb in a text", data: configMap + file + indented(bomb+image), refs: 1},
		{name: "nesting in a text", data: configMap + file + indented(image+"a: "+strings.Repeat("[", 600)+strings.Repeat("]", 600)), kind: edit.ProblemLimit},
		{name: "many uses of a text", data: configMap + "  a.yaml: &a |\n    image: nginx:1.25\n" + numbered("  b%d.yaml: *a\n"), refs: 1, refused: true},
		{name: "a text of itself", data: "apiVersion: v1\nkind: ConfigMap\ndata: &a\n  a.yaml: *a\n" + image, refs: 1},
		{name: "many actions", data: strings.Repeat("{{ if x }}\n", 20_000) + image, kind: edit.ProblemSyntax},
		{name: "nested actions", data: strings.Repeat("{{- if x }}\n", 4000) + image + strings.Repeat("{{- end }}\n", 4000), kind: edit.ProblemTemplate, refs: 1},
		{name: "joined actions", data: strings.Repeat("- "+image+"{{- if x -}}{{- else -}}\n", 3000) + strings.Repeat("{{- end }}", 3000), kind: edit.ProblemTemplate},
		{name: "branches above many actions", data: "{{ if x }}\n" + strings.Repeat("- "+image+"{{ else if x }}\n", 4900) + "{{ end }}\n" + strings.Repeat("{{ if x }}{{ end }}", 2500) + "\n", kind: edit.ProblemTemplate, refs: 104},
		{name: "open action", data: strings.Repeat(image, 10_000) + "{{", kind: edit.ProblemSyntax},
		{name: "template of many lines", data: "{{ x }}\n" + strings.Repeat("- "+image, 20_000), kind: edit.ProblemTemplate, refs: 20_000},
		{name: "template of one key", data: "{{ x }}\n" + strings.Repeat(image, 20_000), kind: edit.ProblemTemplate},
		{name: "template of deep lines", data: "{{ x }}\n" + strings.Repeat("- ", 2000) + image, kind: edit.ProblemTemplate},
		{name: "template of blank lines", data: "{{ x }}\n" + strings.Repeat("- "+image+strings.Repeat("\n", 1000), 1000), kind: edit.ProblemTemplate, refs: 1000},
		{name: "template of a long line", data: "{{ x }}\n" + image + "a: " + strings.Repeat("{{ x }}", 9000) + "\n", kind: edit.ProblemTemplate, refs: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tryHostile(t, tt.data, tt.kind, tt.refs); err != nil != tt.refused {
				t.Errorf("refused: %v, want %v", err, tt.refused)
			}
		})
	}
}

// indented puts a text into a block below a key of ConfigMap.data.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

func numbered(format string) string {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
