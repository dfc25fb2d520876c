// Package markup writes text from outside into the Markdown of pull requests and issues,
// so that it is readable and does nothing: no links come of it, nothing is loaded, nobody
// is notified, and no issue, commit or ticket is referred to or closed. That holds on the
// forge's page, and for the text below it, which ends up in commit messages and in the
// hands of other bots. It is pure, and knows no forge.
//
// Forges differ in their Markdown and in what they link. So nothing is left to it: all
// but letters, digits and a few harmless marks become character references, and the marks
// that begin a mention or a reference, which forges find after these are resolved, are
// followed by a zero-width non-joiner.
//
// Markdown from outside, as release notes are, is parsed, and what is known to be harmless
// is written anew as a line of HTML of few elements, without attributes. A forge takes
// such a line as it is, up to the next empty line, and no dialect is asked what it means.
package markup

import (
	"strings"
	"unicode"
)

// maxCode bounds a value that is shown as code, in bytes.
const maxCode = 300

// maxRatio bounds what is read for each byte that may be shown: nobody has that many
// blanks in one place, and somebody may have a gigabyte of words.
const maxRatio = 16

// Code shows a value as it is, up to 300 bytes of it; "–" for an empty one. It may stand
// in a table's cell.
func Code(value string) string {
	value = OneLine(value, maxCode)
	if value == "" {
		return "–"
	}
	return code(value)
}

// Prose shows text as text, on one line and up to limit bytes of it before it is escaped.
// Addresses and names of commits become code, in which forges look for nothing. It must
// not begin a line of Markdown, where "1. " would begin a list.
func Prose(value string, limit int) string { return Proser()(value, limit) }

// Proser gives Prose for use on many texts: what it stands on is made once.
func Proser() func(value string, limit int) string {
	tokens := tokens()
	return func(value string, limit int) string { return prose(tokens, OneLine(value, limit)) }
}

// OneLine makes a value fit for one line of at most limit bytes: control and invisible
// formatting characters become blanks. It escapes nothing.
func OneLine(value string, limit int) string {
	value = value[:min(len(value), limit*maxRatio)]
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(value, "?"))
	value = strings.Join(strings.Fields(value), " ")
	if len(value) > limit {
		value = strings.ToValidUTF8(value[:limit-len("…")], "") + "…"
	}
	return value
}
