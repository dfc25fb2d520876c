package policy

import (
	"errors"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// maxTag is the longest tag in bytes, by the OCI distribution specification.
const maxTag = 128

// isTag reports whether the text has a tag's grammar, by the same: a letter,
// digit or underscore, then these with dots and dashes.
func isTag(text string) bool {
	if text == "" || len(text) > maxTag || text[0] == '.' || text[0] == '-' {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if !isDigit(c) && !isLetter(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// A form is how a version is written. Tags of different forms don't replace
// each other: 1.2 moves with the patches of 1.2, and 1.2.3-alpine is another
// image than 1.2.3.
type form struct {
	v       bool   // a leading v
	numbers int    // 1 to 3
	variant string // "-alpine", or ""
}

// A reading is what a tag says as a version.
type reading struct {
	version *semver.Version
	form    form
}

const (
	tooBig      = "holds a number of more than 64 bits"
	leadingZero = "holds a number with a leading zero"
)

// readTag reads a tag as the package comment says, or says why it isn't a version.
func readTag(tag string) (r reading, why string) {
	rest, v := strings.CutPrefix(tag, "v")
	var numbers [3]uint64
	count := 0
	for ; count < 3; count++ {
		digits, after := cutDigits(rest)
		if count > 0 {
			if !strings.HasPrefix(rest, ".") {
				break
			}
			if digits, after = cutDigits(rest[1:]); digits == "" {
				break
			}
		}
		n, why := number(digits)
		if why != "" {
			return reading{}, why
		}
		numbers[count], rest = n, after
	}
	switch {
	case rest != "" && rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]):
		return reading{}, "has more than three numbers"
	case count == 1 && numbers[0] >= 100_000:
		return reading{}, "is a single number of six digits or more: a date or a build number"
	}
	prerelease, variant, ok := cutPrerelease(rest, count)
	if !ok {
		return reading{}, "is not a version"
	}
	if hasTooBig(prerelease) {
		return reading{}, tooBig
	}
	return reading{
		version: semver.New(numbers[0], numbers[1], numbers[2], prerelease, ""),
		form:    form{v: v, numbers: count, variant: variant},
	}, ""
}

// number reads one number of a version.
func number(digits string) (n uint64, why string) {
	switch {
	case digits == "":
		return 0, "does not begin with a number"
	case len(digits) > 1 && digits[0] == '0':
		return 0, leadingZero
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, tooBig
	}
	return n, ""
}

func cutDigits(text string) (digits, rest string) {
	end := 0
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return text[:end], text[end:]
}

// cutPrerelease parts a version's suffix into prerelease and variant. It is not
// ok where letters stand right behind the number and aren't a known word: that
// is a commit's hash (1e10abc), or no version at all.
func cutPrerelease(suffix string, numbers int) (prerelease, variant string, ok bool) {
	if suffix == "" {
		return "", "", true
	}
	body, dashed := strings.CutPrefix(suffix, "-")
	if !dashed && !isLetter(suffix[0]) {
		return "", suffix, true
	}
	parts := strings.Split(body, "-")
	if !isPrerelease(parts[0]) {
		return "", suffix, dashed
	}
	if !dashed && numbers < 2 {
		return "", "", false
	}
	end := 1
	for end < len(parts) && isIdentifiers(parts[end]) && isDigit(parts[end][0]) && strings.Trim(parts[end], "0123456789.") == "" {
		end++
	}
	prerelease = strings.Join(parts[:end], "-")
	return prerelease, strings.TrimPrefix(suffix, "-")[len(prerelease):], true
}

// isPrerelease reports whether the first part of a suffix makes it a
// prerelease: a number, or a known word with a number or nothing behind it.
// Further parts behind a dot may be anything (dev.abc123).
func isPrerelease(part string) bool {
	if !isIdentifiers(part) {
		return false
	}
	first, _, _ := strings.Cut(part, ".")
	word := strings.TrimRight(first, "0123456789")
	switch strings.ToLower(word) {
	case "", "alpha", "beta", "rc", "cr", "pre", "preview", "prerelease", "dev", "snapshot", "nightly", "canary",
		"next", "ea", "milestone", "test", "unstable", "experimental", "insiders", "edge":
		return true
	case "a", "b", "c", "m":
		return word != first
	}
	return false
}

// isIdentifiers reports whether the text is a list of prerelease identifiers as
// semantic versioning has them.
func isIdentifiers(text string) bool {
	for id := range strings.SplitSeq(text, ".") {
		digits, rest := cutDigits(id)
		if id == "" || rest == "" && len(digits) > 1 && digits[0] == '0' {
			return false
		}
		for i := range len(id) {
			if !isDigit(id[i]) && !isLetter(id[i]) {
				return false
			}
		}
	}
	return true
}

// hasTooBig finds numbers in a prerelease that the library would compare as text.
func hasTooBig(prerelease string) bool {
	for id := range strings.SplitSeq(prerelease, ".") {
		digits, rest := cutDigits(id)
		if _, err := strconv.ParseUint(digits, 10, 64); digits != "" && rest == "" && err != nil {
			return true
		}
	}
	return false
}

// readValue reads what filterTags extracted, by the library's own rules, which
// allow leading zeros (2024.01.05), as Flux does.
func readValue(value string) (r reading, why string) {
	version, err := semver.StrictNewVersion(value)
	if err != nil {
		version, err = semver.NewVersion(value)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return reading{}, tooBig
	case err != nil:
		return reading{}, "is not a version"
	case hasTooBig(version.Prerelease()):
		return reading{}, tooBig
	}
	core, _, _ := strings.Cut(value, "-")
	core, _, _ = strings.Cut(core, "+")
	return reading{version: version, form: form{numbers: 1 + strings.Count(core, ".")}}, ""
}

// floorOf gives the version that a tag amounts to at least, where the tag begins
// with two numbers but isn't a version (1.2.3.4, 2024.01.05). Such a current
// tag sets no form, but nothing older may take its place.
func floorOf(tag string) *semver.Version {
	rest := strings.TrimPrefix(tag, "v")
	var numbers [3]uint64
	count := 0
	for ; count < 3; count++ {
		digits, after := cutDigits(rest)
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			break
		}
		numbers[count] = n // The highest there is, where it is too big.
		if rest = strings.TrimPrefix(after, "."); rest == after {
			count++
			break
		}
	}
	if count < 2 {
		return nil
	}
	return semver.New(numbers[0], numbers[1], numbers[2], "", "")
}
