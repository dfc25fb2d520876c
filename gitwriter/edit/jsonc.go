package edit

import (
	"bytes"
	"unicode/utf8"
)

// uncommented blanks out the comments of JSON with comments, as in devcontainer.json,
// so that YAML's parser reads it: each character becomes a space, and all that isn't a
// comment keeps its line and column. It returns false where the data isn't JSON but for
// comments and commas, or has none.
func uncommented(data []byte) ([]byte, bool) {
	out := make([]byte, 0, len(data))
	comments, depth := false, 0
	for i := 0; i < len(data); {
		rest := data[i:]
		n := 1
		switch c := data[i]; {
		case i == 0 && bytes.HasPrefix(data, []byte("\ufeff")):
			n = len("\ufeff")
		case c == '/':
			if n = commentLen(rest); n == 0 {
				return nil, false
			}
			comments = true
			out = appendBlank(out, rest[:n])
			i += n
			continue
		case c == '"':
			if n = quotedLen(rest, '"'); n == 0 {
				return nil, false
			}
		case c == '{' || c == '[':
			if bytes.HasPrefix(rest, []byte("{{")) {
				return nil, false // a template
			}
			depth++
		case c == '}' || c == ']':
			depth--
		case isBlank(c) || c == '\n' || c == '\r':
		case depth <= 0 || !jsonByte(c):
			return nil, false
		}
		out = append(out, rest[:n]...)
		i += n
	}
	return out, comments
}

// jsonByte tells whether a byte may stand in JSON outside of strings and brackets.
func jsonByte(c byte) bool {
	return isDigit(c) || bytes.IndexByte([]byte(":,+-.eEtrufalsn"), c) >= 0
}

// commentLen returns the length of the comment at the start of data, 0 where there is none.
func commentLen(data []byte) int {
	switch {
	case bytes.HasPrefix(data, []byte("//")):
		if n := bytes.IndexAny(data, "\r\n"); n >= 0 {
			return n
		}
		return len(data)
	case bytes.HasPrefix(data, []byte("/*")):
		if n := bytes.Index(data[2:], []byte("*/")); n >= 0 {
			return n + 4
		}
	}
	return 0
}

// appendBlank appends a space for each character of a text, and its line breaks as they are.
func appendBlank(out, text []byte) []byte {
	for len(text) > 0 {
		n := breakLen(text)
		if out = append(out, text[:n]...); n == 0 {
			out = append(out, ' ')
			_, n = utf8.DecodeRune(text)
		}
		text = text[n:]
	}
	return out
}
