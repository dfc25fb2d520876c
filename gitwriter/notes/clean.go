package notes

import (
	"regexp"
	"strings"
	"unicode"
)

// maxMarks is how many combining marks one letter keeps: more are drawn over the lines
// around it.
const maxMarks = 3

// clean cuts text to limit bytes, at a line's end where there is one near, and takes out
// what isn't seen or isn't text: colours of terminals, control characters, and those that
// hide, join or turn around others.
func clean(text string, limit int) (cleaned string, cut bool) {
	if len(text) > limit {
		text, cut = text[:limit], true
		if i := strings.LastIndexByte(text, '\n'); i > limit/2 {
			text = text[:i]
		}
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\r\n", "\n")
	if strings.ContainsRune(text, '\x1b') {
		text = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-_])?`).ReplaceAllString(text, "")
	}
	marks := 0
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || marks > maxMarks || invisible(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text), cut
}

// invisible tells formatting characters, direction's among them, and letters that are
// blank.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || strings.ContainsRune("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", r)
}
