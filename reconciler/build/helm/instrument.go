package helm

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// What one template file may hold, so that neither the parser nor the executor, which
// call themselves for each level, outgrow the stack: that would end the process.
const (
	maxTemplate = 4 << 20 // bytes
	maxActions  = 50_000
	maxBlocks   = 100 // control structures and brackets in each other
)

// instrument puts calls of our own into a parsed template, since text/template offers no
// way to stop one: at its head and end, at the head of each round of a loop, before what an
// action prints, and around arguments of methods. They cost no line numbers, because the
// tree is changed and not the text.
type instrument struct {
	mark func(pos parse.Pos) int // gives the number of a place; nil where places aren't marked
}

// checkText refuses text that mustn't reach the parser.
func checkText(text string) error {
	if len(text) > maxTemplate {
		return fmt.Errorf("%w: a template of more than %d MiB", errTooMuch, maxTemplate>>20)
	}
	if strings.Count(text, "{{") > maxActions {
		return fmt.Errorf("%w: a template of more than %d actions", errTooMuch, maxActions)
	}
	return nil
}

// tree instruments one template.
func (in instrument) tree(t *parse.Tree) error {
	if err := in.list(t.Root, 0); err != nil {
		return err
	}
	pos := t.Root.Position()
	t.Root.Nodes = slices.Concat([]parse.Node{call(pos, enterFunc)}, t.Root.Nodes, []parse.Node{call(pos, leaveFunc)})
	return nil
}

func (in instrument) list(list *parse.ListNode, depth int) error {
	if list == nil {
		return nil
	}
	if depth > maxBlocks {
		return fmt.Errorf("%w: blocks that lie more than %d deep in each other", errTooMuch, maxBlocks)
	}
	nodes := make([]parse.Node, 0, 2*len(list.Nodes))
	for _, n := range list.Nodes {
		if in.mark != nil && n.Type() == parse.NodeText {
			nodes = append(nodes, call(n.Position(), markFunc, number(n.Position(), in.mark(n.Position()))))
		}
		if err := in.node(n, depth); err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	list.Nodes = nodes
	return nil
}

func (in instrument) node(n parse.Node, depth int) error {
	switch n := n.(type) {
	case *parse.ActionNode:
		if err := in.pipe(n.Pipe, depth); err != nil {
			return err
		}
		if len(n.Pipe.Decl) == 0 {
			n.Pipe.Cmds = append(n.Pipe.Cmds, command(n.Position(), emitFunc))
		}
	case *parse.RangeNode:
		if err := in.branch(&n.BranchNode, depth); err != nil {
			return err
		}
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, parse.Node(call(n.Position(), roundFunc)))
	case *parse.IfNode:
		return in.branch(&n.BranchNode, depth)
	case *parse.WithNode:
		return in.branch(&n.BranchNode, depth)
	case *parse.TemplateNode:
		return in.pipe(n.Pipe, depth)
	}
	return nil
}

func (in instrument) branch(b *parse.BranchNode, depth int) error {
	return errors.Join(in.pipe(b.Pipe, depth), in.list(b.List, depth+1), in.list(b.ElseList, depth+1))
}

func (in instrument) pipe(p *parse.PipeNode, depth int) error {
	if p == nil {
		return nil
	}
	if depth > maxBlocks {
		return fmt.Errorf("%w: brackets that lie more than %d deep in each other", errTooMuch, maxBlocks)
	}
	var commands []*parse.CommandNode
	for i, c := range p.Cmds {
		pays := unmetered(c)
		for j, arg := range c.Args {
			if err := in.argument(arg, depth); err != nil {
				return err
			}
			if pays && j > 0 {
				c.Args[j] = paid(arg)
			}
		}
		if pays && i > 0 {
			commands = append(commands, command(c.Position(), payFunc))
		}
		commands = append(commands, c)
	}
	p.Cmds = commands
	return nil
}

func (in instrument) argument(n parse.Node, depth int) error {
	switch n := n.(type) {
	case *parse.PipeNode:
		return in.pipe(n, depth+1)
	case *parse.ChainNode:
		return in.argument(n.Node, depth+1)
	}
	return nil
}

// unmetered tells the commands that aren't functions of ours: methods with arguments, and
// comparisons, which the executor keeps to itself.
func unmetered(c *parse.CommandNode) bool {
	switch n := c.Args[0].(type) {
	case *parse.FieldNode, *parse.ChainNode, *parse.VariableNode:
		return true
	case *parse.IdentifierNode:
		return slices.Contains([]string{"eq", "ne", "lt", "le", "gt", "ge"}, n.Ident)
	}
	return false
}

// paid gives an argument that pays for its length; what is written out needs not.
func paid(arg parse.Node) parse.Node {
	switch arg.Type() {
	case parse.NodeField, parse.NodeVariable, parse.NodePipe, parse.NodeChain, parse.NodeDot:
		c := command(arg.Position(), payFunc)
		c.Args = append(c.Args, arg)
		return &parse.PipeNode{NodeType: parse.NodePipe, Pos: arg.Position(), Cmds: []*parse.CommandNode{c}}
	}
	return arg
}

func call(pos parse.Pos, name string, args ...parse.Node) *parse.ActionNode {
	c := command(pos, name)
	c.Args = append(c.Args, args...)
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{c}}}
}

func command(pos parse.Pos, name string) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{parse.NewIdentifier(name).SetPos(pos)}}
}

func number(pos parse.Pos, n int) parse.Node {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, IsUint: true, Int64: int64(n), Uint64: uint64(n), Text: strconv.Itoa(n)} //nolint:gosec // G115: counts from 0
}
