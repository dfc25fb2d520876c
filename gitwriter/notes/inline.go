package notes

import (
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
	nethtml "golang.org/x/net/html"
)

// inlines writes what stands in a line. Text next to text is written in one piece, or
// what a forge looks for could be put together from two.
func (r renderer) inlines(n ast.Node, depth int) string {
	var b, pending strings.Builder
	flush := func() {
		b.WriteString(r.shown(pending.String()))
		pending.Reset()
	}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if plain, ok := r.text(child); ok {
			pending.WriteString(plain)
			continue
		}
		flush()
		b.WriteString(r.element(child, depth))
	}
	flush()
	return strings.TrimSpace(b.String())
}

// text gives the text of a node that is nothing but text.
func (r renderer) text(n ast.Node) (plain string, ok bool) {
	switch n := n.(type) {
	case *ast.Text:
		plain = unescape(n.Value(r.source))
		if n.IsRaw() {
			plain = string(n.Value(r.source))
		}
		if n.SoftLineBreak() || n.HardLineBreak() {
			plain += " "
		}
		return plain, true
	case *ast.String:
		return string(n.Value), true
	case *ast.RawHTML: // a tag: what it holds is text beside it
		return "", true
	}
	return "", false
}

// unescape gives the text that backslashes and entities stand for.
func unescape(markdown []byte) string {
	return html.UnescapeString(string(util.UnescapePunctuations(markdown)))
}

func (r renderer) element(n ast.Node, depth int) string {
	if depth >= maxDepth {
		return r.shown(r.plain(n, depth))
	}
	switch n := n.(type) {
	case *ast.CodeSpan:
		return Code(strings.Join(strings.Fields(r.plain(n, depth)), " "))
	case *ast.Emphasis:
		if n.Level > 1 {
			return wrap("strong", r.inlines(n, depth+1))
		}
		return wrap("em", r.inlines(n, depth+1))
	case *extast.Strikethrough:
		return wrap("del", r.inlines(n, depth+1))
	case *ast.Link:
		return r.link(n, depth)
	case *ast.AutoLink:
		return address(string(n.URL(r.source)))
	case *ast.Image:
		if alt := r.plain(n, depth); alt != "" {
			return r.shown("(image: " + alt + ")")
		}
		return ""
	}
	return r.inlines(n, depth+1)
}

// link shows a link's text and where it leads, and leads nowhere: a link to an issue
// alone would tell its forge of the page.
func (r renderer) link(n *ast.Link, depth int) string {
	shown, to := r.inlines(n, depth+1), address(unescape(n.Destination))
	switch {
	case shown == to || to == "":
		return shown
	case shown == "":
		return to
	}
	return shown + " (" + to + ")"
}

// maxAddress bounds an address in bytes.
const maxAddress = 200

func address(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return ""
	}
	if len(text) > maxAddress {
		text = strings.ToValidUTF8(text[:maxAddress], "") + "…"
	}
	return Code(text)
}

// plain gives the text of all that is below a node.
func (r renderer) plain(n ast.Node, depth int) string {
	var b bytes.Buffer
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch text, ok := r.text(child); {
		case ok:
			b.WriteString(text)
		case child.Type() == ast.TypeBlock && child.Lines().Len() > 0 && !child.HasChildren():
			b.Write(child.Lines().Value(r.source))
		default:
			b.WriteString(r.plain(child, depth+1))
		}
		if child.Type() == ast.TypeBlock {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// stripped gives the words of HTML, without those of scripts and styles.
func stripped(markup []byte) string {
	var b strings.Builder
	tokens := nethtml.NewTokenizer(bytes.NewReader(markup))
	skip := ""
	for {
		switch tokens.Next() {
		case nethtml.ErrorToken: // the end: nothing else can go wrong with bytes
			return strings.Join(strings.Fields(b.String()), " ")
		case nethtml.TextToken:
			if skip == "" {
				b.WriteString(string(tokens.Text()) + " ")
			}
		case nethtml.StartTagToken:
			if name, _ := tokens.TagName(); skip == "" && (string(name) == "script" || string(name) == "style") {
				skip = string(name)
			}
		case nethtml.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == skip {
				skip = ""
			}
		}
	}
}
