package notes

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

const (
	maxDepth = 6 // of what stands in one another; what is deeper isn't set apart
	readFor  = 4 // bytes that are read for each one to show
)

// HTML gives one line of HTML that shows Markdown, of at most limit bytes. What doesn't
// fit is left out by whole paragraphs, items and rows; cut says so. What is read is
// bounded by limit, too. Nothing to show gives "".
func HTML(markdown string, limit int) (shown string, cut bool) {
	source, cut := clean(markdown, limit*readFor)
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))
	r := renderer{source: []byte(source), tokens: tokens()}
	root := md.Parser().Parse(text.NewReader(r.source))
	shown, fits := r.blocks(root, limit, 0)
	if shown == "" && !fits {
		shown = r.beginning(root, limit)
	}
	return shown, cut || !fits
}

// renderer writes a tree of Markdown anew.
type renderer struct {
	source []byte
	tokens *regexp.Regexp
}

func (r renderer) shown(text string) string { return textWith(r.tokens, text) }

// beginning is for what has no paragraph that fits: the first words of it.
func (r renderer) beginning(n ast.Node, limit int) string {
	words := strings.Fields(r.plain(n, 0))
	var b strings.Builder
	for _, word := range words {
		shown := r.shown(word)
		if b.Len()+len(shown) > limit-len("<p> …</p>") {
			break
		}
		b.WriteString(" " + shown)
	}
	if b.Len() == 0 {
		return ""
	}
	return "<p>" + b.String()[1:] + " …</p>"
}

// blocks writes the children of a node up to the first that doesn't fit.
func (r renderer) blocks(n ast.Node, limit, depth int) (shown string, fits bool) {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		shown, fits := r.block(child, limit-b.Len(), depth)
		b.WriteString(shown)
		if !fits {
			return b.String(), false
		}
	}
	return b.String(), true
}

func (r renderer) block(n ast.Node, limit, depth int) (shown string, fits bool) {
	tag := container(n)
	if tag == "" {
		if shown = r.leaf(n); len(shown) > limit {
			return "", false
		}
		return shown, true
	}
	if depth >= maxDepth {
		return r.blocks(n, limit, depth+1)
	}
	shown, fits = r.blocks(n, limit-len("<></>")-2*len(tag), depth+1)
	return wrap(tag, shown), fits
}

// container names the element of a block that holds blocks; "" for any other.
func container(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Blockquote:
		return "blockquote"
	case *ast.List:
		if n.IsOrdered() {
			return "ol"
		}
		return "ul"
	case *ast.ListItem:
		return "li"
	case *extast.Table:
		return "table"
	case *extast.TableHeader, *extast.TableRow:
		return "tr"
	}
	return ""
}

// leaf writes a block that holds text.
func (r renderer) leaf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Paragraph:
		return wrap("p", r.inlines(n, 0))
	case *ast.TextBlock:
		return r.inlines(n, 0)
	case *ast.Heading:
		return wrap("p", wrap("strong", r.inlines(n, 0)))
	case *ast.FencedCodeBlock:
		return wrap("pre", codeOf(string(n.Lines().Value(r.source))))
	case *ast.CodeBlock:
		return wrap("pre", codeOf(string(n.Lines().Value(r.source))))
	case *ast.ThematicBreak:
		return "<hr>"
	case *extast.TableCell:
		return "<td>" + r.inlines(n, 0) + "</td>"
	case *ast.HTMLBlock:
		return wrap("p", r.shown(stripped(n.Lines().Value(r.source))))
	}
	return ""
}

// codeOf keeps the lines of a block of code.
func codeOf(code string) string {
	code = strings.TrimRight(code, " \t\n")
	if code == "" {
		return ""
	}
	return Code(code)
}

func wrap(tag, inner string) string {
	if inner == "" {
		return ""
	}
	return "<" + tag + ">" + inner + "</" + tag + ">"
}
