package pulls_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// shownBody is a body as HTML.
type shownBody struct {
	*testing.T
	name  string
	root  *html.Node
	hosts []string // to which links may lead
	wants []string // words that are there
	boxes bool     // it may have boxes to tick
}

// pages gives a body as the forge's page has it, and as it would be where nothing
// dangerous is taken out.
func (h *hostile) pages(path, body string) []*shownBody {
	h.Helper()
	at, err := url.Parse(h.server.BaseURL())
	if err != nil {
		h.Fatal(err)
	}
	hosts := []string{at.Host, h.notes.host()}
	served := h.fetch(at.String() + "/" + owner + "/" + repository + path)
	var raw bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	if err := md.Convert([]byte(body), &raw); err != nil {
		h.Fatal(err)
	}
	bare, err := html.Parse(&raw)
	if err != nil {
		h.Fatal(err)
	}
	return []*shownBody{
		{T: h.T, name: path, root: first(served, func(n *html.Node) bool { return classOf(n) == "card pad" }), hosts: hosts},
		{T: h.T, name: path + " as it is", root: first(bare, func(n *html.Node) bool { return n.Data == "body" }), hosts: hosts},
	}
}

// fetch gets a page, on which nothing runs.
func (h *hostile) fetch(address string) *html.Node {
	h.Helper()
	req, err := http.NewRequestWithContext(h.Context(), http.MethodGet, address, nil)
	if err != nil {
		h.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := html.Parse(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		h.Fatalf("%s: %s %v", address, resp.Status, err)
	}
	if script := first(page, func(n *html.Node) bool { return n.Type == html.ElementNode && n.Data == "script" }); script != nil {
		h.Errorf("%s has a script", address)
	}
	return page
}

func first(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if is(n) {
			return n
		}
	}
	return nil
}

func classOf(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "class" {
			return a.Val
		}
	}
	return ""
}

// check looks at everything that the body has.
func (s *shownBody) check() {
	s.Helper()
	if s.root == nil {
		s.Fatalf("%s: there is no body", s.name)
	}
	var words strings.Builder
	for n := range s.root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			s.element(n)
		case html.TextNode:
			words.WriteString(n.Data)
			s.text(n)
		case html.CommentNode:
			if !regexp.MustCompile(`^ (/?towline-[a-z]+(: [^\s<>]*)?|towline: [a-z-]+ [0-9a-f]{64}) $`).MatchString(n.Data) {
				s.Errorf("%s: the comment %.200q", s.name, n.Data)
			}
		default:
			s.Errorf("%s: the node %.200q", s.name, n.Data)
		}
	}
	for _, want := range s.wants {
		if !strings.Contains(words.String(), want) {
			s.Errorf("%s doesn't say %q", s.name, want)
		}
	}
}

// element holds that an element is harmless, and leads nowhere but to known hosts.
func (s *shownBody) element(n *html.Node) {
	s.Helper()
	allowed := strings.Fields("p h1 h2 h3 h4 h5 h6 table thead tbody tr th td br hr strong em del ul ol li code pre blockquote details summary a")
	if !slices.Contains(allowed, n.Data) && (!s.boxes || n.Data != "input") {
		s.Errorf("%s: the element %s", s.name, n.Data)
	}
	for _, a := range n.Attr {
		u, err := url.Parse(a.Val)
		switch {
		case n.Data == "a" && a.Key == "href" && err == nil && u.User == nil && slices.Contains(s.hosts, u.Host):
		case n.Data == "a" && a.Key == "rel", n.Data == "input" && (a.Key == "disabled" || a.Key == "checked" || a.Key == "type" && a.Val == "checkbox"):
		default:
			s.Errorf("%s: %s has %s=%.200q", s.name, n.Data, a.Key, a.Val)
		}
	}
}

// text holds that a forge finds nothing in a text. It looks neither into code nor into
// links.
func (s *shownBody) text(n *html.Node) {
	s.Helper()
	if strings.ContainsFunc(n.Data, func(r rune) bool {
		return r != '\n' && r != '\t' && r != '\u200c' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028')
	}) {
		s.Errorf("%s: unseen characters in %.200q", s.name, n.Data)
	}
	for up := n.Parent; up != nil; up = up.Parent {
		if up.Data == "code" || up.Data == "pre" || up.Data == "a" {
			return
		}
	}
	if found := regexp.MustCompile(`(?i)[@＠#＃!]\w|\bGH-\d|://|www\.|\b[0-9a-f]{7,}\b`).FindString(n.Data); found != "" {
		s.Errorf("%s: %q in %.200q", s.name, found, n.Data)
	}
}
