package markup

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
		`(?P<code>\b[a-z][a-z0-9+.\-]*://[^\s<>"]*|www\.[^\s<>"]*|\bCVE-\d+-\d+\b|\b[0-9a-f]{7,}\b)` +
		`|(?P<ticket>\pL[\pN_]*-\d)`)
}

// prose writes text for a line of Markdown or HTML; see Prose.
func prose(tokens *regexp.Regexp, text string) string {
	text, _ = clean(text, len(text))
	text = strings.NewReplacer("\n", " ", "\t", " ").Replace(text)
	var b strings.Builder
	if strings.HasPrefix(text, "/") { // a line that begins so is an order to some bots
		b.WriteString("&#x2f;")
		text = text[1:]
	}
	rest := 0
	for _, m := range tokens.FindAllStringSubmatchIndex(text, -1) {
		writeText(&b, text[rest:m[0]])
		if m[2] >= 0 {
			b.WriteString(code(text[m[0]:m[1]]))
		} else { // between the ticket's letters and its number
			writeText(&b, text[m[0]:m[1]-1])
			b.WriteString("&zwnj;" + text[m[1]-1:m[1]])
		}
		rest = m[1]
	}
	writeText(&b, text[rest:])
	return b.String()
}

const (
	// marks are those that begin a reference to somebody or something on one of the forges.
	marks = "@#!$%~^&*[＠＃"
	// harmless are those that Markdown makes nothing of within a line.
	harmless = " .,;/:-()'\"?=+"
)

// writeText puts a zero-width non-joiner after a mark of marks, or the forge would find
// the reference in the page.
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

// writeRune writes what HTML or Markdown take for their own as entities, by hexadecimal
// number: &#35; would read as a reference to issue 35 where a body is taken for a commit's
// message.
func writeRune(b *strings.Builder, r rune) {
	plain := r >= 0x80 && !strings.ContainsRune(marks, r) || unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(harmless, r)
	if plain {
		b.WriteRune(r)
		return
	}
	fmt.Fprintf(b, "&#x%x;", r)
}

// code shows text in a code element, its lines as they are, for a line of Markdown or
// HTML.
func code(text string) string {
	text, _ = clean(text, len(text))
	var b strings.Builder
	b.WriteString("<code>")
	for i, r := range text {
		switch {
		case r == '/' && i > 0 && text[i-1] == '/', r == '.' && i > 0 && text[i-1]|0x20 == 'w',
			r == '-' && i > 0 && text[i-1]|0x20 == 'h': // no address, no GH-12
			fmt.Fprintf(&b, "&#x%x;", r)
		default:
			writeRune(&b, r)
		}
		if r == '@' && domain(text[i+1:]) {
			b.WriteString("&zwnj;")
		}
	}
	b.WriteString("</code>")
	return b.String()
}

// domain tells whether what follows an @ makes an address of mail, which GitHub links
// even in code of this kind.
func domain(after string) bool {
	end := strings.IndexFunc(after, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
	if end < 0 {
		end = len(after)
	}
	return strings.Contains(after[:end], ".")
}
