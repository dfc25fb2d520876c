package policy

import "fmt"

// A kind is one way to read and order tags. Each has a file of its own and a
// constructor that refuses what could never work.
type kind interface {
	// read says what a value is compared by: a tag, or what filterTags made of
	// it. The why of one that it can't read is a constant text.
	read(value string, extracted bool, r *reading) (why string)
	// fits tells whether what was read may be chosen at all.
	fits(r *reading) class
	// compare is positive where a is to be preferred to b.
	compare(a, b *reading) int
	// level measures the way from one to the other.
	level(from, to *reading) Level
	// form says how the form of the current tag counts.
	form() formRule
	// words are the kind's own for what it does.
	words() phrases
}

// A reading is what a kind makes of a tag. It points into the tag's bytes.
type reading struct {
	version version // semver, calver
	text    string  // numerical, alphabetical
	when    int64   // newest: nanoseconds since 1970
	written form
}

// A formRule says how far tags must be written as the current one is. The zero
// value takes them however they are written.
type formRule struct {
	// asCurrent takes only tags in the form of the current one, where that is a version.
	asCurrent bool
	// plain takes only what has no suffix where the current tag is no version.
	plain bool
	// parts is how many numbers a tag must have, and otherwise where the current
	// tag is no version; 0 leaves it open.
	parts, otherwise uint8
	// years lets versions that begin with a year replace others.
	years bool
}

// An Order says which end of an ordering is wanted.
type Order string

const (
	// OrderAsc counts upwards: the highest is wanted.
	OrderAsc Order = "asc"
	// OrderDesc counts downwards: the lowest is wanted.
	OrderDesc Order = "desc"
)

// checked gives the order, asc where none is named.
func (o Order) checked() (Order, error) {
	switch o {
	case "":
		return OrderAsc, nil
	case OrderAsc, OrderDesc:
		return o, nil
	}
	return "", fmt.Errorf("the order %s is neither asc nor desc", quote(string(o)))
}

func (o Order) apply(compared int) int {
	if o == OrderDesc {
		return -compared
	}
	return compared
}
