package policy

import (
	"cmp"
	"strings"
)

// Numerical takes the highest or lowest number.
type Numerical struct {
	// Order is asc, which wants the highest number, or desc. Default asc.
	Order Order `yaml:"order"`
}

// byNumber is the kind numerical. It compares numbers as they are written, so
// that they are exact at any size.
type byNumber struct{ order Order }

func newNumerical(spec Numerical) (byNumber, error) {
	order, err := spec.Order.checked()
	return byNumber{order}, err
}

const noDecimal = "is not a number"

func (k byNumber) read(value string, _ bool, r *reading) string {
	digits := strings.TrimPrefix(value, "-")
	whole, rest := cutDigits(digits)
	fraction, dotted := strings.CutPrefix(rest, ".")
	if whole == "" || dotted && !isNumber(fraction) || !dotted && rest != "" {
		return noDecimal
	}
	r.text = value
	return ""
}

func (k byNumber) fits(*reading) class { return fits }

func (k byNumber) compare(a, b *reading) int { return k.order.apply(compareNumbers(a.text, b.text)) }

// compareNumbers orders decimal numbers with an optional sign and fraction.
func compareNumbers(a, b string) int {
	digitsA, minusA := strings.CutPrefix(a, "-")
	digitsB, minusB := strings.CutPrefix(b, "-")
	size := compareSizes(digitsA, digitsB)
	switch {
	case minusA && minusB:
		return -size
	case minusA || minusB:
		if isZero(digitsA) && isZero(digitsB) {
			return 0
		}
		if minusA {
			return -1
		}
		return 1
	}
	return size
}

func compareSizes(a, b string) int {
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	return cmp.Or(
		compareDigits(wholeA, wholeB),
		strings.Compare(strings.TrimRight(fractionA, "0"), strings.TrimRight(fractionB, "0")),
	)
}

func isZero(digits string) bool { return strings.Trim(digits, "0.") == "" }

func (k byNumber) level(_, _ *reading) Level { return LevelOther }
func (k byNumber) form() formRule            { return formRule{} }

func (k byNumber) words() phrases {
	if k.order == OrderDesc {
		return phrases{superlative: "lowest", comparative: "lower", noun: "number"}
	}
	return phrases{superlative: "highest", comparative: "higher", noun: "number"}
}
