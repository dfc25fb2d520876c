package edit_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

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
