package registry

import (
	"fmt"
	"slices"
	"strings"
)

// tagList gathers the tags of a list's pages.
type tagList struct {
	tags    []string
	max     int
	dropped int    // that no image can have
	sample  string // the first of them
}

// isTag holds a text against the OCI distribution specification's grammar
// (section "Pulling manifests"): [A-Za-z0-9_][A-Za-z0-9._-]{0,127}
func isTag(text string) bool {
	if text == "" || len(text) > 128 || text[0] == '.' || text[0] == '-' {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (l *tagList) add(tag string) error {
	if !isTag(tag) {
		if l.dropped == 0 {
			l.sample = strings.Clone(cut(tag, maxMessage))
		}
		l.dropped++
		return nil
	}
	if len(l.tags) >= l.max {
		return l.tooMany()
	}
	l.tags = append(l.tags, tag)
	return nil
}

func (l *tagList) tooMany() error {
	return fmt.Errorf("%w: the list has more than %d tags", ErrBadAnswer, l.max)
}

// addKnown adds the tags of a page that was read before.
func (l *tagList) addKnown(p *knownPage) error {
	if l.dropped == 0 {
		l.sample = p.sample
	}
	l.dropped += p.dropped
	if len(l.tags)+len(p.tags) > l.max {
		return l.tooMany()
	}
	l.tags = append(l.tags, p.tags...)
	return nil
}

// addPage adds the tags of one page, a JSON object. They are parts of text, and
// keep it in memory.
func (l *tagList) addPage(text string) error {
	l.tags = slices.Grow(l.tags, min(strings.Count(text, `",`)+1, l.max-len(l.tags)))
	before := *l
	plain, err := l.scan(text)
	if plain || err != nil {
		return err
	}
	*l = before
	return l.decode(text)
}

// mostBallast is how much more of a page's text than its tags may be kept in memory.
const mostBallast = 64 << 10

// unburden lets go of the text of a page, of so many bytes, that holds little but
// blanks: ten thousand such pages, each with one tag that keeps it, fill any memory,
// and cost their sender next to nothing when they are compressed.
func (l *tagList) unburden(before, size int) {
	tags := l.tags[before:]
	kept := 0
	for _, tag := range tags {
		kept += len(tag)
	}
	if size-kept > kept+mostBallast {
		copy(tags, packed(tags))
	}
}

// scan reads what nearly all registries answer: an object of strings and one list
// of strings, without escapes. It gives up, with false, on all else.
func (l *tagList) scan(text string) (plain bool, err error) {
	s := scanner{text: text}
	if !s.take('{') {
		return false, nil
	}
	for seen := false; ; {
		key, ok := s.string()
		if !ok || !s.take(':') {
			return false, nil
		}
		switch {
		case key == "tags" && !seen:
			seen = true
			if ok, err = l.scanTags(&s); !ok || err != nil {
				return false, err
			}
		case strings.EqualFold(key, "tags"):
			return false, nil
		default:
			if _, ok := s.string(); !ok {
				return false, nil
			}
		}
		if !s.take(',') {
			return s.take('}') && s.atEnd(), nil
		}
	}
}

func (l *tagList) scanTags(s *scanner) (plain bool, err error) {
	if !s.take('[') {
		return false, nil
	}
	if s.take(']') {
		return true, nil
	}
	for {
		tag, ok := s.string()
		if !ok {
			return false, nil
		}
		if err := l.add(tag); err != nil {
			return false, err
		}
		if !s.take(',') {
			return s.take(']'), nil
		}
	}
}
