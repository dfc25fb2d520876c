package edit

import (
	"bytes"
	"strings"
)

// maxActions is how many actions a template may have.
const maxActions = 10_000

// action is a {{ }} of a Go template (text/template).
type action struct {
	from, to            int
	kind                actionKind
	trimLeft, trimRight bool // {{- and -}}
	// next is the action that ends the branch that this one begins (else or end),
	// and end the one that ends the whole construct; indices, 0 for none.
	next, end int
	open      int // of an end: what it ends
	joins     joinState
}

type actionKind int

const (
	actionOutput actionKind = iota // prints, perhaps, right where it stands
	actionLine                     // prints, but begins with a new line (nindent)
	actionSilent                   // a comment or an assignment
	actionOpen                     // if, with
	actionRange
	actionDefine // what follows is printed elsewhere
	actionBlock  // prints what another template may have defined
	actionElse
	actionEnd
)

type joinState int

const (
	joinUnknown joinState = iota
	joinNo
	joinYes
)

// scanActions finds the actions of a template by the rules of text/template's
// lexer. It returns false where the template isn't well-formed.
func scanActions(data []byte) ([]action, bool) {
	var list []action
	for i := 0; ; {
		n := bytes.Index(data[i:], []byte("{{"))
		if n < 0 {
			return list, nest(list)
		}
		a := action{from: i + n}
		if len(list) == maxActions || !a.scan(data) {
			return nil, false
		}
		list = append(list, a)
		i = a.to
	}
}

// scan reads the action that begins at a.from.
func (a *action) scan(data []byte) bool {
	i := a.from + 2
	if i+1 < len(data) && data[i] == '-' && isTemplateSpace(data[i+1]) {
		a.trimLeft = true
		i += 2
	}
	for a.trimLeft && i < len(data) && isTemplateSpace(data[i]) {
		i++
	}
	if bytes.HasPrefix(data[i:], []byte("/*")) {
		return a.scanComment(data, i)
	}
	for start := i; i < len(data); {
		switch c := data[i]; {
		case bytes.HasPrefix(data[i:], []byte("}}")):
			a.to = i + 2
			text := data[start:i]
			if n := len(text); n > 1 && text[n-1] == '-' && isTemplateSpace(text[n-2]) {
				a.trimRight = true
				text = text[:n-1]
			}
			a.kind = kindOf(string(text))
			return true
		case c == '"' || c == '\'' || c == '`':
			n := quotedLen(data[i:], c)
			if n == 0 {
				return false
			}
			i += n
		default:
			i++
		}
	}
	return false
}

// scanComment reads a comment, whose /* stands at i; nothing but the action's end
// may follow it.
func (a *action) scanComment(data []byte, i int) bool {
	n := bytes.Index(data[i:], []byte("*/"))
	if n < 0 {
		return false
	}
	a.kind = actionSilent
	i += n + 2
	for i < len(data) && isTemplateSpace(data[i]) {
		i++
	}
	a.trimRight = bytes.HasPrefix(data[i:], []byte("-}}"))
	if a.trimRight {
		i++
	}
	a.to = i + 2
	return bytes.HasPrefix(data[i:], []byte("}}"))
}

func isTemplateSpace(c byte) bool { return isBlank(c) || c == '\n' || c == '\r' }

// quotedLen returns the length of a Go string, raw string or character constant
// at the start of data, 0 where it isn't closed.
func quotedLen(data []byte, quote byte) int {
	for i := 1; i < len(data); i++ {
		switch c := data[i]; {
		case c == quote:
			return i + 1
		case c == '\\' && quote != '`':
			i++
		case c == '\n' && quote != '`':
			return 0
		}
	}
	return 0
}

// kindOf tells what an action does by its text.
func kindOf(text string) actionKind {
	words := strings.Fields(text)
	if len(words) == 0 {
		return actionOutput
	}
	switch words[0] {
	case "if", "with":
		return actionOpen
	case "range":
		return actionRange
	case "define":
		return actionDefine
	case "block":
		return actionBlock
	case "else":
		return actionElse
	case "end":
		return actionEnd
	}
	if strings.HasPrefix(words[0], "$") && len(words) > 2 && (words[1] == ":=" || words[1] == "=") {
		return actionSilent
	}
	if n := len(words); n > 3 && words[n-3] == "|" && words[n-2] == "nindent" && isDigits(words[n-1]) {
		return actionLine
	}
	return actionOutput
}

// nest finds where each construct goes on and ends.
func nest(list []action) bool {
	var opens [][]int // for each open construct, the actions that began its branches
	for i := range list {
		switch list[i].kind {
		case actionOpen, actionRange, actionDefine, actionBlock:
			opens = append(opens, []int{i})
		case actionElse, actionEnd:
			if len(opens) == 0 {
				return false
			}
			branches := opens[len(opens)-1]
			list[branches[len(branches)-1]].next = i
			if list[i].kind == actionElse {
				opens[len(opens)-1] = append(branches, i)
				continue
			}
			for _, b := range branches {
				list[b].end = i
			}
			list[i].open = branches[0]
			opens = opens[:len(opens)-1]
		default:
		}
	}
	return len(opens) == 0
}

// branches returns for each action the one whose branch it leaves us in: -1
// outside of all constructs.
func branches(list []action) []int {
	in := make([]int, len(list))
	var open []int
	for i, a := range list {
		switch a.kind {
		case actionOpen, actionRange, actionDefine, actionBlock:
			open = append(open, i)
		case actionElse:
			open[len(open)-1] = i
		case actionEnd:
			open = open[:len(open)-1]
		default:
		}
		in[i] = -1
		if len(open) > 0 {
			in[i] = open[len(open)-1]
		}
	}
	return in
}
