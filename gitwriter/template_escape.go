package gitwriter

import (
	"fmt"
	"strings"
	"text/template/parse"

	"github.com/towline-dev/towline/gitwriter/markup"
)

const (
	maxOwnTitle = 250   // bytes of a title by a person's template; GitHub takes 256 characters
	maxIntro    = 16000 // bytes of what a person's template puts above the body
)

// escapeName is what makes text of values; no template may name it.
const escapeName = "towline_escape"

// escapeActions puts the escaping behind everything that a template shows, as
// html/template does: values can be compared and cut as they are.
func escapeActions(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
					NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{parse.NewIdentifier(escapeName).SetPos(n.Pos)},
				})
			}
		case *parse.RangeNode:
			escapeActions(n.List)
			escapeActions(n.ElseList)
		case *parse.IfNode:
			escapeActions(n.List)
			escapeActions(n.ElseList)
		case *parse.WithNode:
			escapeActions(n.List)
			escapeActions(n.ElseList)
		}
	}
}

// escaper gives the function that makes text of a value.
func (m *meter) escaper() func(value any) (string, error) {
	prose := markup.Proser()
	show := m.printing(fmt.Sprint)
	return func(value any) (string, error) {
		text, err := show(value)
		if err != nil {
			return "", err
		}
		return m.value(prose(text, maxValue))
	}
}

// titleOf is the pull request's title: the person's own, or the default.
func (w *Writer) titleOf(u Update, changes []Change) (string, error) {
	if u.TitleTemplate == "" {
		return title(u, changes), nil
	}
	lines, err := fillTemplate(titleTemplate(), u.TitleTemplate, messageData(u, w.cfg.Name, changes))
	if err != nil {
		return "", err
	}
	return oneLine(strings.Join(lines, " "), maxOwnTitle), nil
}

// introOf is what the person's own template puts above the pull request's body.
func (w *Writer) introOf(u Update, changes []Change) (string, error) {
	if u.BodyTemplate == "" {
		return "", nil
	}
	lines, err := fillTemplate(bodyTemplate(), u.BodyTemplate, messageData(u, w.cfg.Name, changes))
	if err != nil {
		return "", err
	}
	// Comments are what we read back.
	return strings.ReplaceAll(strings.TrimSpace(strings.Join(lines, "\n")), "<!--", "&lt;!--"), nil
}
