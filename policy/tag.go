package policy

// maxTag is the longest tag in bytes, by the OCI distribution specification.
const maxTag = 128

// isTag reports whether the text has a tag's grammar, by the same: a letter,
// digit or underscore, then these with dots and dashes.
func isTag(text string) bool {
	if text == "" || len(text) > maxTag || text[0] == '.' || text[0] == '-' {
		return false
	}
	for i := range len(text) {
		if !isTagByte(text[i]) {
			return false
		}
	}
	return true
}

func isTagByte(c byte) bool {
	return isDigit(c) || isLetter(c) || c == '_' || c == '.' || c == '-'
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func cutDigits(text string) (digits, rest string) {
	end := 0
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return text[:end], text[end:]
}
