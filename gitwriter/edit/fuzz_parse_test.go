package edit_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

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
			partly := p.Kind == edit.ProblemMarker || p.Kind == edit.ProblemTemplate || p.Kind == edit.ProblemEmbedded || strings.HasPrefix(p.Message, "in the text of ")
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
