package policy

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
)

// template checks that a text is a template of at most limit bytes; its fields and
// functions are the writer's to know.
func (d *decoding) template(path, text string, limit int) {
	switch {
	case !d.has(path) || d.bad[path]:
		return
	case strings.TrimSpace(text) == "":
		d.fail(path, "is empty", "leave it out for the default")
		return
	case len(text) > limit:
		d.fail(path, fmt.Sprintf("has more than %d bytes", limit), "")
		return
	}
	tree := parse.New("message")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", map[string]*parse.Tree{}); err != nil {
		reason := err
		for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
			reason = inner
		}
		words := strings.TrimPrefix(reason.Error(), "template: message:")
		d.fail(path, "is not a template: line "+shorten(words), "the syntax is that of Go's text/template; an example: Update {{.Group}}")
	}
}
