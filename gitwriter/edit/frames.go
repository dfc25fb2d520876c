package edit

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// frame is a mapping or sequence that the lines of a template are in. The last
// child of its node is a placeholder as long as it has no value.
type frame struct {
	column int
	node   *yaml.Node
	open   bool // whether the last child waits for its value
}

func (t *template) top() *frame {
	if len(t.stack) == 0 {
		return nil
	}
	return &t.stack[len(t.stack)-1]
}

// item begins an item of a sequence; false where the line can't be one.
func (t *template) item(column int) bool {
	for top := t.top(); top != nil; top = t.top() {
		parent := top.open && top.column == column && top.node.Kind == yaml.MappingNode
		if top.column < column || parent || top.column == column && top.node.Kind == yaml.SequenceNode {
			break
		}
		t.stack = t.stack[:len(t.stack)-1]
	}
	top := t.top()
	if top == nil || top.node.Kind != yaml.SequenceNode || top.column != column {
		if !t.enter(column, yaml.SequenceNode) {
			return false
		}
		top = t.top()
	}
	top.node.Content = append(top.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagNull})
	top.open = true
	return true
}

// key begins an entry of a mapping; false where the line can't be one.
func (t *template) key(column int, key *yaml.Node) bool {
	for top := t.top(); top != nil; top = t.top() {
		if top.column < column || top.column == column && top.node.Kind == yaml.MappingNode {
			break
		}
		t.stack = t.stack[:len(t.stack)-1]
	}
	top := t.top()
	if top == nil || top.column != column {
		if !t.enter(column, yaml.MappingNode) {
			return false
		}
		top = t.top()
	}
	top.node.Content = append(top.node.Content, key, &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagNull})
	top.open = true
	return true
}

// enter makes a mapping or sequence the value of what waits for one. Where
// nothing waits, the line belongs to a value further up.
func (t *template) enter(column int, kind yaml.Kind) bool {
	n := &yaml.Node{Kind: kind}
	top := t.top()
	switch {
	case top == nil:
		t.endDocument()
		t.doc = &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{n}}
	case !top.open:
		t.revoke()
		return false
	case len(t.stack) > maxDepth:
		return false
	default:
		top.set(n)
	}
	t.stack = append(t.stack, frame{column: column, node: n})
	return true
}

// only makes the document nothing but a value: all lines that follow are part of it.
func (t *template) only() *frame {
	t.endDocument()
	t.stack = []frame{{column: -1, node: &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{}}}, open: true}}
	return t.top()
}

// revoke takes the last value back, because the line that is read may be more of it.
func (t *template) revoke() {
	top := t.top()
	n := top.node.Content[len(top.node.Content)-1]
	if n.Kind != yaml.ScalarNode || n.Line == 0 {
		return
	}
	key := len(top.node.Content) - 2
	if top.node.Kind == yaml.MappingNode && top.node.Content[key].Value == "image" && !t.held[n] {
		t.passed = append(t.passed, passedLine{t.offset(n), n.Value, whyGoesOn})
	}
	top.set(unknown())
}

// unknown stands for a value that is there and can't be read: nothing that goes by
// several keys may take it for absent, or for a part of an image.
func unknown() *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: " "}
}

// set gives the last child its value.
func (f *frame) set(n *yaml.Node) {
	f.node.Content[len(f.node.Content)-1] = n
	f.open = false
}

func (t *template) endDocument() {
	if t.doc != nil {
		for _, root := range t.split(t.doc.Content[0]) {
			t.docs = append(t.docs, &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}})
		}
	}
	t.doc, t.stack = nil, nil
}

// split gives each branch of the template that writes a mapping's keys again, or parts
// of an image that never meet, a mapping of its own: what stands in one doesn't go with
// what stands in another.
// Where one branch has a key twice, neither is kept.
func (t *template) split(n *yaml.Node) []*yaml.Node {
	var content []*yaml.Node
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		for _, child := range t.split(n.Content[i+step-1]) {
			content = append(append(content, n.Content[i:i+step-1]...), child)
		}
	}
	n.Content = content
	if n.Kind != yaml.MappingNode || !repeats(n) && !t.apart(n) {
		return []*yaml.Node{n}
	}
	var order []int
	parts := map[int]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		branch := t.branch[n.Content[i]]
		if parts[branch] == nil {
			order = append(order, branch)
			parts[branch] = &yaml.Node{Kind: yaml.MappingNode}
		}
		parts[branch].Content = append(parts[branch].Content, n.Content[i:i+2]...)
	}
	all := make([]*yaml.Node, len(order))
	for i, branch := range order {
		all[i] = t.dropTwice(parts[branch])
	}
	return all
}

// dropTwice takes out the values of keys that a mapping has twice.
func (t *template) dropTwice(n *yaml.Node) *yaml.Node {
	first := map[string]*yaml.Node{}
	twice := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if f := first[key.Value]; f != nil && f != key {
			twice[key.Value] = true
		}
		first[key.Value] = key
	}
	content := n.Content[:0]
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if twice[key.Value] {
			if value.Line > 0 && value.Kind == yaml.ScalarNode && key.Value == "image" {
				t.passed = append(t.passed, passedLine{t.offset(value), value.Value, whyTwice})
			}
			value = unknown()
		}
		content = append(content, key, value)
	}
	n.Content = content
	return n
}

func (t *template) offset(n *yaml.Node) int {
	offset, ok := t.src.at(n.Line, n.Column)
	if !ok {
		return 0
	}
	return offset
}
