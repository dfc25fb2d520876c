package edit

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// maxListed is how many uses of an anchor a refusal names.
const maxListed = 5

// gather brings the wishes for each scalar together, and leaves out those that
// change nothing. A scalar that several places use through an anchor must be
// asked to become the same by all of them, the anchor's own place included.
func (f *File) gather(wants []want) (map[*yaml.Node]want, error) {
	byScalar := map[*yaml.Node]want{}
	asked := map[*yaml.Node]bool{} // by the nodes that stand there, scalars and aliases
	for _, w := range wants {
		n := w.site.scalar()
		asked[w.site.node] = true
		first, again := byScalar[n]
		if again && first.text != w.text {
			return nil, f.conflict(first, w)
		}
		if !again || w.site.node == n { // the anchor's own place is the one to report
			byScalar[n] = w
		}
	}
	// In the order of the wishes, so that the same file is refused in the same words.
	seen := map[*yaml.Node]bool{}
	for _, w := range wants {
		n := w.site.scalar()
		if seen[n] {
			continue
		}
		seen[n] = true
		if w.text == n.Value {
			delete(byScalar, n)
			continue
		}
		if w.form == FormMarker {
			continue // who marks an anchor means all its aliases
		}
		if unasked := f.unasked(n, asked); unasked != "" {
			return nil, f.refusalAt(w.site, fmt.Sprintf(
				"its value has the anchor &%s, which is also used where no change was asked for: %s", n.Anchor, unasked))
		}
	}
	return byScalar, nil
}

// conflict refuses two wishes for one scalar.
func (f *File) conflict(a, b want) error {
	if a.site.node == b.site.node {
		return f.refusalAt(b.site, fmt.Sprintf("it was asked to become %q and %q", a.text, b.text))
	}
	line, _ := f.where(a.site.node.Line, a.site.node.Column)
	return f.refusalAt(b.site, fmt.Sprintf("it shares its value with line %d (%s), which is to become %q and not %q",
		line, a.site.path, a.text, b.text))
}

// unasked lists the uses of a scalar that nobody asked to change, "" if there are none.
func (f *File) unasked(n *yaml.Node, asked map[*yaml.Node]bool) string {
	var list []string
	more := 0
	for _, use := range append([]*yaml.Node{n}, f.aliases[n]...) {
		line, column := f.where(use.Line, use.Column)
		switch {
		case asked[use]:
		case len(list) == maxListed:
			more++
		case use == n:
			list = append(list, fmt.Sprintf("the anchor itself at line %d column %d", line, column))
		default:
			list = append(list, fmt.Sprintf("*%s at line %d column %d", use.Value, line, column))
		}
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}
