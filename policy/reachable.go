package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// reachable reports what can never choose a tag, because no tag at all gets past
// the patterns, or because none that does could be read by the kind. Only what is
// certain is reported. Exclusions are checked where their path is given.
func (d *decoding) reachable(p *Policy, excludes string) {
	if p.kind == nil {
		return
	}
	var wanted []demand
	add := func(pattern string, matched bool) {
		if one, ok := demandOf(pattern, matched); ok {
			wanted = append(wanted, one)
		}
	}
	const filterTags = "spec.filterTags"
	if p.filter != nil {
		add(p.filter.pattern.String(), true)
		if isEmpty(d.effort, wanted...) {
			d.fail(filterTags+".pattern", quote(p.Spec.FilterTags.Pattern)+" matches no tag", tagHint)
			return
		}
	}
	switch {
	case p.filter == nil || p.filter.extract == "":
		if add(shapeOf(p.kind), true); p.filter != nil && isEmpty(d.effort, wanted...) {
			d.fail(filterTags+".pattern", fmt.Sprintf("no tag that %s matches is a %s", quote(p.Spec.FilterTags.Pattern), p.kind.words().noun),
				"let extract name the part that is one")
			return
		}
	default:
		if message := d.constants(p); message != "" {
			d.fail(filterTags+".extract", message, "")
		}
	}
	if excludes != "" {
		d.excluded(p, excludes, wanted)
	}
}

const tagHint = "tags have letters, digits, underscores, dots and dashes, and don't begin with the last two"

// excluded reports exclusions that no tag can match, and those that leave none of
// the wanted tags.
func (d *decoding) excluded(p *Policy, path string, wanted []demand) {
	var places []string
	left := wanted
	for _, e := range p.excludes {
		never, ok := demandOf(e.expression(), false)
		if !ok {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, slices.Index(p.Spec.Exclude, e.written))
		if e.pattern != nil && isEmpty(d.effort, demand{never.program, true}) {
			d.fail(at, quote(e.written)+" matches no tag", tagHint)
			continue
		}
		left, places = append(left, never), append(places, at)
	}
	if len(places) == 0 || !isEmpty(d.effort, left...) {
		return
	}
	for i, at := range places {
		if last := i+1 == len(places); last || isEmpty(d.effort, left[:len(left)-len(places)+i+1]...) {
			d.fail(at, "leaves no tag that the policy could choose", "")
			return
		}
	}
}

// expression gives the exclusion as a regular expression.
func (e exclusion) expression() string {
	if e.pattern != nil {
		return e.pattern.String()
	}
	return "^" + regexp.QuoteMeta(e.written) + "$"
}

// shapeOf gives an expression that every tag matches which the kind could read.
func shapeOf(k kind) string {
	switch k := k.(type) {
	case *byVersion:
		if k.flux {
			return `^v?[0-9].*\..*\.`
		}
		return `^v?[0-9]`
	case byNumber:
		return `^[0-9]+(\.[0-9]+)?$`
	case *byDate:
		return k.shape()
	case byDigest:
		return "^" + regexp.QuoteMeta(k.tag) + "$"
	}
	return ""
}

// shape is the layout as an expression, open at its end for a suffix.
func (k *byDate) shape() string {
	shape := "^v?"
	for _, e := range k.elements {
		switch {
		case e.separator != 0:
			shape += regexp.QuoteMeta(string(e.separator))
		case e.unit == "YYYY":
			shape += "[0-9]{4}"
		case e.unit[0] == '0':
			shape += "[0-9]{2}"
		default:
			shape += "[0-9]+"
		}
	}
	return shape
}

// constants says what keeps every extracted value from being read: characters
// that stand in extract itself.
func (d *decoding) constants(p *Policy) string {
	lead, all := constantParts(p.filter.extract)
	noun := p.kind.words().noun
	switch p.kind.(type) {
	case *byVersion, *byDate:
		begin := strings.TrimPrefix(lead, "v")
		if begin != "" && !isDigit(begin[0]) {
			return fmt.Sprintf("%s yields values that begin with %s, and no %s does", quote(p.filter.extract), quote(lead), noun)
		}
	case byNumber:
		if i := strings.IndexFunc(all, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' }); i >= 0 {
			return fmt.Sprintf("%s yields values with %s in them, and no %s has that", quote(p.filter.extract), quote(string([]rune(all[i:])[:1])), noun)
		}
	}
	return ""
}

// constantParts gives what a checked extract begins with before its first group,
// and all that stands outside of groups.
func constantParts(extract string) (lead, all string) {
	var text strings.Builder
	first := -1
	for rest := extract; ; {
		before, after, ok := strings.Cut(rest, "$")
		text.WriteString(before)
		if !ok {
			break
		}
		if literal, escaped := strings.CutPrefix(after, "$"); escaped {
			text.WriteByte('$')
			rest = literal
			continue
		}
		if first < 0 {
			first = text.Len()
		}
		_, rest, _ = reference(after)
	}
	if first < 0 {
		first = text.Len()
	}
	return text.String()[:first], text.String()
}
