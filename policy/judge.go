package policy

// An entry is a tag with what was made of it. The words for it are only worked
// out where somebody reads them.
type entry struct {
	tag string
	reading
	class  class
	why    string // a constant text; depends on the class
	detail string // what it is about: an exclusion, an extracted value
}

// A class is why a tag doesn't fit, in the order in which the reasons are tried.
type class int

const (
	fits class = iota
	notATag
	excluded
	filtered
	unreadable // not a version, number or whatever the kind wants
	otherForm
	prereleaseUnasked
	outOfRange
	older
	held
	waits // for age, platforms or a signature
	classes
)

// current is what is known of the current tag.
type current struct {
	tag    string
	known  bool // the reading can be compared with
	formed bool // the form is that of a version
	reading
	rule formRule
	hold *reading // nil where nothing is held, or only the tag itself is
}

// current reads the current tag: as the policy reads tags where it can, and
// else as best it can, so that a policy with a new filter doesn't downgrade.
func (p *Policy) current(r Request) current {
	c := current{tag: r.Current}
	if p.filter == nil {
		c.rule = p.kind.form()
	}
	if _, timed := p.kind.(byCreation); r.Hold != nil && !timed {
		var hold reading
		if p.reads(r.Hold.Tag, &hold) {
			c.hold = &hold
		}
	}
	if c.tag == "" {
		return c
	}
	switch {
	case p.reads(c.tag, &c.reading):
		c.known, c.formed = true, c.written.parts > 0
	case p.isVersioned():
		if ver, written, why := readVersion(c.tag, nil); why == "" {
			c.version, c.written, c.known, c.formed = ver, written, true, p.filter == nil
		} else {
			c.version, c.known = floorOf(c.tag)
		}
	}
	return c
}

// reads reads a tag by filter and kind, and reports whether it could.
func (p *Policy) reads(tag string, r *reading) bool {
	if p.filter != nil {
		if value, ok := p.filter.value(tag); ok && value != "" && p.kind.read(value, true, r) == "" {
			return true
		}
	}
	return p.filter == nil && p.kind.read(tag, false, r) == ""
}

// isVersioned reports whether tags are compared as versions.
func (p *Policy) isVersioned() bool {
	_, ok := p.kind.(*byVersion)
	return ok
}

// judge looks at one tag, and stops at the first reason against it. It makes no
// text and, a filter with groups aside, no garbage.
func (p *Policy) judge(tag string, c *current, e *entry) class {
	*e = entry{tag: tag}
	e.class = p.examine(c, e)
	return e.class
}

func (p *Policy) examine(c *current, e *entry) class {
	if !isTag(e.tag) {
		return notATag
	}
	for i := range p.excludes {
		if p.excludes[i].matches(e.tag) {
			e.detail = p.excludes[i].written
			return excluded
		}
	}
	value := e.tag
	if p.filter != nil {
		var ok bool
		switch value, ok = p.filter.value(e.tag); {
		case !ok:
			e.why = matchesNot
			return filtered
		case value == "":
			e.why = extractsNothing
			return filtered
		}
		e.detail = value
	}
	if e.why = p.kind.read(value, p.filter != nil, &e.reading); e.why != "" {
		return unreadable
	}
	if e.why = differs(&e.written, c); e.why != "" {
		return otherForm
	}
	if class := p.kind.fits(&e.reading); class != fits {
		return class
	}
	return p.against(c, e)
}

// against says whether what is in use, or what a person did, stands against a
// tag that fits otherwise.
func (p *Policy) against(c *current, e *entry) class {
	if _, ok := p.kind.(byCreation); ok {
		return fits // The times aren't known yet.
	}
	if c.known && !p.Spec.AllowDowngrade && p.kind.compare(&e.reading, &c.reading) < 0 {
		return older
	}
	if c.formed && c.rule.asCurrent && !p.Spec.AllowDowngrade && olderBase(&e.written, &c.written) {
		e.why = olderSuffix
		return older
	}
	if c.hold != nil && e.tag != c.tag && p.kind.compare(&e.reading, c.hold) <= 0 {
		if !c.known || p.kind.compare(&e.reading, &c.reading) > 0 {
			return held
		}
	}
	return fits
}

// The ways in which a filter drops a tag.
const (
	matchesNot      = "does not match filterTags.pattern"
	extractsNothing = "filterTags.extract yields nothing"
)

// The ways in which a tag may be written otherwise than the current one. The
// texts name it as %c, and the tag's own suffix as %s.
const (
	otherParts     = "has another number of parts than the current tag %c"
	otherPartsRule = "has another number of parts than semver.parts asks for"
	hasV           = "has a leading v, unlike the current tag %c"
	hasNoV         = "has no leading v, unlike the current tag %c"
	hasSuffix      = "has the suffix %s, unlike the current tag %c"
	hasNotSuffix   = "has not the suffix %s of the current tag"
	hasYear        = "begins with a year, unlike the current tag %c"
	hasNoYear      = "begins with no year, unlike the current tag %c"
	unknownParts   = "has not three numbers, and no current tag of that form is known"
	unknownSuffix  = "has the suffix %s, and no current tag of that form is known"
	olderSuffix    = "has an older suffix than the current tag %c, and allowDowngrade is false"
	unknownYear    = "begins with a year, and neither the range nor a current tag does"
)

// differs says how a tag is written otherwise than the current one, or than
// what is taken when that isn't known.
func differs(f *form, c *current) string {
	switch {
	case c.rule == formRule{}:
		return ""
	case c.rule.parts > 0 && f.parts != c.rule.parts:
		return otherPartsRule
	case c.formed && c.rule.asCurrent:
		return differsFrom(f, &c.written, c.rule)
	case !c.rule.plain:
		return ""
	case c.rule.parts == 0 && c.rule.otherwise > 0 && f.parts != c.rule.otherwise:
		return unknownParts
	case f.padded:
		return leadingZero
	case f.year && !c.rule.years:
		return unknownYear
	case f.variant != "":
		return unknownSuffix
	}
	return ""
}

func differsFrom(f, now *form, rule formRule) string {
	switch {
	case rule.parts == 0 && f.parts != now.parts:
		return otherParts
	case f.v && !now.v:
		return hasV
	case !f.v && now.v:
		return hasNoV
	case f.year && !now.year && !rule.years:
		return hasYear
	case !f.year && now.year && f.parts > 0:
		return hasNoYear
	case f.padded && !now.padded:
		return leadingZero
	case now.variant == "" && f.variant != "":
		return hasSuffix
	case !sameShape(f.variant, now.variant):
		return hasNotSuffix
	}
	return ""
}
