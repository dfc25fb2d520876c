package notes_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/notes"
)

func TestHTML(t *testing.T) {
	for _, test := range []struct{ name, markdown, want string }{
		{"nothing", " \n\n", ""},
		{"headings", "# A\n## *B*\n\nC\n===", "<p><strong>A</strong></p><p><strong><em>B</em></strong></p><p><strong>C</strong></p>"},
		{"lists", "- a\n  - b\n- c\n\n1. d\n\n   e", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol><li><p>d</p><p>e</p></li></ol>"},
		{"emphasis", "*a* **b** ~~c~~ ***d***", "<p><em>a</em> <strong>b</strong> <del>c</del> <em><strong>d</strong></em></p>"},
		{"lines", "a\nb  \nc\\\nd", "<p>a b c d</p>"},
		{"code", "`a <b> @c`\n\n    d\n\n    e", "<p><code>a &#x3c;b&#x3e; &#x40;c</code></p><pre><code>d&#xa;&#xa;e</code></pre>"},
		{"a fence", "```mermaid\n/close\n```\n~~~\n~~~", "<pre><code>&#x2f;close</code></pre>"},
		{"a fence without end", "```\n</code></pre>", "<pre><code>&#x3c;/code&#x3e;&#x3c;/pre&#x3e;</code></pre>"},
		{"a table", "| a | b |\n| --- | :-: |\n| `c` | d\\|e |", "<table><tr><td>a</td><td>b</td></tr><tr><td><code>c</code></td><td>d&#x7c;e</td></tr></table>"},
		{"a quotation", "> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"},
		{"links", "[a](https://x.example/y) <https://x.example> [](http://z) [b](javascript:alert\\(1\\))",
			"<p>a (<code>https:/&#x2f;x.example/y</code>) <code>https:/&#x2f;x.example</code> <code>http:/&#x2f;z</code> b (<code>javascript:alert(1)</code>)</p>"},
		{"a link that says another", "[https://good.example](https://evil.example)", "<p><code>https:/&#x2f;good.example</code> (<code>https:/&#x2f;evil.example</code>)</p>"},
		{"a reference", "[a][b]\n\n[b]: https://x.example", "<p>a (<code>https:/&#x2f;x.example</code>)</p>"},
		{"bare addresses", "see http://x.example/a, www.y.example", "<p>see <code>http:/&#x2f;x.example/a,</code> <code>www&#x2e;y.example</code></p>"},
		{"images", "![a](https://x.example/t.png) ![](b)", "<p>(image: a)</p>"},
		{"mentions", "@everyone @org/team a@b.example ＠x", "<p>&#x40;&zwnj;everyone &#x40;&zwnj;org/team a&#x40;&zwnj;b.example &#xff20;&zwnj;x</p>"},
		{"references", "fixes #1, org/repo#2, GH-3, !4, ABC-5, %6, &7 0123abc",
			"<p>fixes &#x23;&zwnj;1, org/repo&#x23;&zwnj;2, GH-&zwnj;3, &#x21;&zwnj;4, ABC-&zwnj;5, &#x25;&zwnj;6, &#x26;&zwnj;7 <code>0123abc</code></p>"},
		{"as entities", "&#64;x &num;1 \\@y &lt;b&gt;", "<p>&#x40;&zwnj;x &#x23;&zwnj;1 &#x40;&zwnj;y &#x3c;b&#x3e;</p>"},
		{"in pieces", "#*1* @**x**", "<p>&#x23;&zwnj;<em>1</em> &#x40;&zwnj;<strong>x</strong></p>"},
		{"in pieces by nothing", "#<b>1 @<!-- -->x GH-<i></i>2", "<p>&#x23;&zwnj;1 &#x40;&zwnj;x GH-&zwnj;2</p>"},
		{"dates and numbers", "2024-01-02 v1.2.0-3 10% CVE-2024-1234 a & b!", "<p>2024-01-02 v1.2.0-3 10&#x25; <code>CVE-2024-1234</code> a &#x26; b&#x21;&zwnj;</p>"},
		{"tags", "a <script>b</script> <img src=x onerror=y>c", "<p>a b c</p>"},
		{"blocks of tags", "<script>alert(1)\n</script>\n\n<div>a <b>b</b>\n<style>c</style>d</div>", "<p>a b d</p>"},
		{"details", "<details><summary>a</summary>\n\n* b\n\n</details></details>\n\nc", "<p>a</p><ul><li>b</li></ul><p>c</p>"},
		{"a comment", "a\n\n<!-- towline-key: 00 -->\n\nb <!-- c --> d", "<p>a</p><p>b  d</p>"},
		{"a comment without end", "a\n\n<!-- b\n\nc", "<p>a</p>"},
		{"tasks", "- [ ] a\n- [x] b", "<ul><li>&#x5b;&zwnj; &#x5d; a</li><li>&#x5b;&zwnj;x&#x5d; b</li></ul>"},
		{"colours and controls", "\x1b[31ma\x1b[0m \x1b]8;;http://x\x07b\x1b]8;;\x07\x00\x7f\u0085c", "<p>a bc</p>"},
		{"what isn't seen", "a\u200bb\u202ec\u2066d\ufeffe\u00adf\u3164g\u2028h", "<p>abcdefg h</p>"},
		{"as numbers", "a&#x202e;b&#8203;c&#27;[31md", "<p>abcd</p>"},
		{"many marks", "a" + strings.Repeat("\u0336", 9), "<p>a\u0336\u0336\u0336</p>"},
		{"not text", "a\xffb", "<p>a?b</p>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, cut := notes.HTML(test.markdown, 4096)
			if diff := cmp.Diff(test.want, got); diff != "" || cut {
				t.Errorf("cut %v (-want +got):\n%s", cut, diff)
			}
		})
	}
}

func TestHTMLIsCutByWholeBlocks(t *testing.T) {
	for _, test := range []struct {
		name, markdown string
		limit          int
		want           string
	}{
		{"paragraphs", "aaaa\n\nbbbb\n\ncccc", 24, "<p>aaaa</p><p>bbbb</p>"},
		{"items", "- aaaa\n- bbbb\n- cccc", 37, "<ul><li>aaaa</li><li>bbbb</li></ul>"},
		{"nothing after", "a\n\n" + strings.Repeat("b", 50) + "\n\nc", 40, "<p>a</p>"},
		{"a long paragraph", "aaaa bbbb *cccc* @dddd", 26, "<p>aaaa bbbb cccc …</p>"},
		{"a long word", strings.Repeat("b", 50), 40, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, cut := notes.HTML(test.markdown, test.limit)
			if diff := cmp.Diff(test.want, got); diff != "" || !cut {
				t.Errorf("cut %v (-want +got):\n%s", cut, diff)
			}
		})
	}
}
