package policy

import (
	"fmt"
	"strings"
)

// phrases are a kind's own words.
type phrases struct {
	superlative string // "highest"
	comparative string // "higher"
	noun        string // "version"
	among       string // "the range …", or "" where every tag of the kind fits
}

// settle puts what a survey found into words.
func (p *Policy) settle(r Request, s *survey) (Choice, error) {
	if s.best.tag == "" {
		return Choice{}, p.noChoice(s)
	}
	choice := Choice{
		Tag: s.best.tag, Digest: s.digest, Keep: s.keep, Waiting: s.waiting[:min(len(s.waiting), maxWaiting)],
		Changed:   s.best.tag != s.tag || p.FollowsDigest() && !s.keep && s.digest != "" && s.digest != r.CurrentDigest,
		Level:     p.levelOf(&s.current, &s.best),
		Unchecked: p.unchecked(r),
	}
	choice.Reason = p.sentence(s, choice.Level)
	return choice, nil
}

// levelOf says how far the chosen tag is from the current one.
func (p *Policy) levelOf(c *current, won *entry) Level {
	switch {
	case won.tag == c.tag:
		return LevelNone
	case !c.known:
		return LevelOther
	}
	return p.kind.level(&c.reading, &won.reading)
}

// sentence is the choice's own reason.
func (p *Policy) sentence(s *survey, level Level) string {
	words := p.kind.words()
	counted := fmt.Sprintf("the %s of the %d tags that fit%s, out of %d listed", words.superlative, s.counts[fits], p.amongWords(), s.listed)
	switch {
	case s.gaveUp > 0:
		counted = fmt.Sprintf("kept, since none of the %d best tags that fit%s shows what is asked for, out of %d listed", s.gaveUp, p.amongWords(), s.listed)
	case s.counts[fits] == 1:
		counted = fmt.Sprintf("the only tag that fits%s, out of %d listed", p.amongWords(), s.listed)
	}
	return fmt.Sprintf("%s is %s.%s", s.best.tag, p.versus(s, counted, level), p.asides(s))
}

// versus sets the choice beside the current tag.
func (p *Policy) versus(s *survey, counted string, level Level) string {
	now := quote(s.tag)
	switch {
	case s.best.tag == s.tag && s.foreign:
		return counted + "; another image stands there, under the same tag"
	case s.best.tag == s.tag && p.FollowsDigest():
		return "in use, and followed by its digest: it is " + counted
	case s.best.tag == s.tag:
		return "in use already: it is " + counted
	case s.tag == "":
		return counted
	case !s.known && p.isVersioned():
		return fmt.Sprintf("%s; the current tag %s is not a version to compare with", counted, now)
	case !s.known:
		return fmt.Sprintf("%s; the current tag %s can't be compared with it", counted, now)
	case p.kind.compare(&s.best.reading, &s.reading) < 0:
		return fmt.Sprintf("%s; it is older than %s, which %s permits", counted, now, p.permits())
	case level != LevelOther:
		return fmt.Sprintf("%s; it is a %s update of %s", counted, level, now)
	case p.kind.compare(&s.best.reading, &s.reading) == 0:
		return fmt.Sprintf("%s; it is the same %s as %s", counted, p.kind.words().noun, now)
	}
	return fmt.Sprintf("%s; it replaces %s", counted, now)
}

// permits names what lets an older tag be chosen.
func (p *Policy) permits() string {
	if p.flux {
		return "a policy of Flux's"
	}
	return "allowDowngrade"
}

// asides are what a reviewer should know beside the reason: who signed, ties, tags
// that a filter loses, and better tags that have to wait.
func (p *Policy) asides(s *survey) string {
	var text strings.Builder
	if s.signed != "" {
		fmt.Fprintf(&text, " It is %s.", s.signed)
	}
	if s.ties == 1 {
		fmt.Fprintf(&text, " %s says the same %s.", s.tied.tag, p.kind.words().noun)
	} else if s.ties > 1 {
		fmt.Fprintf(&text, " %d other tags say the same %s, such as %s.", s.ties, p.kind.words().noun, s.tied.tag)
	}
	if s.empties > 0 {
		fmt.Fprintf(&text, " filterTags.extract yields nothing for %d.", s.empties)
	}
	if len(s.waiting) > 0 {
		fmt.Fprintf(&text, " %s %s.", s.waiting[0].Tag, s.waiting[0].Reason)
	}
	if n := s.counts[waits]; n > 1 {
		fmt.Fprintf(&text, " %d more wait.", n-1)
	}
	if n := s.counts[held]; n > 0 {
		fmt.Fprintf(&text, " %d held back: %s.", n, s.holdWords)
	}
	return text.String()
}

// amongWords name what the tags were to fit, with a space before it.
func (p *Policy) amongWords() string {
	words := ""
	if among := p.kind.words().among; among != "" {
		words = " " + among
	}
	if p.filter != nil {
		words += " after filterTags"
	}
	return words
}

// unchecked names what the policy asks for that nobody could tell.
func (p *Policy) unchecked(r Request) []string {
	if r.Facts != nil {
		return nil
	}
	var names []string
	for _, gate := range []struct {
		need Need
		name string
	}{{NeedAge, "minimumAge"}, {NeedPlatforms, "platforms"}, {NeedSignature, "verify"}} {
		if p.gates().Has(gate.need) {
			names = append(names, gate.name)
		}
	}
	return names
}

// reason says why a tag was rejected.
func (p *Policy) reason(e *entry, c *current, hold string) string {
	switch e.class {
	case notATag:
		return fmt.Sprintf("is not a valid tag: up to %d letters, digits, underscores, dots and dashes", maxTag)
	case excluded:
		return "is excluded by " + quote(e.detail)
	case unreadable:
		if p.filter != nil && e.detail != e.tag {
			return "filterTags.extract yields " + quote(e.detail) + ", which " + e.why
		}
		return e.why
	case otherForm:
		text := strings.ReplaceAll(e.why, "%c", quote(c.tag))
		if e.why == hasNotSuffix {
			return strings.ReplaceAll(text, "%s", quote(c.written.variant))
		}
		return strings.ReplaceAll(text, "%s", quote(e.written.variant))
	case prereleaseUnasked:
		if p.flux {
			return "is a prerelease, and the range doesn't ask for them"
		}
		if _, ok := p.kind.(*byVersion); ok {
			return "is a prerelease; neither the range nor prereleases asks for them"
		}
		return "is a prerelease, and prereleases is false"
	case outOfRange:
		return "is not in " + strings.TrimPrefix(p.amongWords(), " ")
	case older:
		if e.why != "" {
			return strings.ReplaceAll(e.why, "%c", quote(c.tag))
		}
		return "is older than the current tag " + quote(c.tag) + ", and allowDowngrade is false"
	case held:
		return "is held back: " + hold
	default:
		return e.why
	}
}

// noChoice counts why no tag fits.
func (p *Policy) noChoice(s *survey) *NoChoice {
	none := &NoChoice{Image: p.Image()}
	if s.listed == 0 {
		none.Reason = "the registry lists no tags"
		return none
	}
	labels := [classes]string{
		fits:              "not asked about",
		notATag:           "not valid as tags",
		excluded:          "excluded",
		filtered:          "dropped by filterTags",
		unreadable:        "not " + p.kind.words().noun + "s",
		otherForm:         "of another form than the current tag",
		prereleaseUnasked: "prereleases that nothing asks for",
		outOfRange:        "not in " + strings.TrimPrefix(p.amongWords(), " "),
		older:             "older than the current tag " + quote(s.tag),
		held:              "held back",
		waits:             "waiting",
	}
	if !s.formed {
		labels[otherForm] = "not of the form x.y.z"
	}
	var parts []string
	for why, count := range s.counts {
		if count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, labels[why]))
		}
	}
	none.Reason = fmt.Sprintf("none of %d tags fits: %s", s.listed, strings.Join(parts, ", "))
	if s.highest.tag != "" {
		none.Reason += fmt.Sprintf("; %s is the %s of these, and allowDowngrade is false", s.highest.tag, p.kind.words().superlative)
	}
	if s.empties > 0 {
		none.Reason += fmt.Sprintf("; filterTags.extract yields nothing for %d", s.empties)
	}
	if len(s.waiting) > 0 {
		none.Reason += fmt.Sprintf("; %s %s", s.waiting[0].Tag, s.waiting[0].Reason)
	}
	if s.counts[held] > 0 {
		none.Reason += "; " + s.holdWords
	}
	return none
}
