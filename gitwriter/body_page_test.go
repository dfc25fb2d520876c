package gitwriter_test

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is what a forge makes of a body before it looks for mentions and takes out what
// is dangerous: all that is dangerous is still there.
func page(t *testing.T, markdown string) *nethtml.Node {
	t.Helper()
	var out bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	context := &nethtml.Node{Type: nethtml.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := nethtml.ParseFragment(&out, context)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		context.AppendChild(n)
	}
	return context
}

// findings are what is on a page that could do something.
type findings struct {
	bad      []string
	count    map[string]int // elements
	patterns []*regexp.Regexp
}

// inspect holds a page against what is allowed on it: few elements, links to given hosts
// as the only attribute, our comments, and text in which a forge finds nothing.
func inspect(root *nethtml.Node, hosts ...string) findings {
	f := findings{count: map[string]int{}}
	for _, pattern := range []string{
		`[@＠][\w"]`, `[#＃!$%~^&][\w"]`, `(?i)\bGH-\d`, `(?i)\b[a-z]+-\d+\b`, `://`, `(?i)www\.`, `\b[0-9a-f]{7,}\b`, `\[[ x]\]`,
	} {
		f.patterns = append(f.patterns, regexp.MustCompile(pattern))
	}
	for n := range root.Descendants() {
		switch n.Type {
		case nethtml.ElementNode:
			f.count[n.Data]++
			f.element(n, hosts)
		case nethtml.CommentNode:
			if !strings.HasPrefix(n.Data, " towline-") || strings.ContainsAny(strings.Trim(n.Data, " "), "<>\n") || strings.Contains(n.Data, "--") {
				f.bad = append(f.bad, "comment "+n.Data)
			}
			f.count["comment "+strings.Split(n.Data, ":")[0]]++
		case nethtml.TextNode:
			f.text(n)
		default:
			f.bad = append(f.bad, "node "+n.Data)
		}
	}
	return f
}

func (f *findings) element(n *nethtml.Node, hosts []string) {
	const allowed = " p table thead tbody tr th td br hr strong em del ul ol li code pre blockquote details summary a "
	if !strings.Contains(allowed, " "+n.Data+" ") {
		f.bad = append(f.bad, "element "+n.Data)
	}
	for _, attr := range n.Attr {
		u, err := url.Parse(attr.Val)
		if n.Data != "a" || attr.Key != "href" || err != nil || u.Scheme != "https" || u.User != nil || !slices.Contains(hosts, u.Host) {
			f.bad = append(f.bad, "attribute "+attr.Key+"="+attr.Val)
		}
	}
	if n.Data == "details" && n.Parent.Data != "body" {
		f.bad = append(f.bad, "details in "+n.Parent.Data)
	}
}

// text looks where forges do: not in code, nor in links.
func (f *findings) text(n *nethtml.Node) {
	if strings.ContainsFunc(n.Data, func(r rune) bool {
		return r != '\n' && r != '\t' && r != '\u200c' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028')
	}) {
		f.bad = append(f.bad, "unseen characters in "+n.Data)
	}
	for up := n.Parent; up != nil; up = up.Parent {
		if up.Data == "code" || up.Data == "pre" || up.Data == "a" {
			return
		}
	}
	for _, pattern := range f.patterns {
		if found := pattern.FindString(n.Data); found != "" {
			f.bad = append(f.bad, "reference "+found+" in "+n.Data)
		}
	}
}

// source looks at the text itself, which may become a commit's message or be read by other
// bots: nothing refers to anything, and no line is an order.
func source(body string) (bad []string) {
	for _, pattern := range []string{`(?m)^\s*/.*`, `[#!]\d+`, `@[\w-]+`, `(?i)\bGH-\d+`, `(?i)(fix|clos|resolv)\w*:?\s+(#|https?://)`} {
		bad = append(bad, regexp.MustCompile(pattern).FindAllString(strings.ReplaceAll(body, "#L", ""), -1)...)
	}
	return bad
}
