package policy

import "strings"

// Alphabetical takes the last or the first tag in bytewise order.
type Alphabetical struct {
	// Order is asc, which wants the last one, or desc. Default asc.
	Order Order `yaml:"order"`
}

// byLetters is the kind alphabetical.
type byLetters struct {
	order Order
	flux  bool // Flux doesn't look at the current tag
}

func newAlphabetical(spec Alphabetical) (byLetters, error) {
	order, err := spec.Order.checked()
	return byLetters{order: order}, err
}

func (k byLetters) read(value string, extracted bool, r *reading) string {
	r.text = value
	if !extracted {
		// Where the current tag is a version, its form counts.
		if ver, written, why := readVersion(value, nil); why == "" {
			r.version, r.written = ver, written
		}
	}
	return ""
}

func (k byLetters) fits(*reading) class { return fits }

func (k byLetters) compare(a, b *reading) int { return k.order.apply(strings.Compare(a.text, b.text)) }

func (k byLetters) level(_, _ *reading) Level { return LevelOther }

func (k byLetters) form() formRule {
	if k.flux {
		return formRule{}
	}
	return formRule{asCurrent: true}
}

func (k byLetters) words() phrases {
	if k.order == OrderDesc {
		return phrases{superlative: "first", comparative: "earlier in the alphabet", noun: "text"}
	}
	return phrases{superlative: "last", comparative: "later in the alphabet", noun: "text"}
}
