package signature

import (
	"strconv"
	"strings"
	"unicode"
)

// What strangers wrote gets into messages, pull requests and terminals only
// through these two, in runes.
const (
	maxQuoted   = 200
	maxSentence = 300
)

// printable makes one line of at most n runes that is safe on a terminal.
func printable(text string, n int) string {
	var b strings.Builder
	for _, r := range text {
		if n--; n < 0 {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// quote bounds a name and sets it off from the sentence around it.
func quote(name string) string {
	return strconv.Quote(printable(name, maxQuoted))
}

// codeSpan makes a name safe for Markdown: as a code span, which it can't end.
func codeSpan(name string) string {
	return "`" + strings.ReplaceAll(printable(name, maxQuoted), "`", "'") + "`"
}
