package policy

import "strings"

// words are what tells a prerelease from a variant: the rule of the package
// comment, with the words that a policy adds.
type words struct {
	prerelease, variant []string // lower-case; the word "number" stands for a number
}

// numberWord is how a policy names a suffix that begins with a number.
const numberWord = "number"

// cutSuffix parts what follows a version's numbers into prerelease and variant.
// It is not ok where letters stand right behind the numbers and aren't a known
// word: that is a commit's hash (1e10abc), or no version at all.
func (w *words) cutSuffix(suffix string, parts int) (prerelease, variant string, ok bool) {
	if suffix == "" {
		return "", "", true
	}
	body, joined := suffix, true
	if c := suffix[0]; c == '-' || c == '.' {
		body, joined = suffix[1:], false
	} else if !isLetter(c) {
		return "", suffix, true // an underscore: build metadata, as Helm writes it
	}
	first := body
	if i := strings.IndexByte(body, '-'); i >= 0 {
		first = body[:i]
	}
	if !w.isPrerelease(first) {
		return "", suffix, !joined
	}
	if joined && parts < 2 {
		return "", "", false
	}
	end := len(first)
	for end < len(body) {
		next := body[end+1:]
		if i := strings.IndexByte(next, '-'); i >= 0 {
			next = next[:i]
		}
		if next == "" || !isDigit(next[0]) || !isDotted(next) || !isIdentifiers(next) {
			break
		}
		end += 1 + len(next)
	}
	return body[:end], body[end:], true
}

func isDotted(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) && text[i] != '.' {
			return false
		}
	}
	return true
}

// isPrerelease reports whether the first part of a suffix makes it a
// prerelease: a number, or a known word with a number or nothing behind it.
// Further parts behind a dot may be anything (dev.abc123).
func (w *words) isPrerelease(part string) bool {
	if !isIdentifiers(part) {
		return false
	}
	first := part
	if i := strings.IndexByte(part, '.'); i >= 0 {
		first = part[:i]
	}
	word := strings.TrimRight(first, "0123456789")
	if w != nil {
		for _, named := range w.variant {
			if isWord(word, named) {
				return false
			}
		}
		for _, named := range w.prerelease {
			if isWord(word, named) {
				return true
			}
		}
	}
	return isPrereleaseWord(word, word != first)
}

// isWord compares a suffix's word with one that a policy names.
func isWord(word, named string) bool {
	return word == "" && named == numberWord || strings.EqualFold(word, named)
}

func isPrereleaseWord(word string, numbered bool) bool {
	switch strings.ToLower(word) {
	case "", "alpha", "beta", "rc", "cr", "pre", "preview", "prerelease", "dev", "snapshot", "nightly", "canary",
		"next", "ea", "milestone", "test", "unstable", "experimental", "insiders", "edge":
		return true
	case "a", "b", "c", "m":
		return numbered
	}
	return false
}

// isIdentifiers reports whether the text is a list of prerelease identifiers as
// semantic versioning has them.
func isIdentifiers(text string) bool {
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != '.' {
			if !isDigit(text[i]) && !isLetter(text[i]) {
				return false
			}
			continue
		}
		id := text[start:i]
		if id == "" || len(id) > 1 && id[0] == '0' && isNumber(id) {
			return false
		}
		start = i + 1
	}
	return true
}
