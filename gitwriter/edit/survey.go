package edit

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// survey is the first walk over a file: it refuses what can't be edited safely,
// and notes what the later steps need to know of the whole file.
type survey struct {
	f       *File
	aliases map[*yaml.Node][]*yaml.Node
	marked  bool // whether the file may have Flux markers, and tokens are noted
	tokens  []token
	problem Problem
}

// token is a scalar or an alias in the order of the source.
type token struct {
	span
	node   *yaml.Node
	key    bool // the key of a mapping
	inList bool // an element of a sequence
}

func newSurvey(f *File) *survey {
	return &survey{
		f:       f,
		aliases: map[*yaml.Node][]*yaml.Node{},
		marked:  bytes.Contains(f.src.data, []byte(markerWord)),
	}
}

// run walks all documents; where it returns false the file is refused.
func (w *survey) run() (Problem, bool) {
	for _, doc := range w.f.docs {
		if !w.walk(doc, 0) {
			return w.problem, false
		}
	}
	return Problem{}, true
}

func (w *survey) walk(n *yaml.Node, depth int) bool {
	if depth > maxDepth {
		return w.refuse(n, ProblemLimit, fmt.Sprintf("nested deeper than %d levels", maxDepth))
	}
	switch n.Kind {
	case yaml.MappingNode:
		if !w.uniqueKeys(n) {
			return false
		}
	case yaml.AliasNode:
		w.aliases[n.Alias] = append(w.aliases[n.Alias], n)
	default:
	}
	for i, c := range n.Content {
		if w.marked {
			w.note(c, n.Kind == yaml.MappingNode && i%2 == 0, n.Kind == yaml.SequenceNode)
		}
		if !w.walk(c, depth+1) {
			return false
		}
	}
	return true
}

// noteAll notes all scalars below a node.
func (w *survey) noteAll(n *yaml.Node) {
	if !w.marked {
		return
	}
	for i, c := range n.Content {
		w.note(c, n.Kind == yaml.MappingNode && i%2 == 0, n.Kind == yaml.SequenceNode)
		w.noteAll(c)
	}
}

// note keeps scalars and aliases for the search for markers.
func (w *survey) note(n *yaml.Node, key, inList bool) {
	t := token{node: n, key: key, inList: inList}
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Value == "" && n.Style == 0 {
			return // nothing stands there
		}
		sp, ok := w.f.src.find(n)
		if !ok {
			return
		}
		t.span = sp
	case yaml.AliasNode:
		start, ok := w.f.src.at(n.Line, n.Column)
		if !ok {
			return
		}
		t.span = span{start: start, from: start, to: start + 1 + len(n.Value), end: start + 1 + len(n.Value)}
	default:
		return
	}
	w.tokens = append(w.tokens, t)
}

// uniqueKeys refuses a mapping that names a key twice: readers differ on which
// of the two counts.
func (w *survey) uniqueKeys(n *yaml.Node) bool {
	const few = 16
	if len(n.Content) <= 2*few {
		for i := 2; i < len(n.Content); i += 2 {
			for j := 0; j < i; j += 2 {
				if sameKey(n.Content[i], n.Content[j]) {
					return w.twice(n.Content[i], n.Content[j])
				}
			}
		}
		return true
	}
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		k := resolve(n.Content[i])
		if k.Kind != yaml.ScalarNode {
			continue
		}
		if first, ok := seen[k.Value]; ok {
			return w.twice(n.Content[i], first)
		}
		seen[k.Value] = n.Content[i]
	}
	return true
}

func sameKey(a, b *yaml.Node) bool {
	a, b = resolve(a), resolve(b)
	return a.Kind == yaml.ScalarNode && b.Kind == yaml.ScalarNode && a.Value == b.Value
}

func (w *survey) twice(n, first *yaml.Node) bool {
	line, _ := w.f.where(first.Line, first.Column)
	return w.refuse(n, ProblemDuplicateKey,
		fmt.Sprintf("duplicate key %.80q, first at line %d; the file is left alone", resolve(n).Value, line))
}

func (w *survey) refuse(n *yaml.Node, kind ProblemKind, message string) bool {
	w.problem = w.f.problem(kind, n.Line, n.Column, message, "")
	return false
}
