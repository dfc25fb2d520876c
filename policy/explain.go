package policy

import (
	"errors"
	"slices"
)

// Explain chooses as [Policy.Choose] does, and says of every tag of the request
// what became of it, once each: those that fit, the best first, then those that
// wait, then the rejected ones bytewise. A *[NoChoice] has candidates too.
func (p *Policy) Explain(r Request) (Choice, []Candidate, error) {
	s, err := p.survey(r)
	if err != nil {
		return Choice{}, nil, err
	}
	choice, err := p.settle(r, s)
	var none *NoChoice
	if err != nil && !errors.As(err, &none) {
		return choice, nil, err
	}
	return choice, p.candidates(r, s), err
}

// candidates works out the words for every tag.
func (p *Policy) candidates(r Request, s *survey) []Candidate {
	waiting := map[string]Candidate{}
	for _, c := range s.waiting {
		waiting[c.Tag] = c
	}
	dated := map[string]*entry{}
	for i := range s.fit {
		dated[s.fit[i].tag] = &s.fit[i]
	}
	for i := range s.dropped {
		dated[s.dropped[i].tag] = &s.dropped[i]
	}
	tags := slices.Clone(r.Tags)
	slices.Sort(tags)
	var fit, waits, rejected = []entry{}, []Candidate{}, []Candidate{}
	for _, tag := range slices.Compact(tags) {
		var e entry
		class := p.judge(tag, &s.current, &e)
		if class == fits && p.holds(r, s, &e) {
			e.class, class = held, held
		}
		if known := dated[tag]; class == fits && known != nil {
			e, class = *known, known.class
		}
		waiter, isWaiting := waiting[tag]
		switch {
		case isWaiting && tag != s.best.tag:
			waits = append(waits, waiter)
		case class == fits:
			fit = append(fit, e)
		default:
			rejected = append(rejected, Candidate{Tag: tag, Verdict: Rejected, Reason: p.reason(&e, &s.current, s.holdWords)})
		}
	}
	return slices.Concat(p.fitting(p.rank(fit, s.tag), s), waits, rejected)
}

// fitting says of the tags that fit which is chosen, and why not the others.
func (p *Policy) fitting(ranked []entry, s *survey) []Candidate {
	words := p.kind.words()
	all := make([]Candidate, 0, len(ranked))
	for i := range ranked {
		if e := &ranked[i]; e.tag == s.best.tag {
			why := "the " + words.superlative + " " + words.noun + " that fits" + p.amongWords()
			if e.tag == s.tag {
				why = "in use; " + why
			}
			all = append(all, Candidate{Tag: e.tag, Verdict: Chosen, Reason: why})
		}
	}
	for i := range ranked {
		e := &ranked[i]
		if e.tag == s.best.tag {
			continue
		}
		why := "fits, but " + s.best.tag + " is " + words.comparative
		switch compared := p.kind.compare(&e.reading, &s.best.reading); {
		case s.best.tag == "":
			why = "fits, but wasn't asked about"
		case compared == 0 && s.best.tag == s.tag:
			why = "says the same " + words.noun + " as " + s.best.tag + ", which is in use"
		case compared == 0:
			why = "says the same " + words.noun + " as " + s.best.tag + ", which wins the tie"
		case compared > 0:
			why = "fits, but wasn't asked about"
		case i > 0 && p.kind.compare(&e.reading, &ranked[i-1].reading) == 0:
			why += "; says the same " + words.noun + " as " + ranked[i-1].tag
		}
		all = append(all, Candidate{Tag: e.tag, Verdict: PassedOver, Reason: why})
	}
	return all
}
