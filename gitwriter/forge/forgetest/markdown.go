package forgetest

import (
	"bytes"
	"html/template"
	"net/url"
	"slices"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markdown shows a body as GitHub does: GitHub's Markdown with HTML in it, of which
// harmless elements and addresses of the web are kept. Pictures aren't: the pages are
// shown where there is no network.
func markdown(body string) template.HTML {
	var out bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	if err := md.Convert([]byte(body), &out); err != nil {
		return template.HTML(template.HTMLEscapeString(body)) //nolint:gosec // it is escaped
	}
	nodes, err := html.ParseFragment(&out, &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return template.HTML(template.HTMLEscapeString(body)) //nolint:gosec // it is escaped
	}
	root := &html.Node{Type: html.DocumentNode}
	for _, n := range nodes {
		keep(root, n)
	}
	out.Reset()
	if err := html.Render(&out, root); err != nil {
		return template.HTML(template.HTMLEscapeString(body)) //nolint:gosec // it is escaped
	}
	return template.HTML(out.String()) //nolint:gosec // it holds what keep lets through
}

// shown are the elements of bodies that the pages show.
func shown() []atom.Atom {
	return []atom.Atom{
		atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Br, atom.Hr, atom.Strong, atom.B, atom.Em, atom.I, atom.Del,
		atom.Code, atom.Pre, atom.Blockquote, atom.Ul, atom.Ol, atom.Li, atom.Table, atom.Thead, atom.Tbody, atom.Tr, atom.Th, atom.Td,
		atom.Details, atom.Summary, atom.A, atom.Input,
	}
}

// keep copies to a parent what may be shown of a node. An element that may not leaves
// its text.
func keep(to, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		to.AppendChild(&html.Node{Type: html.TextNode, Data: n.Data})
	case n.Type != html.ElementNode || n.DataAtom == atom.Script || n.DataAtom == atom.Style:
	case !slices.Contains(shown(), n.DataAtom):
		for child := range n.ChildNodes() {
			keep(to, child)
		}
	default:
		copied := &html.Node{Type: html.ElementNode, Data: n.Data, DataAtom: n.DataAtom, Attr: attributes(n)}
		for child := range n.ChildNodes() {
			keep(copied, child)
		}
		to.AppendChild(copied)
	}
}

// attributes gives the address of a link and the state of a check box; there are no others.
func attributes(n *html.Node) (attrs []html.Attribute) {
	if n.DataAtom == atom.Input {
		attrs = append(attrs, html.Attribute{Key: "type", Val: "checkbox"}, html.Attribute{Key: "disabled"})
	}
	for _, a := range n.Attr {
		u, err := url.Parse(a.Val)
		switch {
		case n.DataAtom == atom.A && a.Key == "href" && err == nil && (u.Scheme == "https" || u.Scheme == "http"):
			attrs = append(attrs, html.Attribute{Key: "href", Val: u.String()}, html.Attribute{Key: "rel", Val: "nofollow noreferrer"})
		case n.DataAtom == atom.Input && a.Key == "checked":
			attrs = append(attrs, html.Attribute{Key: "checked"})
		}
	}
	return attrs
}
