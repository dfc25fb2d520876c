package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxPattern bounds a regular expression's text in bytes, and
	// maxPatternSize its size once its repetitions are written out: [a-z]{900}
	// is short to write and long to run, and it runs for every tag.
	maxPattern     = 1000
	maxPatternSize = 2000
	// maxPatterns bounds the sizes of all expressions of a policy together.
	maxPatterns = 5000
)

// A filter passes over tags, and says which part of the others is the version.
type filter struct {
	pattern *regexp.Regexp
	extract string // "" takes the whole tag
}

// value gives what a tag is compared by, and whether the pattern matches.
func (f *filter) value(tag string) (string, bool) {
	match := f.pattern.FindStringSubmatchIndex(tag)
	if match == nil {
		return "", false
	}
	if f.extract == "" {
		return tag, true
	}
	return string(f.pattern.ExpandString(nil, f.extract, tag, match)), true
}

// filter checks a pattern and what is extracted from it.
func (d *decoding) filter(f FilterTags) *filter {
	const path = "spec.filterTags"
	pattern, message, hint := d.compile(f.Pattern)
	if message != "" {
		d.fail(path+".pattern", message, hint)
		return nil
	}
	if d.has(path+".extract") && !d.bad[path+".extract"] {
		if message, hint := checkExtract(f.Extract, pattern); message != "" {
			d.fail(path+".extract", message, hint)
		}
	}
	return &filter{pattern: pattern, extract: f.Extract}
}

// compile makes a regular expression of what a person wrote, or says what is
// wrong with it.
func (d *decoding) compile(pattern string) (re *regexp.Regexp, message, hint string) {
	if pattern == "" {
		return nil, "the pattern is empty", ""
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Sprintf("the pattern has more than %d bytes", maxPattern), ""
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil {
		size := patternSize(tree)
		if size > maxPatternSize {
			return nil, quote(pattern) + " repeats too much", "tags have 128 characters at most; use smaller numbers of repetitions"
		}
		if d.patterns += size; d.patterns > maxPatterns {
			return nil, "the regular expressions of the policy are too large together", ""
		}
		re, err = regexp.Compile(pattern)
	}
	if err != nil {
		return nil, fmt.Sprintf("%s is not a regular expression: %s", quote(pattern), patternError(err)), patternHint(err)
	}
	return re, "", ""
}

func patternError(err error) string {
	var wrong *syntax.Error
	if !errors.As(err, &wrong) {
		return shorten(err.Error())
	}
	return fmt.Sprintf("%s: %s", wrong.Code, quote(wrong.Expr))
}

func patternHint(err error) string {
	const syntaxPage = "the syntax is that of https://golang.org/s/re2syntax"
	var wrong *syntax.Error
	if !errors.As(err, &wrong) {
		return syntaxPage
	}
	switch wrong.Code {
	case syntax.ErrInvalidPerlOp:
		return "there is no looking ahead or behind; name what isn't wanted in spec.exclude"
	case syntax.ErrMissingParen:
		return `close each "(", or write "\(" for the character`
	case syntax.ErrUnexpectedParen:
		return `open each ")", or write "\)" for the character`
	case syntax.ErrMissingBracket:
		return `close each "[", or write "\[" for the character`
	case syntax.ErrMissingRepeatArgument:
		return `a "*", "+" or "?" stands for nothing here; ".*" is any text`
	}
	return syntaxPage
}

// patternSize counts the nodes of an expression, its repetitions written out.
// It stops counting soon after the limit, so that it can't overflow.
func patternSize(tree *syntax.Regexp) int {
	size := 1
	for _, sub := range tree.Sub {
		size += patternSize(sub)
	}
	if tree.Op == syntax.OpRepeat {
		size *= max(tree.Min, tree.Max, 1)
	}
	return min(size, maxPatternSize+1)
}

// checkExtract says what is wrong with an extract: a group that the pattern
// doesn't have expands to nothing, and would silently make all tags alike.
func checkExtract(extract string, pattern *regexp.Regexp) (message, hint string) {
	if len(extract) > maxPattern {
		return fmt.Sprintf("has more than %d bytes", maxPattern), ""
	}
	groups := groupNames(pattern)
	found := 0
	for rest := extract; ; {
		_, after, ok := strings.Cut(rest, "$")
		if !ok {
			break
		}
		if literal, escaped := strings.CutPrefix(after, "$"); escaped {
			rest = literal
			continue
		}
		name, tail, ok := reference(after)
		if !ok {
			return quote(extract) + " has a $ without a name", `write $name, ${name} or $1; "$$" is the character`
		}
		if n, err := strconv.Atoi(name); err == nil && n <= pattern.NumSubexp() || err != nil && slices.Contains(groups, name) {
			found++
			rest = tail
			continue
		}
		if len(name) > 1 && after[0] != '{' && slices.ContainsFunc(groups, func(g string) bool { return strings.HasPrefix(name, g) }) {
			return fmt.Sprintf("the pattern has no group %s", quote(name)), "put the name in braces, so that it ends where it should: ${name}"
		}
		return fmt.Sprintf("the pattern has no group %s", quote(name)), groupHint(name, groups, pattern.NumSubexp())
	}
	if found == 0 {
		return quote(extract) + " gives the same value for every tag", "name a group of the pattern: $name or $1"
	}
	return "", ""
}

// reference reads the name behind a $: as many letters, digits and underscores
// as there are, or what stands in braces, just as [regexp.Regexp.Expand] does.
func reference(text string) (name, rest string, ok bool) {
	isWord := func(c byte) bool {
		return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	braced := strings.HasPrefix(text, "{")
	text = strings.TrimPrefix(text, "{")
	end := 0
	for end < len(text) && isWord(text[end]) {
		end++
	}
	name, rest = text[:end], text[end:]
	if braced {
		rest, ok = strings.CutPrefix(rest, "}")
		return name, rest, ok && name != ""
	}
	return name, rest, name != ""
}

func groupNames(pattern *regexp.Regexp) []string {
	return slices.DeleteFunc(slices.Clone(pattern.SubexpNames()), func(name string) bool { return name == "" })
}

func groupHint(name string, named []string, count int) string {
	switch {
	case count == 0:
		return "put the version's part of the pattern into a group: (?P<version>…)"
	case len(named) == 0:
		return fmt.Sprintf("its groups have no names; use a number up to %d", count)
	}
	return didYouMean(name, named)
}
