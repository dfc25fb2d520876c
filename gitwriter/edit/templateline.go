package edit

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// templateLine is a line that is being read; at is how far.
type templateLine struct {
	t              *template
	start, end, at int
}

func (l *templateLine) column() int { return l.at - l.start }

func (l *templateLine) read() {
	t := l.t
	for l.dash() {
		if !t.item(l.column()) {
			l.pass(whyText)
			return
		}
		l.at++
		for l.at < l.end && t.masked[l.at] == ' ' {
			l.at++
		}
		if l.at == l.end || t.masked[l.at] == '#' {
			return
		}
	}
	key, value, ok := splitKey(t.masked[l.at:l.end])
	if !ok {
		l.value()
		return
	}
	n := l.node(l.at, string(t.src.data[l.at:l.at+key]))
	n.Value = strings.Trim(n.Value, `"'`)
	if !t.key(l.column(), n) {
		l.at += value
		l.pass(whyText)
		return
	}
	t.branch[n] = t.branchAt(l.start)
	l.at += value
	l.value()
}

// dash tells whether an item of a sequence begins here.
func (l *templateLine) dash() bool {
	return l.at < l.end && l.t.masked[l.at] == '-' && (l.at+1 == l.end || l.t.masked[l.at+1] == ' ')
}

// splitKey returns the length of a key at the start of a line, and where the value
// behind it begins.
func splitKey(line []byte) (key, value int, ok bool) {
	i := 0
	if q := line[0]; q == '"' || q == '\'' {
		n := bytes.IndexByte(line[1:], q)
		if n < 0 {
			return 0, 0, false
		}
		i = n + 2
	}
	for ; i < len(line); i++ {
		if line[i] == '#' && i > 0 && isBlank(line[i-1]) {
			return 0, 0, false
		}
		if line[i] == ':' && (i+1 == len(line) || isBlank(line[i+1])) {
			break
		}
	}
	if i == len(line) {
		return 0, 0, false
	}
	key = len(bytes.TrimRight(line[:i], " \t"))
	return key, len(line) - len(bytes.TrimLeft(line[i+1:], " \t")), true
}

// node makes a scalar of the text at an offset.
func (l *templateLine) node(offset int, value string) *yaml.Node {
	line, column := l.t.src.position(offset)
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: value, Line: line, Column: column}
}

// branchAt returns the branch that an offset lies in.
func (t *template) branchAt(offset int) int {
	k := joint{t.masked, t.actions}.find(offset) - 1
	if k < 0 {
		return -1
	}
	return t.within[k]
}

// value reads the value at the line's place, behind a key or a dash.
func (l *templateLine) value() {
	t := l.t
	top := t.top()
	text := bytes.TrimRight(t.masked[l.at:l.end], " \t")
	switch {
	case len(text) == 0 || text[0] == '#':
		return // the value is below
	case (text[0] == '&' || text[0] == '!') && !bytes.ContainsAny(text, " \t"):
		return // here too, behind its anchor or tag
	case top == nil:
		top = t.only()
	case !top.open:
		t.revoke()
		return // the text of a value above
	}
	top.set(unknown())
	n, from, ok := l.scalar(text)
	if !ok {
		return
	}
	masked := t.masked[from : from+len(n.Value)]
	if bytes.IndexByte(masked, maskByte) >= 0 {
		t.held[n] = true
	} else if bytes.IndexByte(t.masked[l.start:l.at], maskByte) >= 0 || !(joint{t.src.data, t.actions}).alone(l.start, l.end) {
		l.pass(whyJoint)
		return
	}
	if n.Style == 0 && t.goesOn(l.end, top.column) {
		l.pass(whyGoesOn)
		return
	}
	top.set(n)
}

// scalar makes a node of a value that stands on its line whole, and returns the
// offset of its text. It reads no escapes.
func (l *templateLine) scalar(text []byte) (n *yaml.Node, from int, ok bool) {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		end := bytes.IndexByte(text[1:], c) + 1
		if end == 0 {
			l.t.quote = c
			return nil, 0, false
		}
		rest := text[end+1:]
		if bytes.IndexByte(text[:end], '\\') >= 0 || len(rest) > 0 && !isBlank(rest[0]) || !blankOrComment(rest) {
			return nil, 0, false
		}
		n = l.node(l.at, string(l.t.src.data[l.at+1:l.at+end]))
		n.Style = yaml.DoubleQuotedStyle
		if c == '\'' {
			n.Style = yaml.SingleQuotedStyle
		}
		return n, l.at + 1, true
	case strings.IndexByte("&*!|>{}[]%@`,?", c) >= 0:
		if bytes.Count(text, []byte(`"`))%2 != 0 {
			l.t.quote = '"'
		}
		return nil, 0, false
	}
	end := 1
	for end < len(text) && (text[end] != '#' || !isBlank(text[end-1])) {
		end++
	}
	text = bytes.TrimRight(text[:end], " \t")
	n = l.node(l.at, string(l.t.src.data[l.at:l.at+len(text)]))
	n.Tag = ""
	n.Tag = n.ShortTag()
	return n, l.at, !bytes.Contains(text, []byte(": "))
}

func blankOrComment(text []byte) bool {
	text = bytes.TrimLeft(text, " \t")
	return len(text) == 0 || text[0] == '#'
}

// joined handles a line that is put behind what stands above. How far in it stands
// isn't known then, nor what the lines below it are.
func (l *templateLine) joined() {
	if _, value, ok := splitKey(l.t.masked[l.at:l.end]); ok {
		l.at += value
		l.pass(whyJoint)
	}
	if top := l.t.top(); top != nil {
		l.t.revoke()
	}
	l.t.only().open = false
}

// shifted tells whether an action at the beginning of a line may put what follows
// on the line somewhere else than right behind the line's spaces.
func (t *template) shifted(at int) bool {
	k := joint{t.src.data, t.actions}.find(at)
	if k == len(t.actions) || t.actions[k].from != at {
		return false
	}
	a := t.actions[k]
	return a.trimLeft || a.trimRight || a.kind != actionOutput && a.kind != actionOpen && a.kind != actionRange ||
		a.to < len(t.masked) && isBlank(t.masked[a.to])
}

// pass notes a line that can't be trusted, where it names an image.
func (l *templateLine) pass(reason string) {
	text := l.t.src.data[l.at:l.end]
	if i := bytes.Index(text, []byte(" #")); i >= 0 {
		text = text[:i]
	}
	value := strings.Trim(string(text), "\"' \t")
	if n, ok := splitImage(value); ok && n.tag+n.digest != "" && strings.Contains(string(l.t.src.data[l.start:l.at]), "image") {
		l.t.passed = append(l.t.passed, passedLine{l.at, value, reason})
	}
}
