package edit

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// contextLines is how many unchanged lines stand around a change, as in git.
const contextLines = 3

// UnifiedDiff returns the change of a file as git writes it, with file as its
// slash-separated path below the repository's root: "--- a/FILE", "+++ b/FILE"
// and hunks with three lines of context. Bytes stay as they are, CR among them,
// so that `git apply` turns before into after. A nil slice stands for an absent file.
// Where nothing differs the diff is empty.
func UnifiedDiff(file string, before, after []byte) string {
	if bytes.Equal(before, after) && (before == nil) == (after == nil) {
		return ""
	}
	a, b := splitLines(before), splitLines(after)
	var out strings.Builder
	if before == nil || after == nil {
		out.WriteString("diff --git " + diffName("a/", file, true) + " " + diffName("b/", file, true) + "\n")
	}
	switch {
	case before == nil:
		out.WriteString("new file mode 100644\n")
	case after == nil:
		out.WriteString("deleted file mode 100644\n")
	}
	if len(a) == 0 && len(b) == 0 {
		return out.String()
	}
	from, to := diffName("a/", file, false), diffName("b/", file, false)
	if before == nil {
		from = "/dev/null"
	}
	if after == nil {
		to = "/dev/null"
	}
	out.WriteString("--- " + from + "\n+++ " + to + "\n")
	for _, hunk := range hunks(differences(a, b)) {
		writeHunk(&out, hunk, a, b)
	}
	return out.String()
}

// region replaces lines a0..a1 of the old file by lines b0..b1 of the new.
type region struct{ a0, a1, b0, b1 int }

// differences returns the regions that differ, in order. Files of as many lines
// are compared line by line, which is what an edit of values leaves; others go
// through difflib, without the lines that they begin and end with in common.
func differences(a, b []string) []region {
	var regions []region
	if len(a) == len(b) {
		for i := range a {
			if a[i] == b[i] {
				continue
			}
			if n := len(regions); n > 0 && regions[n-1].a1 == i {
				regions[n-1].a1, regions[n-1].b1 = i+1, i+1
				continue
			}
			regions = append(regions, region{i, i + 1, i, i + 1})
		}
		return regions
	}
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	m := difflib.NewMatcher(a[head:len(a)-tail], b[head:len(b)-tail])
	for _, op := range m.GetOpCodes() {
		if op.Tag != 'e' {
			regions = append(regions, region{head + op.I1, head + op.I2, head + op.J1, head + op.J2})
		}
	}
	return regions
}

// hunks groups the regions whose context would touch.
func hunks(regions []region) [][]region {
	var groups [][]region
	for _, r := range regions {
		if n := len(groups); n > 0 {
			last := groups[n-1]
			if r.a0-last[len(last)-1].a1 <= 2*contextLines {
				groups[n-1] = append(last, r)
				continue
			}
		}
		groups = append(groups, []region{r})
	}
	return groups
}

func writeHunk(out *strings.Builder, hunk []region, a, b []string) {
	first, last := hunk[0], hunk[len(hunk)-1]
	before := min(contextLines, first.a0)
	after := min(contextLines, len(a)-last.a1)
	fmt.Fprintf(out, "@@ -%s +%s @@\n",
		lineRange(first.a0-before, last.a1+after), lineRange(first.b0-before, last.b1+after))
	at := first.a0 - before
	for _, r := range hunk {
		writeLines(out, ' ', a[at:r.a0])
		writeLines(out, '-', a[r.a0:r.a1])
		writeLines(out, '+', b[r.b0:r.b1])
		at = r.a1
	}
	writeLines(out, ' ', a[at:last.a1+after])
}

// lineRange writes a range of lines, which counts from 1 and leaves out a length
// of one; an empty range names the line before it.
func lineRange(from, to int) string {
	switch to - from {
	case 0:
		return strconv.Itoa(from) + ",0"
	case 1:
		return strconv.Itoa(from + 1)
	}
	return strconv.Itoa(from+1) + "," + strconv.Itoa(to-from)
}

func writeLines(out *strings.Builder, sign byte, lines []string) {
	for _, line := range lines {
		out.WriteByte(sign)
		out.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// splitLines cuts data behind each LF, the only line end that git knows.
func splitLines(data []byte) []string {
	lines := strings.SplitAfter(string(data), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// diffName returns a path as git's headers have it: in C quotes when it has
// bytes that would end it or can't be printed, and in --- and +++ lines with a
// tab behind it when it has a space.
func diffName(prefix, file string, gitLine bool) string {
	plain := true
	var quoted strings.Builder
	for i := range len(file) {
		switch c := file[i]; {
		case c == '"' || c == '\\':
			plain = false
			quoted.WriteByte('\\')
			quoted.WriteByte(c)
		case c < ' ' || c == 0x7F:
			plain = false
			fmt.Fprintf(&quoted, "\\%03o", c)
		default:
			quoted.WriteByte(c)
		}
	}
	if !plain {
		return `"` + prefix + quoted.String() + `"`
	}
	if !gitLine && strings.Contains(file, " ") {
		return prefix + file + "\t"
	}
	return prefix + file
}
