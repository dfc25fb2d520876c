package policy

import "cmp"

// Newest takes the image that was created last, by its own record
// ([Facts.Created]). It asks the registry about each tag that isn't filtered.
type Newest struct{}

// byCreation is the kind newest.
type byCreation struct{}

// maxNewest bounds the images that a choice by creation time asks about.
const maxNewest = 2000

func (k byCreation) read(value string, extracted bool, r *reading) string {
	if !extracted {
		if ver, written, why := readVersion(value, nil); why == "" {
			r.version, r.written = ver, written
		}
	}
	return ""
}

func (k byCreation) fits(*reading) class       { return fits }
func (k byCreation) compare(a, b *reading) int { return cmp.Compare(a.when, b.when) }
func (k byCreation) level(_, _ *reading) Level { return LevelOther }
func (k byCreation) form() formRule            { return formRule{asCurrent: true} }

func (k byCreation) words() phrases {
	return phrases{superlative: "newest", comparative: "newer", noun: "creation time"}
}
