package edit

import (
	"bytes"
	"sort"
)

// joint answers whether a line keeps to itself when the template is rendered:
// {{- and -}} take away the line breaks around them.
type joint struct {
	data []byte
	list []action
}

// alone tells whether nothing can be printed right before from or right behind to.
func (j joint) alone(from, to int) bool {
	if j.trimmed(from) {
		return false
	}
	k, _ := j.next(to)
	return k < 0 || !j.list[k].trimLeft || !j.joins(k)
}

// fresh tells whether a line that begins at from, with its text at text, begins a
// line when rendered, and stands as far in as it does here.
func (j joint) fresh(from, text int) bool {
	for at := from; ; {
		before := bytes.TrimRight(j.data[:at], " \t\r\n")
		if len(bytes.TrimPrefix(before, []byte("\ufeff"))) == 0 {
			return at == from || text == from
		}
		k := j.find(len(before)) - 1
		if k < 0 || j.list[k].to != len(before) || !j.list[k].trimRight {
			return at == from
		}
		a := j.list[k]
		switch start := lineStart(j.data, a.from); {
		case a.kind == actionDefine:
			return text == from
		case a.kind == actionOpen && !a.trimLeft && at == from && len(bytes.Trim(j.data[start:a.from], " ")) == 0:
			return a.from-start == text-from && !j.trimmed(a.from)
		case a.kind != actionOpen && a.kind != actionSilent:
			return false
		}
		at = a.from
	}
}

// trimmed tells whether an action takes away the white space before offset.
func (j joint) trimmed(offset int) bool {
	before := len(bytes.TrimRight(j.data[:offset], " \t\r\n"))
	k := j.find(before) - 1
	return k >= 0 && j.list[k].to == before && j.list[k].trimRight
}

func lineStart(data []byte, at int) int { return bytes.LastIndexAny(data[:at], "\r\n") + 1 }

// find returns the index of the first action that begins at or behind offset.
func (j joint) find(offset int) int {
	return sort.Search(len(j.list), func(i int) bool { return j.list[i].from >= offset })
}

// next returns the action that follows with only white space between, -1 where
// there is none, and the offset of what follows the white space.
func (j joint) next(offset int) (k, text int) {
	text = len(j.data) - len(bytes.TrimLeft(j.data[offset:], " \t\r\n"))
	if k = j.find(text); k < len(j.list) && j.list[k].from == text {
		return k, text
	}
	return -1, text
}

// joins tells whether the action, or what it leads to, may print something
// where the action stands.
func (j joint) joins(i int) bool {
	a := &j.list[i]
	if a.joins == joinUnknown {
		a.joins = joinNo // for a way that comes back here
		if j.leadsToText(i) {
			a.joins = joinYes
		}
	}
	return a.joins == joinYes
}

func (j joint) leadsToText(i int) bool {
	switch a := j.list[i]; a.kind {
	case actionLine:
		return false
	case actionEnd:
		return j.list[a.open].kind == actionRange && j.textFollows(a.open) || j.textFollows(i)
	case actionSilent:
		return j.textFollows(i)
	case actionElse, actionDefine:
		return j.textFollows(a.end)
	case actionOpen, actionRange:
		for b := i; b != a.end; b = j.list[b].next {
			if j.textFollows(b) {
				return true
			}
		}
		return j.textFollows(a.end)
	default:
		return true
	}
}

// textFollows tells whether something may be printed behind an action before the
// next line break.
func (j joint) textFollows(i int) bool {
	a := j.list[i]
	k, text := j.next(a.to)
	switch {
	case k >= 0 && (a.trimRight || j.list[k].trimLeft):
		return j.joins(k)
	case !a.trimRight && breaksIn(j.data[a.to:text]):
		return false
	case k >= 0:
		return j.joins(k)
	}
	return text < len(j.data)
}

// maxSteps bounds how many places goesOn looks at in all of a template.
const maxSteps = 1 << 19

// goesOn tells whether in any branch what is printed next behind offset may stand
// further in than column: it would continue a plain value there. Where there are too
// many branches to say, it may.
func (t *template) goesOn(offset, column int) bool {
	return walk{joint{t.src.data, t.actions}, column, map[stand]bool{}, &t.steps}.deeper(stand{offset: offset})
}

// walk follows the ways that a template may take from a place to the next text.
type walk struct {
	joint
	column int
	seen   map[stand]bool
	steps  *int
}

// stand is a place on such a way. further: the blanks before an action on the way
// stand further in than the column. behind: nothing but an action is between the
// text and those blanks.
type stand struct {
	offset          int
	further, behind bool
}

func (w walk) deeper(s stand) bool {
	if w.seen[s] {
		return false
	}
	w.seen[s] = true
	if *w.steps++; *w.steps > maxSteps {
		return true
	}
	k, text := w.next(s.offset)
	if k < 0 {
		start := lineStart(w.data, text)
		behind := s.behind || len(bytes.Trim(w.data[start:text], " ")) > 0
		return text < len(w.data) && w.data[text] != '#' && (text-start > w.column || behind && s.further)
	}
	a := w.list[k]
	further := s.further || !a.trimLeft && a.from-lineStart(w.data, a.from) > w.column
	behind := func(i int) bool { return w.deeper(stand{w.list[i].to, further, w.list[i].trimRight}) }
	switch a.kind {
	case actionElse, actionDefine:
		return behind(a.end)
	case actionEnd:
		return w.list[a.open].kind == actionRange && behind(a.open) || behind(k)
	case actionOpen, actionRange:
		for b := k; b != a.end; b = w.list[b].next {
			if behind(b) {
				return true
			}
		}
		return behind(a.end)
	case actionOutput, actionBlock:
		return further || behind(k)
	default:
		return behind(k)
	}
}
