package policy

import (
	"cmp"
	"strconv"
	"strings"
)

// maxParts is how many numbers a version has at most: 8.0.1.2 is one, and what
// has five isn't.
const maxParts = 4

// A version is what a tag says as a version. It is a plain value that points
// into the tag's own bytes, so that a hundred thousand tags are read without
// making garbage.
type version struct {
	numbers [maxParts]uint64
	pre     string // "rc.1", or ""
}

// A form is how a version is written. Tags of different forms don't replace
// each other: 1.2 moves with the patches of 1.2, and 1.2.3-alpine is another
// image than 1.2.3.
type form struct {
	v       bool   // a leading v
	parts   uint8  // how many numbers, 1 to 4
	padded  bool   // a number has a leading zero
	year    bool   // the first of several numbers is a year
	variant string // "-alpine3.18", "_5", or ""
}

const (
	tooBig      = "holds a number of more than 64 bits"
	leadingZero = "holds a number with a leading zero"
	noVersion   = "is not a version"
	noNumber    = "does not begin with a number"
	manyNumbers = "has more than four numbers"
	oneNumber   = "is a single number of six digits or more: a date or a build number"
)

// readVersion reads a tag as the package comment says, or says why it isn't a
// version.
func readVersion(tag string, w *words) (ver version, f form, why string) {
	rest, long := tag, false
	if tag != "" && tag[0] == 'v' {
		f.v, rest = true, tag[1:]
	}
	for f.parts < maxParts {
		digits, after := cutDigits(rest)
		if f.parts > 0 {
			if rest == "" || rest[0] != '.' {
				break
			}
			if digits, after = cutDigits(rest[1:]); digits == "" {
				break
			}
		}
		n, why := number(digits)
		if why != "" {
			return ver, f, why
		}
		ver.numbers[f.parts] = n
		long = long || len(digits) >= 6
		f.padded = f.padded || len(digits) > 1 && digits[0] == '0'
		f.parts++
		rest = after
	}
	switch {
	case rest != "" && rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]):
		return ver, f, manyNumbers
	case f.parts == 1 && long:
		return ver, f, oneNumber
	}
	f.year = f.parts > 1 && isYear(ver.numbers[0])
	var ok bool
	if ver.pre, f.variant, ok = w.cutSuffix(rest, int(f.parts)); !ok {
		return ver, f, noVersion
	}
	if hasTooBig(ver.pre) {
		return ver, f, tooBig
	}
	return ver, f, ""
}

// isYear tells the first number of a date from that of a version. What counts
// by years (2024.1.5) isn't newer than what counts from one.
func isYear(n uint64) bool { return 1970 <= n && n < 2100 }

// number reads one number of a version.
func number(digits string) (n uint64, why string) {
	if digits == "" {
		return 0, noNumber
	}
	if len(digits) <= 18 { // The common case, without the library's care for overflow.
		for i := range len(digits) {
			n = n*10 + uint64(digits[i]-'0')
		}
		return n, ""
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(digits) > 200 {
		return 0, tooBig
	}
	return n, ""
}

// hasTooBig finds numbers in a prerelease that the library would compare as text.
func hasTooBig(prerelease string) bool {
	if len(prerelease) < 19 {
		return false
	}
	for id := range strings.SplitSeq(prerelease, ".") {
		digits, rest := cutDigits(id)
		if _, err := strconv.ParseUint(digits, 10, 64); digits != "" && rest == "" && err != nil {
			return true
		}
	}
	return false
}

// compareVersions orders by the numbers, then by the prerelease, which is below
// its release. Numbers inside a prerelease count as numbers, so that rc9 is
// below rc10.
func compareVersions(a, b *version) int {
	for i, n := range a.numbers {
		if n != b.numbers[i] {
			return cmp.Compare(n, b.numbers[i])
		}
	}
	return comparePre(a.pre, b.pre, natural)
}

// comparePre orders prereleases by the rules of semantic versioning, identifier
// by identifier, with compare for those that aren't numbers.
func comparePre(a, b string, compare func(a, b string) int) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	for {
		idA, restA, moreA := strings.Cut(a, ".")
		idB, restB, moreB := strings.Cut(b, ".")
		if c := compareIdentifiers(idA, idB, compare); c != 0 {
			return c
		}
		if !moreA || !moreB {
			return cmp.Compare(len(restA), len(restB))
		}
		a, b = restA, restB
	}
}

func compareIdentifiers(a, b string, compare func(a, b string) int) int {
	numA, numB := isNumber(a), isNumber(b)
	switch {
	case numA && numB:
		return cmp.Or(compareDigits(a, b), strings.Compare(a, b))
	case numA:
		return -1
	case numB:
		return 1
	}
	return compare(a, b)
}

func isNumber(text string) bool {
	_, rest := cutDigits(text)
	return text != "" && rest == ""
}

// compareDigits orders two runs of digits by their values, exact at any size.
func compareDigits(a, b string) int {
	a, b = trimZeros(a), trimZeros(b)
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func trimZeros(digits string) string {
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}

// natural orders texts with the runs of digits in them as numbers: alpine3.9 is
// below alpine3.18. Texts that differ in zeros alone are ordered bytewise.
func natural(a, b string) int {
	wholeA, wholeB := a, b
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			digitsA, restA := cutDigits(a)
			digitsB, restB := cutDigits(b)
			if c := compareDigits(digitsA, digitsB); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(wholeA, wholeB))
}

// sameShape reports whether two texts are alike but for their numbers.
func sameShape(a, b string) bool {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			_, a = cutDigits(a)
			_, b = cutDigits(b)
			continue
		}
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
	return a == b
}
