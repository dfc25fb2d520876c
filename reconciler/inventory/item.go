package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// Item is one object of an inventory with what is known of the last time that it was applied. Both sums together let a
// restart tell, from metadata alone, that an object is as it was left; one without them is applied again.
type Item struct {
	ObjectRef
	// Form is a sum of the object as it was sent: up to 64 characters without a space. Empty: not known.
	Form string
	// Fields is a sum of our entry of its metadata.managedFields after that. Empty: not known.
	Fields string
	// Found says that the object isn't remembered but was found by its label, after the inventory was lost. It may be one
	// that a person let go, so that it must not be deleted without consent. Applying it makes it an item like any other.
	Found bool
}

// Known reports whether both sums are there.
func (i Item) Known() bool { return i.Form != "" && i.Fields != "" }

// Items returns references as items of which nothing else is known.
func Items(refs []ObjectRef) []Item {
	items := make([]Item, len(refs))
	for i, ref := range refs {
		items[i].ObjectRef = ref
	}
	return items
}

// Refs returns the references of items, in their order.
func Refs(items []Item) []ObjectRef {
	refs := make([]ObjectRef, len(items))
	for i, item := range items {
		refs[i] = item.ObjectRef
	}
	return refs
}

// Ahead returns what must be stored before next is applied over owned: every object of either, sorted. An object of next
// keeps what owned knows of it only where it will be sent in the same form: were an old sum kept while a new form is sent,
// a kill between would let the old form pass for applied. Items of next without a Form are going to be written.
func Ahead(owned, next []Item) []Item {
	known := make(map[ObjectRef]Item, len(owned))
	for _, item := range owned {
		known[item.Identity()] = item
	}
	all := make([]Item, 0, len(owned)+len(next))
	for _, item := range next {
		before, ok := known[item.Identity()]
		delete(known, item.Identity())
		if !ok || before.Form != item.Form {
			before.Form, before.Fields = "", ""
		}
		before.ObjectRef = item.ObjectRef
		all = append(all, before)
	}
	for _, item := range owned {
		if _, left := known[item.Identity()]; left {
			all = append(all, item)
		}
	}
	return sortedItems(all)
}

// Settled returns what must be stored after an attempt: recorded, which says of each object that is left what is known of
// it now. What owned marks as Found and nothing more is known of keeps the mark.
func Settled(owned, recorded []Item) []Item {
	found := make(map[ObjectRef]bool)
	for _, item := range owned {
		if item.Found {
			found[item.Identity()] = true
		}
	}
	settled := slices.Clone(recorded)
	for i := range settled {
		settled[i].Found = !settled[i].Known() && found[settled[i].Identity()]
	}
	return sortedItems(settled)
}

// sortedItems orders items in place and drops repeated objects.
func sortedItems(items []Item) []Item {
	slices.SortStableFunc(items, func(a, b Item) int { return Compare(a.ObjectRef, b.ObjectRef) })
	return slices.CompactFunc(items, func(a, b Item) bool { return a.Identity() == b.Identity() })
}

// Marks that stand in a line in place of a sum.
const (
	noMark    = "-"     // not known
	foundMark = "found" // in place of both: Item.Found
)

// line renders an item as a person reads it: "apps/Deployment/shop/web v1 FORM FIELDS". A name may hold spaces, the other
// words can't, so that a line is read from its end.
func (i Item) line() string {
	form, fields := i.Form, i.Fields
	switch {
	case i.Found:
		form, fields = foundMark, noMark
	case !i.Known():
		form, fields = noMark, noMark
	}
	version := i.Version
	if version == "" {
		version = noMark
	}
	return i.String() + " " + version + " " + form + " " + fields
}

func parseLine(line string) (Item, error) {
	var words [3]string // version, form, fields
	rest := line
	for n := len(words) - 1; n >= 0; n-- {
		at := strings.LastIndexByte(rest, ' ')
		if at < 0 {
			return Item{}, fmt.Errorf("parsing line %q: want an object, its version and two sums", line)
		}
		rest, words[n] = rest[:at], rest[at+1:]
	}
	ref, err := ParseObjectRef(rest)
	if err != nil {
		return Item{}, err
	}
	item := Item{ObjectRef: ref}
	if words[0] != noMark {
		item.Version = words[0]
	}
	switch words[1] {
	case foundMark:
		item.Found = true
	case noMark:
	default:
		item.Form, item.Fields = words[1], words[2]
	}
	return item, nil
}

// parseFirst reads a line of format 1: "v1 apps/Deployment/shop/web".
func parseFirst(line string) (Item, error) {
	version, name, _ := strings.Cut(line, " ")
	ref, err := ParseObjectRef(name)
	ref.Version = version
	return Item{ObjectRef: ref}, err
}
