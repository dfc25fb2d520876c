package notes

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// tokens finds what a forge makes a link of: addresses, names of commits, and names of
// tickets.
func tokens() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` +
		`(?P<code>\b[a-z][a-z0-9+.\-]*://[^\s<>"]*|\bwww\.[^\s<>"]*|\bCVE-\d+-\d+\b|\b[0-9a-f]{7,64}\b)` +
		`|(?P<ticket>\pL[\pN_]*-\d)`)
}

// Text writes text for a place where HTML is read, so that it is shown as it is and
// means nothing. Addresses and names of commits become code, in which forges look for
// nothing.
func Text(text string) string { return textWith(tokens(), text) }

func textWith(tokens *regexp.Regexp, text string) string {
	text, _ = clean(text, len(text))
	text = strings.NewReplacer("\n", " ", "\t", " ").Replace(text)
	var b strings.Builder
	rest := 0
	for _, m := range tokens.FindAllStringSubmatchIndex(text, -1) {
		writeText(&b, text[rest:m[0]])
		if m[2] >= 0 {
			b.WriteString(Code(text[m[0]:m[1]]))
		} else { // between the ticket's letters and its number
			writeText(&b, text[m[0]:m[1]-1])
			b.WriteString("&zwnj;" + text[m[1]-1:m[1]])
		}
		rest = m[1]
	}
	writeText(&b, text[rest:])
	return b.String()
}

// marks are those that begin a reference to somebody or something on one of the forges.
const marks = "@#!$%~^&*[＠＃"

// writeText escapes what HTML and Markdown take for their own. After a mark of marks
// stands a zero-width non-joiner, or the forge would find the reference in the page.
func writeText(b *strings.Builder, text string) {
	runes := []rune(text)
	for i, r := range runes {
		next := ' '
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		writeRune(b, r)
		if strings.ContainsRune(marks, r) && (r == '@' || r == '[' || i+1 == len(runes) || !unicode.IsSpace(next)) || r == ':' && next == '/' {
			b.WriteString("&zwnj;")
		}
	}
}

// writeRune writes entities by their hexadecimal number: &#35; would read as a reference
// to issue 35 where a body is taken for a commit's message.
func writeRune(b *strings.Builder, r rune) {
	if strings.ContainsRune("<>&`[]|\\{}", r) || strings.ContainsRune(marks, r) {
		fmt.Fprintf(b, "&#x%x;", r)
		return
	}
	b.WriteRune(r)
}

// Code shows text in a code element, its lines as they are.
func Code(text string) string {
	text, _ = clean(text, len(text))
	var b strings.Builder
	b.WriteString("<code>")
	for i, r := range text {
		switch {
		case r == '\n' || r == '\t':
			fmt.Fprintf(&b, "&#x%x;", r)
		case r == '/' && (i == 0 || text[i-1] == '/'), r == '.' && i > 0 && text[i-1]|0x20 == 'w':
			fmt.Fprintf(&b, "&#x%x;", r) // no address, and no order to a bot at a line's start
		default:
			writeRune(&b, r)
		}
	}
	b.WriteString("</code>")
	return b.String()
}
