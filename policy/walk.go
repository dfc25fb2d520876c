package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// firstAsked is how many tags a witness is asked about at first, then twice
	// as many each time: mostly the best tag will do, and each costs requests.
	firstAsked = 2
	// maxAsked bounds the tags that are asked about for one choice.
	maxAsked = 200
	// maxKept bounds the tags that are kept for that: more than are ever asked about.
	maxKept = 2*maxNewest + 2*maxAsked
	// maxWaiting bounds the waiting tags that a choice tells of; Explain has all.
	maxWaiting = 10
)

// keep adds a tag to those that are walked through. Of a million no more are kept than
// can be asked about.
func (p *Policy) keep(s *survey, e *entry) {
	if e.tag == s.tag {
		s.stay = *e
	}
	if s.fit = append(s.fit, *e); len(s.fit) >= 2*maxKept {
		p.rankFit(s)
		s.fit = s.fit[:min(len(s.fit), maxKept)]
	}
}

// rankFit puts the best first, and counts and keeps each once.
func (p *Policy) rankFit(s *survey) {
	s.counts[fits] -= len(s.fit)
	s.fit = p.rank(s.fit, s.tag)
	s.counts[fits] += len(s.fit)
}

// walk asks for the facts of the tags that fit, the best first, until one
// passes. The current tag passes unasked: staying is always allowed. It is only
// asked about where its digest would be written, and then stays as it is when it
// doesn't pass.
func (p *Policy) walk(r Request, s *survey) error {
	if _, ok := p.kind.(byCreation); ok {
		if err := p.date(r, s); err != nil {
			return err
		}
	}
	p.rankFit(s)
	if p.gates() == 0 {
		for i := range s.fit {
			p.prefer(s, &s.fit[i])
		}
		return nil
	}
	return p.pass(r, s)
}

// pass finds the best tag whose image shows what the policy asks for.
func (p *Policy) pass(r Request, s *survey) error {
	asked := 0
	for size := firstAsked; asked < min(len(s.fit), maxAsked); size *= 2 {
		batch := s.fit[asked:min(asked+size, len(s.fit), maxAsked)]
		if i := slices.IndexFunc(batch, func(e entry) bool { return e.tag == s.tag && !p.asksCurrent(r) }); i >= 0 {
			batch = batch[:i+1]
		}
		passed, err := p.admit(r, s, batch)
		if passed || err != nil {
			return err
		}
		if asked += len(batch); asked >= maxAsked && asked < len(s.fit) {
			s.gaveUp = asked
			s.best, s.keep = s.stay, s.stay.tag != "" && p.asksCurrent(r)
			return nil
		}
	}
	return nil
}

// admit asks about a batch and takes the first that passes.
func (p *Policy) admit(r Request, s *survey, batch []entry) (passed bool, err error) {
	var tags []string
	for _, e := range batch {
		if e.tag != s.tag || p.asksCurrent(r) {
			tags = append(tags, e.tag)
		}
	}
	var facts []Facts
	if len(tags) > 0 {
		if facts, err = p.ask(r, p.gates(), tags); err != nil {
			return false, err
		}
	}
	for i, e := range batch {
		if i >= len(facts) { // the current tag, which stands last
			s.best = e
			return true, nil
		}
		why := p.gate(facts[i], r.Now)
		if why == "" || e.tag == s.tag && !r.Foreign && facts[i].Digest == r.CurrentDigest {
			s.best, s.digest, s.signed = e, facts[i].Digest, facts[i].Signature
			return true, nil
		}
		s.waiting = append(s.waiting, Candidate{Tag: e.tag, Verdict: Waits, Reason: why, Until: p.ripe(facts[i], r.Now)})
		if e.tag == s.tag {
			// What is in use stays in use, though its tag has moved on.
			s.best, s.keep = e, true
			return true, nil
		}
		s.counts[fits]--
		s.counts[waits]++
	}
	return false, nil
}

// asksCurrent reports whether another image is to be written though the tag stays.
func (p *Policy) asksCurrent(r Request) bool {
	return r.Foreign || p.FollowsDigest() || p.Spec.Pin == PinDigest && r.CurrentDigest == ""
}

func (p *Policy) ask(r Request, need Need, tags []string) ([]Facts, error) {
	facts, err := r.Facts(need, tags)
	if err == nil && len(facts) != len(tags) {
		err = fmt.Errorf("asking about %d tags of %q: the witness told of %d", len(tags), p.Image(), len(facts))
	}
	return facts, err
}

// gate says what an image lacks, or nothing.
func (p *Policy) gate(f Facts, now time.Time) string {
	if f.Problem != "" {
		return f.Problem
	}
	if age := p.Spec.MinimumAge; age > 0 {
		if f.Since.IsZero() {
			return "its age isn't known"
		}
		if left := f.Since.Add(age).Sub(now); left > 0 {
			how := "was first seen at"
			if f.Guessed {
				how = "says, with no record of its first sighting, that it was created at"
			}
			return fmt.Sprintf("%s %s; minimumAge %s is reached in %s",
				how, f.Since.UTC().Format(time.RFC3339), short(age), short(roundUp(left)))
		}
	}
	var missing []string
	for _, wanted := range p.Spec.Platforms {
		has := func(platform string) bool { return platform == wanted || strings.HasPrefix(platform, wanted+"/") }
		if !slices.ContainsFunc(f.Platforms, has) {
			missing = append(missing, wanted)
		}
	}
	if len(missing) > 0 {
		return "has not the platform " + strings.Join(missing, ", ")
	}
	if p.Spec.Verify != nil && f.Signature == "" {
		return "is not signed as verify asks"
	}
	return ""
}

// ripe is when an image is old enough that isn't yet; zero where age isn't what it lacks.
func (p *Policy) ripe(f Facts, now time.Time) time.Time {
	at := f.Since.Add(p.Spec.MinimumAge)
	if f.Problem != "" || p.Spec.MinimumAge <= 0 || f.Since.IsZero() || !at.After(now) {
		return time.Time{}
	}
	return at.UTC()
}

// short writes a duration without its empty parts: 72h, 1h30m.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func roundUp(d time.Duration) time.Duration {
	unit := time.Second
	if d > time.Hour {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

// date fills in creation times, and drops what has none, what is older than the
// current image and what is held. The current tag and the held one are asked about
// even where they don't fit: what they stand for sets the bounds.
func (p *Policy) date(r Request, s *survey) error {
	p.rankFit(s)
	if len(s.fit) > maxNewest {
		return &NoChoice{Image: p.Image(), Reason: fmt.Sprintf(
			"%d tags would have to be asked for their creation times, and at most %d are; narrow them by filterTags", s.counts[fits], maxNewest)}
	}
	if len(s.fit) == 0 {
		return nil
	}
	tags := make([]string, len(s.fit), len(s.fit)+2)
	for i, e := range s.fit {
		tags[i] = e.tag
	}
	for _, bound := range []string{s.tag, r.heldTag()} {
		if isTag(bound) && !slices.Contains(tags, bound) {
			tags = append(tags, bound)
		}
	}
	facts, err := p.ask(r, NeedCreated, tags)
	if err != nil {
		return err
	}
	s.known = false
	var upTo int64 // what is held
	for i, tag := range tags {
		if facts[i].Created.IsZero() {
			continue
		}
		when := facts[i].Created.UnixNano()
		if i < len(s.fit) {
			s.fit[i].when = when
		}
		if tag == s.tag {
			s.known, s.when = true, when
		}
		if tag == r.heldTag() {
			upTo = when
		}
	}
	p.dropByTime(s, upTo)
	return nil
}

func (r Request) heldTag() string {
	if r.Hold == nil {
		return ""
	}
	return r.Hold.Tag
}

// dropByTime drops what has no creation time, what is older than the current image,
// and what is held: all that is newer than it up to the given time.
func (p *Policy) dropByTime(s *survey, upTo int64) {
	dated := s.fit[:0]
	for _, e := range s.fit {
		switch {
		case e.when == 0 && e.tag != s.tag:
			e.class, e.why = unreadable, "has no creation time"
		case s.known && e.when < s.when && !p.Spec.AllowDowngrade:
			e.class = older
			if s.highest.tag == "" || p.better(&e, &s.highest, s.tag) > 0 {
				s.highest = e
			}
		case e.when <= upTo && e.tag != s.tag && (!s.known || e.when > s.when):
			e.class = held
		default:
			dated = append(dated, e)
			continue
		}
		s.counts[fits]--
		s.counts[e.class]++
		s.dropped = append(s.dropped, e)
	}
	s.fit = dated
}
