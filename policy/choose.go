package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Choose gives the tag that the policy wants. It depends on nothing but the
// policy and the request, and not on the order of the tags or on duplicates
// among them: asked again with the chosen tag as the current one, it gives the
// same tag. Without Facts it is one pass over the tags that makes next to no
// garbage.
//
// The error, when no tag fits, is a *[NoChoice]; otherwise it is the witness's.
func (p *Policy) Choose(r Request) (Choice, error) {
	s, err := p.survey(r)
	if err != nil {
		return Choice{}, err
	}
	return p.settle(r, s)
}

// A survey is what one pass over the tags found.
type survey struct {
	current
	foreign bool // another image stands in the manifest
	listed  int
	counts  [classes]int
	best    entry   // of those that fit; its tag is empty where none does
	highest entry   // of those that are older, to say what there would be
	empties int     // tags for which extract yields nothing
	fit     []entry // the best that fit, where they must be walked through, the best first
	stay    entry   // the current tag, where it fits and they are walked through
	gaveUp  int     // how many were asked about in vain, where others weren't
	dropped []entry // those that fit but for what the facts said of their times
	ties    int     // other tags that say the same as the best
	tied    entry   // the best of these
	waiting []Candidate
	digest  string // of the chosen image, where the facts told it
	signed  string // by whom, where the facts told it
	keep    bool

	holdWords string
}

// survey looks at every tag once.
func (p *Policy) survey(r Request) (*survey, error) {
	s := &survey{current: p.current(r), foreign: r.Foreign, listed: len(r.Tags)}
	if r.Hold != nil {
		s.holdWords = shorten(r.Hold.Words)
	}
	if _, timed := p.kind.(byCreation); timed && r.Facts == nil {
		return nil, &NoChoice{Image: p.Image(), Reason: "nobody tells when the images were created"}
	}
	walk := r.Facts != nil && p.Needs() != 0
	var e entry
	for _, tag := range r.Tags {
		class := p.judge(tag, &s.current, &e)
		if class == fits && p.holds(r, s, &e) {
			class = held
		}
		s.counts[class]++
		switch {
		case class == fits && walk:
			p.keep(s, &e)
		case class == fits:
			p.prefer(s, &e)
		case class == older:
			if s.highest.tag == "" || p.better(&e, &s.highest, s.tag) > 0 {
				s.highest = e
			}
		case class == filtered && e.why == extractsNothing:
			s.empties++
		}
	}
	if !walk {
		return s, nil
	}
	return s, p.walk(r, s)
}

// prefer keeps the best of the tags that fit, and counts those that say the same.
func (p *Policy) prefer(s *survey, e *entry) {
	if s.best.tag == "" {
		s.best = *e
		return
	}
	switch compared := p.kind.compare(&e.reading, &s.best.reading); {
	case e.tag == s.best.tag || compared < 0:
	case compared > 0:
		s.best, s.ties = *e, 0
	default:
		loser := *e
		if p.better(e, &s.best, s.tag) > 0 {
			s.best, loser = *e, s.best
		}
		if s.ties++; s.ties == 1 || p.better(&loser, &s.tied, s.tag) > 0 {
			s.tied = loser
		}
	}
}

// holds reports whether the one tag is held that can't be compared with others. By
// creation times all can be, once they are known.
func (p *Policy) holds(r Request, s *survey, e *entry) bool {
	if _, timed := p.kind.(byCreation); timed {
		return false
	}
	return r.Hold != nil && s.hold == nil && e.tag == r.Hold.Tag && e.tag != s.tag
}

// better is positive where a is to be preferred to b: by the kind's own order;
// then the current tag, since an equal version in another form is no reason to
// change; then the one written most fully (more numbers, then more characters),
// then the later one bytewise. It is 0 for the same tag alone.
func (p *Policy) better(a, b *entry, current string) int {
	if c := p.kind.compare(&a.reading, &b.reading); c != 0 {
		return c
	}
	if a.tag == b.tag {
		return 0
	}
	switch current {
	case a.tag:
		return 1
	case b.tag:
		return -1
	}
	return cmp.Or(
		cmp.Compare(a.written.parts, b.written.parts),
		cmp.Compare(len(a.tag), len(b.tag)),
		strings.Compare(a.tag, b.tag),
	)
}

// rank sorts entries, the best first, and leaves out duplicates.
func (p *Policy) rank(entries []entry, current string) []entry {
	slices.SortFunc(entries, func(a, b entry) int { return p.better(&b, &a, current) })
	return slices.CompactFunc(entries, func(a, b entry) bool { return a.tag == b.tag })
}

// Compare orders two tags as the policy does: positive where the policy prefers
// a. It is not ok where it can't read one of them.
func (p *Policy) Compare(a, b string) (order int, ok bool) {
	var readA, readB reading
	if _, timed := p.kind.(byCreation); timed || !p.reads(a, &readA) || !p.reads(b, &readB) {
		return 0, false
	}
	return p.kind.compare(&readA, &readB), true
}
