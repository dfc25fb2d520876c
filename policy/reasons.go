package policy

import (
	"fmt"
	"strings"
)

// explain puts the choice among the entries that fit into words.
func (p *Policy) explain(fit, rejected []entry, c current) Choice {
	won := fit[0]
	choice := Choice{
		Tag:        won.tag,
		Changed:    won.tag != c.tag,
		Level:      levelOf(c, won),
		Candidates: make([]Candidate, 0, len(fit)+len(rejected)),
	}
	choice.Reason = p.sentence(won, c, len(fit), len(fit)+len(rejected), choice.Level)
	verdict := Candidate{won.tag, Chosen, "the highest version that fits " + p.rangeWords()}
	if !choice.Changed {
		verdict.Reason = "in use; " + verdict.Reason
	}
	choice.Candidates = append(choice.Candidates, verdict)
	for _, e := range fit[1:] {
		reason := "fits, but " + won.tag + " is higher"
		if e.version.Equal(won.version) {
			reason = "says the same version as " + won.tag
			if won.tag == c.tag {
				reason += ", which is in use"
			} else {
				reason += ", which wins the tie"
			}
		}
		choice.Candidates = append(choice.Candidates, Candidate{e.tag, PassedOver, reason})
	}
	for _, e := range rejected {
		choice.Candidates = append(choice.Candidates, Candidate{e.tag, Rejected, p.against(e, c)})
	}
	return choice
}

// sentence is the choice's own reason.
func (p *Policy) sentence(won entry, c current, fit, all int, level Level) string {
	counted := fmt.Sprintf("the highest of the %d tags that fit %s, out of %d listed", fit, p.rangeWords(), all)
	if fit == 1 {
		counted = fmt.Sprintf("the only tag that fits %s, out of %d listed", p.rangeWords(), all)
	}
	switch {
	case won.tag == c.tag:
		return fmt.Sprintf("%s is in use already: it is %s.", won.tag, counted)
	case c.tag == "":
		return fmt.Sprintf("%s is %s.", won.tag, counted)
	case c.level == nil:
		return fmt.Sprintf("%s is %s; the current tag %s is not a version to compare with.", won.tag, counted, quote(c.tag))
	case won.version.LessThan(c.level):
		return fmt.Sprintf("%s is %s; it is older than %s, which allowDowngrade permits.", won.tag, counted, quote(c.tag))
	case level == LevelOther:
		return fmt.Sprintf("%s is %s; it is the same version as %s.", won.tag, counted, quote(c.tag))
	}
	return fmt.Sprintf("%s is %s; it is a %s update of %s.", won.tag, counted, level, quote(c.tag))
}

// rangeWords names the range as the file writes it.
func (p *Policy) rangeWords() string {
	words := "the range " + quote(strings.Join(strings.Fields(p.Spec.Policy.Semver.Range), " "))
	if p.filter != nil {
		words += " after filterTags"
	}
	return words
}

// against says why a tag was rejected.
func (p *Policy) against(e entry, c current) string {
	switch e.class {
	case notATag:
		return fmt.Sprintf("is not a valid tag: up to %d letters, digits, underscores, dots and dashes", maxTag)
	case excluded:
		return "is excluded by " + quote(e.detail)
	case prereleaseUnasked:
		return "is a prerelease; neither the range nor prereleases asks for them"
	case outOfRange:
		return "is not in " + p.rangeWords()
	case older:
		return "is older than the current tag " + quote(c.tag) + ", and allowDowngrade is false"
	default:
		return e.detail
	}
}

// noChoice counts why no tag fits.
func (p *Policy) noChoice(rejected []entry, c current) *NoChoice {
	none := &NoChoice{Image: p.Image(), Candidates: make([]Candidate, 0, len(rejected))}
	var counts [older + 1]int
	var highest *entry
	for i, e := range rejected {
		counts[e.class]++
		if e.class == older && (highest == nil || best(e, *highest) < 0) {
			highest = &rejected[i]
		}
		none.Candidates = append(none.Candidates, Candidate{e.tag, Rejected, p.against(e, c)})
	}
	if len(rejected) == 0 {
		none.Reason = "the registry lists no tags"
		return none
	}
	var parts []string
	labels := [older + 1]string{
		notATag:           "not valid as tags",
		excluded:          "excluded",
		filtered:          "dropped by filterTags",
		notAVersion:       "not versions",
		otherForm:         "of another form than the current tag",
		prereleaseUnasked: "prereleases that nothing asks for",
		outOfRange:        "not in " + p.rangeWords(),
		older:             "older than the current tag " + quote(c.tag),
	}
	if c.form == nil {
		labels[otherForm] = "not of the form x.y.z"
	}
	for why, count := range counts {
		if count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, labels[why]))
		}
	}
	none.Reason = fmt.Sprintf("none of %d tags fits: %s", len(rejected), strings.Join(parts, ", "))
	if highest != nil {
		none.Reason += fmt.Sprintf("; %s is the highest of these, and allowDowngrade is false", highest.tag)
	}
	return none
}

// levelOf says which part of the version the change moves.
func levelOf(c current, won entry) Level {
	if won.tag == c.tag {
		return LevelNone
	}
	if c.level == nil {
		return LevelOther
	}
	from, to := c.level, won.version
	switch {
	case from.Major() != to.Major():
		return LevelMajor
	case from.Minor() != to.Minor():
		return LevelMinor
	case from.Patch() != to.Patch() || from.Prerelease() != to.Prerelease():
		return LevelPatch
	}
	return LevelOther
}
