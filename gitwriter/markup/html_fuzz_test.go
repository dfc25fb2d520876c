package markup_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/towline-dev/towline/gitwriter/markup"
)

// FuzzHTML holds that whatever Markdown there is, what is shown is one line of few
// elements without attributes, each closed, within the limit; and that neither the page
// nor the line itself refers to anybody or anything.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"# a\n\n- b\n  - c\n\n1. d\n\n> e\n\n| f | g |\n| - | - |\n| h | i |\n\n```\nj\n```\n\n    k\n\n***\n[l](https://m) ![n](o) <p> `q` ~~r~~",
		"@a #1 !2 GH-3 &4 https://x www.y 0123abcd", "<script>a</script>\n\n<!-- b", "&#64;a &num;1 \\@b", "\x1b[31m\u202ea\xff", "[a]: b\n\n[a] [^c]\n\n[^c]: d", "*a **b _c__ ~~d",
	} {
		f.Add(seed, 500)
	}
	allowed := regexp.MustCompile(`^(p|strong|em|del|code|pre|ul|ol|li|blockquote|table|tr|td|hr)$`)
	refers := regexp.MustCompile(`[@＠][\pL\pN_]|[#!$%~^&][\pL\pN]|(?i:gh-\d)|://|(?i:www\.)`)
	f.Fuzz(func(t *testing.T, markdown string, limit int) {
		limit = min(max(limit, 0), 5000)
		shown, _ := markup.HTML(markdown, limit)
		if len(shown) > limit || strings.ContainsAny(shown, "\n\r\x1b") {
			t.Errorf("%d bytes of %d: %q", len(shown), limit, shown)
		}
		var open []string
		tokens := html.NewTokenizer(strings.NewReader(shown))
		for {
			kind := tokens.Next()
			if kind == html.ErrorToken {
				break
			}
			switch token := tokens.Token(); kind {
			case html.StartTagToken:
				if !allowed.MatchString(token.Data) || len(token.Attr) > 0 {
					t.Errorf("the tag %s in %q", token, shown)
				}
				if token.Data != "hr" {
					open = append(open, token.Data)
				}
			case html.EndTagToken:
				if n := len(open); n == 0 || open[n-1] != token.Data {
					t.Errorf("the end of %s within %v in %q", token.Data, open, shown)
				} else {
					open = open[:n-1]
				}
			case html.TextToken:
				if n := len(open); (n == 0 || open[n-1] != "code") && refers.MatchString(token.Data) {
					t.Errorf("the text %q refers to something in %q", token.Data, shown)
				}
			default:
				t.Errorf("%s in %q", token, shown)
			}
		}
		if len(open) > 0 {
			t.Errorf("%v stay open in %q", open, shown)
		}
		if found := regexp.MustCompile(`@\w|#\d|(?i:gh-\d)|https?://`).FindString(shown); found != "" {
			t.Errorf("%q in the text itself: %q", found, shown)
		}
	})
}

// TestHugeNotes: what isn't shown costs nothing to speak of.
func TestHugeNotes(t *testing.T) {
	for _, piece := range []string{"[", "![", "*a_ ", "> ", "- ", "`", "<", "<a ", "|a", "~~a", "[a](", "<!--", "\\", "&", "_a", "a\n\n", " 1. a\n", "\u0336", "\x1b[", "a "} {
		began := time.Now()
		shown, _ := markup.HTML(strings.Repeat(piece, 10<<20/len(piece)), 4000)
		if took := time.Since(began); took > 5*time.Second || len(shown) > 4000 { // mostly some ms
			t.Errorf("10 MB of %q took %s and gave %d bytes", piece, took, len(shown))
		}
	}
}
