package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Choose gives the tag that the policy wants. It depends on nothing but the
// policy and the request, and not on the order of the tags: asked again with
// the chosen tag as the current one, it gives the same tag.
//
// The error, when no tag fits, is a *[NoChoice].
func (p *Policy) Choose(r Request) (Choice, error) {
	tags := slices.Clone(r.Tags)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	c := p.current(r.Current)

	entries := make([]entry, 0, len(tags))
	var fit []entry
	for _, tag := range tags {
		e := p.judge(tag, c)
		if e.class == fits {
			fit = append(fit, e)
			continue
		}
		entries = append(entries, e)
	}
	if len(fit) == 0 {
		return Choice{}, p.noChoice(entries, c)
	}
	slices.SortFunc(fit, best)
	keepCurrent(fit, c)
	return p.explain(fit, entries, c), nil
}

// An entry is a tag with what was made of it. The words for it are only worked
// out at the end.
type entry struct {
	tag string
	reading
	class  class
	detail string // depends on the class
}

// A class is why a tag doesn't fit, in the order in which the reasons are tried.
type class int

const (
	fits class = iota
	notATag
	excluded
	filtered
	notAVersion
	otherForm
	prereleaseUnasked
	outOfRange
	older
)

// current is what is known of the current tag.
type current struct {
	tag   string
	form  *form           // nil where the form of tags doesn't matter or isn't known
	level *semver.Version // to measure the change by; nil when it isn't known
}

// current reads the current tag: as the policy reads tags where it can, and
// else as best it can, so that a policy with a new filter doesn't downgrade.
func (p *Policy) current(tag string) current {
	c := current{tag: tag}
	if tag == "" {
		return c
	}
	if p.filter != nil {
		if value, ok := p.filter.value(tag); ok {
			if r, why := readValue(value); why == "" {
				c.level = r.version
				return c
			}
		}
	}
	r, why := readTag(tag)
	if why != "" {
		c.level = floorOf(tag)
		return c
	}
	c.level = r.version
	if p.filter == nil {
		c.form = &r.form
	}
	return c
}

// judge looks at one tag, and stops at the first reason against it.
func (p *Policy) judge(tag string, c current) entry {
	reject := func(why class, detail string) entry { return entry{tag: tag, class: why, detail: detail} }
	if !isTag(tag) {
		return reject(notATag, "")
	}
	for _, e := range p.excludes {
		if e.matches(tag) {
			return reject(excluded, e.written)
		}
	}
	var r reading
	var why string
	if p.filter != nil {
		value, ok := p.filter.value(tag)
		switch {
		case !ok:
			return reject(filtered, "does not match filterTags.pattern")
		case value == "":
			return reject(filtered, "filterTags.extract yields nothing")
		}
		if r, why = readValue(value); why != "" {
			if value != tag {
				why = "filterTags.extract yields " + quote(value) + ", which " + why
			}
			return reject(notAVersion, why)
		}
	} else if r, why = readTag(tag); why != "" {
		return reject(notAVersion, why)
	} else if why = formDiffers(r.form, c); why != "" {
		return reject(otherForm, why)
	}
	switch {
	case p.constraint.Check(r.version):
	case r.version.Prerelease() != "" && p.prereleases.Check(r.version):
		return reject(prereleaseUnasked, "")
	default:
		return reject(outOfRange, "")
	}
	e := entry{tag: tag, reading: r}
	if c.level != nil && !p.Spec.AllowDowngrade && r.version.LessThan(c.level) {
		e.class = older
	}
	return e
}

// formDiffers says how a tag is written otherwise than the current one, or than
// what is taken when that isn't known.
func formDiffers(f form, c current) string {
	if c.form == nil {
		switch {
		case f.numbers != 3:
			return "has not three numbers, and no current tag of that form is known"
		case f.variant != "":
			return "has the suffix " + quote(f.variant) + ", and no current tag of that form is known"
		}
		return ""
	}
	switch {
	case f.numbers != c.form.numbers:
		return "has another number of parts than the current tag " + quote(c.tag)
	case f.v && !c.form.v:
		return "has a leading v, unlike the current tag " + quote(c.tag)
	case !f.v && c.form.v:
		return "has no leading v, unlike the current tag " + quote(c.tag)
	case f.variant != c.form.variant && c.form.variant == "":
		return "has the suffix " + quote(f.variant) + ", unlike the current tag " + quote(c.tag)
	case f.variant != c.form.variant:
		return "has not the suffix " + quote(c.form.variant) + " of the current tag"
	}
	return ""
}

// best orders entries that fit: the higher version first, then the one written
// most fully (more numbers, then more characters), then the later one bytewise.
func best(a, b entry) int {
	return cmp.Or(
		b.version.Compare(a.version),
		cmp.Compare(b.form.numbers, a.form.numbers),
		cmp.Compare(len(b.tag), len(a.tag)),
		strings.Compare(b.tag, a.tag),
	)
}

// keepCurrent moves the current tag to the front where it says the same version
// as the best: an equal version in another form is no reason to change.
func keepCurrent(fit []entry, c current) {
	for i, e := range fit {
		if !e.version.Equal(fit[0].version) {
			return
		}
		if e.tag == c.tag {
			copy(fit[1:i+1], fit[:i])
			fit[0] = e
			return
		}
	}
}
