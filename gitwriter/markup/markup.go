// Package markup writes text from outside into the Markdown of pull requests and issues,
// so that it shows as text and does nothing: no markup and no links come of it, nobody is
// notified, and no issue is referred to. It is pure, and knows no forge.
//
// Forges differ in their Markdown and in what they link. So nothing is left to it: all
// but letters, digits and a few harmless marks become character references, and the marks
// that begin a mention or a reference, which forges find after these are resolved, are
// followed by a zero-width non-joiner.
package markup

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// maxCode bounds a value that is shown as code, in bytes.
const maxCode = 300

// Code shows a value as it is, up to 300 bytes of it; "–" for an empty one. In an HTML
// code element, with every character escaped that Markdown could take for its own, it
// can't break out of its table cell, and forges link no @name or #number in it.
func Code(value string) string {
	value = OneLine(value, maxCode)
	if value == "" {
		return "–"
	}
	return "<code>" + escape(value) + "</code>"
}

// Prose shows text as text, on one line and up to limit bytes of it before it is escaped.
// It must not begin a line of Markdown, where "1. " would begin a list.
func Prose(value string, limit int) string {
	text := escape(OneLine(value, limit))
	// "GH-12" is GitHub's other way to write "#12".
	text = regexp.MustCompile(`(?i)\b(gh-)(\d)`).ReplaceAllString(text, "$1&zwnj;$2")
	var pairs []string
	for _, mark := range "@#!$%&~^*" { // users, issues, and GitLab's other references
		pairs = append(pairs, fmt.Sprintf("&#%d;", mark), fmt.Sprintf("&#%d;&zwnj;", mark))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// OneLine makes a value fit for one line of at most limit bytes: control and invisible
// formatting characters become blanks. It escapes nothing.
func OneLine(value string, limit int) string {
	value = value[:min(len(value), 16*limit)] // megabytes aren't read for their first words
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

// escape writes everything but letters, digits and a few harmless marks as numeric
// entities, and breaks up what forges make links of.
func escape(value string) string {
	var b strings.Builder
	for _, r := range value {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,;/:-()", r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return regexp.MustCompile(`(?i)(www)\.`).ReplaceAllString(strings.ReplaceAll(b.String(), "://", "&#58;//"), "$1&#46;")
}
