package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A token is one part of a tag that isn't a version as a whole.
type token struct {
	sort tokenSort
	text string
}

type tokenSort int

const (
	separatorToken tokenSort = iota
	wordToken
	stampToken   // a time: 2026-01-01T00-00-00Z
	versionToken // 1.2, v1.2.3
	numberToken
	hashToken // a commit, perhaps with git describe's g before it
)

// hashes is what matches abbreviated commits; how long they are changes as a
// repository grows.
const (
	hashes   = `[0-9a-f]{7,12}`
	longHash = 12
)

// inferPattern finds the part of a tag that tells its place in time: a time, a
// long number, a version, a number, or a commit. The other parts stay as they are.
func inferPattern(tags []string) (Suggestion, bool) {
	tokens := tokenise(tags[0])
	at, ok := leading(tokens)
	if !ok {
		return Suggestion{}, false
	}
	name := map[tokenSort]string{stampToken: "time", versionToken: "version", numberToken: "number"}[tokens[at].sort]
	f := &FilterTags{Pattern: patternOf(tokens, at, name)}
	if name == "" {
		return Suggestion{
			Kind: "newest", Policy: Kinds{Newest: &Newest{}}, FilterTags: f,
			Reason: fmt.Sprintf("%s %s nothing to order by but a commit, so the image that was created last is taken", listed(tags), plural(tags, "holds", "hold")),
		}, true
	}
	f.Extract = "$" + name
	s, ok := byExtract(tags, name, f)
	s.FilterTags = f
	return s, ok
}

// byExtract suggests the kind that orders what the filter extracts.
func byExtract(tags []string, name string, f *FilterTags) (Suggestion, bool) {
	switch name {
	case "time":
		return Suggestion{
			Kind: "alphabetical", Policy: Kinds{Alphabetical: &Alphabetical{Order: OrderAsc}},
			Reason: fmt.Sprintf("%s %s a time that sorts as text, and the last is taken", listed(tags), plural(tags, "holds", "hold")),
		}, true
	case "number":
		return Suggestion{
			Kind: "numerical", Policy: Kinds{Numerical: &Numerical{Order: OrderAsc}},
			Reason: fmt.Sprintf("%s %s a number, and the highest is taken", listed(tags), plural(tags, "holds", "hold")),
		}, true
	}
	pattern, err := regexp.Compile(f.Pattern)
	if err != nil {
		return Suggestion{}, false
	}
	values := make([]string, 0, len(tags))
	for _, tag := range tags {
		match := pattern.FindStringSubmatch(tag)
		if match == nil {
			return Suggestion{}, false
		}
		values = append(values, match[pattern.SubexpIndex(name)])
	}
	if s, ok := inferCalver(values); ok {
		return s, true
	}
	return inferSemver(values)
}

// leading gives the token by which tags are to be ordered.
func leading(tokens []token) (int, bool) {
	places := map[tokenSort][]int{}
	for i, t := range tokens {
		places[t.sort] = append(places[t.sort], i)
	}
	numbers, versions := places[numberToken], places[versionToken]
	long := slices.MaxFunc(append([]int{-1}, numbers...), func(a, b int) int {
		return cmp.Compare(lengthOf(tokens, a), lengthOf(tokens, b))
	})
	switch {
	case len(places[stampToken]) > 0:
		return places[stampToken][0], true
	case lengthOf(tokens, long) >= 8:
		return long, true
	case len(versions) == 1 && len(numbers) == 0 && strings.Count(tokens[versions[0]].text, ".") < 3:
		return versions[0], true
	case len(numbers) == 1 && len(versions) == 0:
		return numbers[0], true
	case len(places[hashToken]) > 0:
		return places[hashToken][0], true
	}
	return 0, false
}

func lengthOf(tokens []token, i int) int {
	if i < 0 {
		return 0
	}
	return len(tokens[i].text)
}

// patternOf writes the pattern that finds tags like this one, with a group of the
// name for the leading token, where it has one.
func patternOf(tokens []token, leading int, name string) string {
	digits := regexp.MustCompile(`[0-9]+`)
	var b strings.Builder
	b.WriteByte('^')
	for i, t := range tokens {
		before, text := t.pattern()
		switch {
		case i == leading && name != "":
			text = "(?P<" + name + ">" + text + ")"
		case t.sort == numberToken && (len(t.text) == 7 || len(t.text) == 40):
			text = commits(len(t.text)) // A commit may have nothing but digits.
		case i > leading && t.sort == wordToken:
			text = digits.ReplaceAllString(text, `\d+`) // As in variants, only the words count.
		}
		b.WriteString(before + text)
	}
	b.WriteByte('$')
	return b.String()
}

// pattern gives what matches the token's like, and the letter before its value.
func (t token) pattern() (before, text string) {
	digits := regexp.MustCompile(`[0-9]+`)
	rest := strings.TrimLeft(t.text, "vg")
	before = t.text[:len(t.text)-len(rest)]
	switch t.sort {
	case stampToken:
		return "", digits.ReplaceAllStringFunc(regexp.QuoteMeta(t.text), func(run string) string { return fmt.Sprintf(`\d{%d}`, len(run)) })
	case versionToken:
		return before, digits.ReplaceAllString(regexp.QuoteMeta(rest), `\d+`)
	case numberToken:
		return "", `\d+`
	case hashToken:
		return before, commits(len(rest))
	}
	return "", regexp.QuoteMeta(t.text)
}

func commits(length int) string {
	if length > longHash {
		return fmt.Sprintf(`[0-9a-f]{%d}`, length)
	}
	return hashes
}

// tokenise takes a tag apart at its dots, dashes and underscores. Its parts put
// together are the tag again.
func tokenise(tag string) []token {
	stamp := regexp.MustCompile(`^(?:\d{4}-\d{2}-\d{2}(?:[T_-]\d{2}[-.]?\d{2}(?:[-.]?\d{2})?Z?)?|\d{8}T\d{4}(?:\d{2})?Z?)`)
	dotted := regexp.MustCompile(`^v?\d+(?:\.\d+){1,3}`)
	ends := func(n int) bool { return n > 0 && (n == len(tag) || isSeparator(tag[n])) }
	var tokens []token
	for tag != "" {
		n, sort := 1, separatorToken
		if !isSeparator(tag[0]) {
			switch s, v := len(stamp.FindString(tag)), len(dotted.FindString(tag)); {
			case ends(s):
				n, sort = s, stampToken
			case ends(v):
				n, sort = v, versionToken
			default:
				if n = strings.IndexAny(tag, "._-"); n < 0 {
					n = len(tag)
				}
				sort = sortOf(tag[:n])
			}
		}
		tokens = append(tokens, token{sort, tag[:n]})
		tag = tag[n:]
	}
	return tokens
}

func isSeparator(c byte) bool { return c == '.' || c == '_' || c == '-' }

func sortOf(part string) tokenSort {
	switch {
	case isNumber(part):
		return numberToken
	case isHash(part):
		return hashToken
	}
	return wordToken
}

// isHash tells an abbreviated or whole commit from a word: at least seven
// hexadecimal digits, with letters and decimals among them.
func isHash(part string) bool {
	part = strings.TrimPrefix(part, "g")
	return len(part) >= 7 && len(part) <= 64 && strings.Trim(part, "0123456789abcdef") == "" &&
		strings.ContainsAny(part, "0123456789") && strings.ContainsAny(part, "abcdef")
}

// hasHash reports whether a suffix holds a commit.
func hasHash(suffix string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(suffix, func(r rune) bool { return strings.ContainsRune("._-", r) }), isHash)
}
