package policy

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Calver takes the latest calendar version of a layout (https://calver.org).
type Calver struct {
	// Layout is made of YYYY, YY and 0Y (years), MM and 0M (months), WW and 0W
	// (weeks), DD and 0D (days), MAJOR, MINOR and MICRO (numbers), with dots,
	// dashes or underscores between them: YYYY.MM.DD. Those that begin with 0 are
	// padded to two digits; MM, WW and DD take both. Required.
	Layout string `yaml:"layout"`
	// Prereleases lets prereleases (2026.1.0b3) fit. Default false.
	Prereleases bool `yaml:"prereleases"`
	// PrereleaseWords and VariantWords are as in [Semver]. Default none.
	PrereleaseWords []string `yaml:"prereleaseWords"`
	VariantWords    []string `yaml:"variantWords"`
}

// byDate is the kind calver.
type byDate struct {
	spec     Calver
	elements []element
	named    *words
}

// An element is one part of a layout: a unit, or the separator before the next.
type element struct {
	unit      string // YYYY, MM, …
	separator byte   // 0 where this is a unit
}

// maxUnits bounds the units of a layout; they are the numbers of the version.
const maxUnits = maxParts

func newCalver(spec Calver) (*byDate, error) {
	k := &byDate{spec: spec}
	for rest := spec.Layout; rest != ""; {
		if strings.IndexByte(".-_", rest[0]) >= 0 {
			k.elements = append(k.elements, element{separator: rest[0]})
			rest = rest[1:]
			continue
		}
		unit := unitOf(rest)
		if unit == "" {
			return nil, fmt.Errorf("the layout has %s, which is no unit of a calendar version", quote(rest))
		}
		k.elements = append(k.elements, element{unit: unit})
		rest = rest[len(unit):]
	}
	if len(spec.PrereleaseWords)+len(spec.VariantWords) > 0 {
		k.named = &words{prerelease: spec.PrereleaseWords, variant: spec.VariantWords}
	}
	return k, k.check()
}

// unitOf gives the unit that a layout begins with, or nothing.
func unitOf(layout string) string {
	for _, unit := range []string{"YYYY", "YY", "0Y", "MM", "0M", "WW", "0W", "DD", "0D", "MAJOR", "MINOR", "MICRO"} {
		if strings.HasPrefix(layout, unit) {
			return unit
		}
	}
	return ""
}

// check refuses layouts that can't be read in one way only.
func (k *byDate) check() error {
	seen := map[byte]bool{}
	units, previous := 0, element{separator: '.'}
	for _, e := range k.elements {
		if e.separator != 0 {
			if previous.separator != 0 {
				return fmt.Errorf("the layout %s has a separator without a unit before it", quote(k.spec.Layout))
			}
			previous = e
			continue
		}
		if previous.separator == 0 && !isFixed(previous.unit) {
			return fmt.Errorf("where %s ends can't be told without a separator before %s", previous.unit, e.unit)
		}
		kind := e.unit[1] // YYYY, YY, 0Y and so on differ in how they are written alone
		if strings.HasPrefix(e.unit, "M") && e.unit != "MM" {
			kind = e.unit[2] // MAJOR, MINOR, MICRO
		}
		if seen[kind] {
			return fmt.Errorf("the layout %s says the same twice", quote(k.spec.Layout))
		}
		seen[kind] = true
		units++
		previous = e
	}
	switch {
	case len(k.elements) == 0:
		return fmt.Errorf("the layout is empty")
	case previous.separator != 0:
		return fmt.Errorf("the layout %s ends with a separator", quote(k.spec.Layout))
	case units > maxUnits:
		return fmt.Errorf("the layout %s has more than %d units", quote(k.spec.Layout), maxUnits)
	case !seen['Y']:
		return fmt.Errorf("the layout %s has no year", quote(k.spec.Layout))
	}
	return nil
}

// isFixed reports whether a unit always has as many digits.
func isFixed(unit string) bool { return unit == "YYYY" || unit[0] == '0' }

const (
	otherLayout = "is not of the layout"
	noDate      = "is no date of the calendar"
)

func (k *byDate) read(value string, _ bool, r *reading) string {
	rest, v := strings.CutPrefix(value, "v")
	r.written.v = v
	parts := 0
	var date struct{ year, month, day uint64 }
	for _, e := range k.elements {
		if e.separator != 0 {
			if rest == "" || rest[0] != e.separator {
				return otherLayout
			}
			rest = rest[1:]
			continue
		}
		digits := cutUnit(e.unit, rest)
		if digits == "" {
			return otherLayout
		}
		n, why := number(digits)
		if why != "" {
			return why
		}
		rest = rest[len(digits):]
		switch e.unit[1] {
		case 'Y':
			if e.unit != "YYYY" {
				n += 2000
			}
			date.year = n
		case 'M':
			date.month = n
		case 'D':
			if date.day = n; n == 0 {
				return noDate
			}
		case 'W':
			if n > 53 {
				return noDate
			}
		}
		if e.unit == "MM" || e.unit == "0M" {
			if n < 1 || n > 12 {
				return noDate
			}
		}
		r.version.numbers[parts] = n
		parts++
	}
	if !isDate(date.year, date.month, date.day) {
		return noDate
	}
	return k.readSuffix(rest, parts, r)
}

func (k *byDate) readSuffix(rest string, parts int, r *reading) string {
	if rest != "" && (isDigit(rest[0]) || len(rest) > 1 && rest[0] == '.' && isDigit(rest[1])) {
		return otherLayout
	}
	pre, variant, ok := k.named.cutSuffix(rest, max(parts, 2))
	if !ok {
		return otherLayout
	}
	r.version.pre, r.written.variant = pre, variant
	r.written.parts = uint8(parts) // #nosec G115 -- four at most
	return ""
}

// cutUnit gives the digits that stand for a unit at the start of the text, or
// nothing where they are too few, too many, or padded where they mustn't be.
func cutUnit(unit, text string) string {
	digits, _ := cutDigits(text)
	switch unit {
	case "YYYY":
		return exactly(digits, 4)
	case "0Y", "0M", "0W", "0D":
		return exactly(digits, 2)
	case "MM", "WW", "DD":
		if len(digits) > 2 {
			return ""
		}
	case "YY":
		if len(digits) > 3 || len(digits) > 1 && digits[0] == '0' {
			return ""
		}
	}
	return digits
}

func exactly(digits string, n int) string {
	if len(digits) < n {
		return ""
	}
	return digits[:n]
}

// isDate reports whether the calendar has the day; 0 stands for what isn't given.
func isDate(year, month, day uint64) bool {
	switch {
	case year < 1970 || year > 9999:
		return false
	case day == 0 || month == 0:
		return day <= 31
	}
	at := time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC) // #nosec G115 -- bounded above and by two digits
	return at.Month() == time.Month(month)                                        // #nosec G115 -- as above
}

func (k *byDate) fits(r *reading) class {
	if r.version.pre != "" && !k.spec.Prereleases {
		return prereleaseUnasked
	}
	return fits
}

func (k *byDate) compare(a, b *reading) int {
	return cmp.Or(compareVersions(&a.version, &b.version), compareVariants(&a.written, &b.written))
}

func (k *byDate) level(from, to *reading) Level { return levelOf(&from.version, &to.version) }
func (k *byDate) form() formRule                { return formRule{asCurrent: true, plain: true} }

func (k *byDate) words() phrases {
	return phrases{"latest", "later", "date", "the layout " + quote(k.spec.Layout)}
}
