package gitwriter_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter"
)

// hostileTexts are tried in every field that comes from outside.
func hostileTexts() map[string]string {
	forged := "<!-- towline-key: " + strings.Repeat("0", 64) + " -->\n<!-- towline-group: evil -->\n<!-- towline-closed: x -->"
	return map[string]string{
		"scripts":         "<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)><iframe src=//evil.example><style>*{display:none}</style>",
		"half a tag":      "<img src=\"https://evil.example/",
		"attributes":      "\" onmouseover=\"alert(1)\" x='",
		"links":           "[a](https://evil.example) [b](javascript:alert(1)) <https://evil.example> https://evil.example www.evil.example ftp://evil.example a@evil.example [c]: https://evil.example",
		"a definition":    "\n\n[compare]: https://evil.example\n[web]: https://evil.example\n\n[web] [compare]",
		"images":          "![t](https://evil.example/t.png) ![][t]\n\n[t]: https://evil.example/t.png",
		"mentions":        "@everyone @here @acme/all @towline a.b@acme.example \\@x &#64;everyone &commat;x ＠everyone **@**x @*x* @<b>x",
		"references":      "Closes #5, fixes: #6 resolves acme/web#7 GH-8 gh-9 !10 $11 %12 ~13 &14 ^15 ABC-16 [vulnerability:17] *iteration:18 0123456789abcdef acme/web@0123abcd",
		"by entities":     "fixes &#35;5 &num;6 &#x23;7 &lt;img src=x&gt; &#60;script&#62; &#x202e;x&#8203;y",
		"in pieces":       "#<!-- -->5 @<i></i>x G<b>H-1 #\\5 #**5** www<b>.evil.example https:<i>//evil.example",
		"by address":      "fixes https://github.com/acme/web/issues/5 closes https://git.example.com/acme/deploy/pulls/6",
		"our comments":    forged,
		"our comments in": "text " + forged + "\n\n    " + forged + "\n\n> " + forged,
		"half a comment":  "<!-- ", "the end of one": "--> -- --!> ->", "other comments": "<!--- x ---> <!--> <!---> <![CDATA[ x ]]> <?php x ?> <!DOCTYPE x>",
		"fences": "```\nopen", "more fences": "~~~~html\n```\n</code></pre></details>\n", "code": "`a ``b `c\\` `` ` ``` x",
		"tables": "| a | b |\n| --- | --- |\n| c \\| d | `|` |\n|", "a cell's end": "a|b\\|c",
		"details":  "</details></summary></blockquote><details open><summary>x</summary>\n\n</details></details>\n\n<details>",
		"orders":   "/merge\n/approve\n\n/close\n/towline release\n\n```\n/assign @x\n```\n- /lgtm",
		"headings": "# a\n\nb\n===\nc\n---\n\n***\n", "lists": "- [ ] a\n- [x] b\n1. c\n   - d\n* e",
		"a quotation": strings.Repeat("> ", 300) + "a", "a deep list": strings.Repeat("- ", 300) + "a",
		"brackets":   strings.Repeat("[", 3000) + strings.Repeat("![](", 3000) + strings.Repeat("<", 3000) + strings.Repeat("*_", 3000),
		"colours":    "\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\x1b[2J\x00\x07\x7f\u009b31m",
		"directions": "\u202egnp.\u2066x\u2069\u200f\u061c", "unseen": "@\u200bx #\u20601 \ufeffa\u00ad\u3164\u115f\u180e",
		"lines": "a\u2028b\u2029c\rd\r\n\r\ne\v\f\u0085g", "marks": "a" + strings.Repeat("\u0336\u20dd", 500), "not text": "a\xff\xfe\xc0\x80<b\xe2\x80",
		"homoglyphs": "https://gіthub.com/acme/web https://github.com@evil.example https://github.com.evil.example https://xn--gthub-n4a.com/",
		"math":       "$\\unicode{x}$ $$x$$ $`x`$", "emoji": ":tada: :+1: 🎉 👩\u200d💻", "wiki": "[[_TOC_]] [[evil|x]] ::include{file=x}",
		"front matter": "---\nx: y\n---\n", "a footnote": "a[^1]\n\n[^1]: b", "a diagram": "```mermaid\ngraph TD; A-->B\n```",
		"templates": "{{.Title}} ${x} $(x) %{x}", "long": strings.Repeat("a", 1<<20), "long lines": strings.Repeat("word @x #1 ", 1<<20),
	}
}

// hostileBody has a text in every field.
func hostileBody(text string) gitwriter.BodyInput {
	in := fullBody()
	for i := range in.Changes {
		c := &in.Changes[i]
		c.File, c.Path, c.Policy, c.Image, c.From, c.To, c.Reason, c.Level = text, text, text, text, text, text+fmt.Sprint(i), text, text
		if i > 0 {
			c.Digest = text
		}
	}
	in.Group, in.Scope, in.Intro, in.Notices, in.Earlier = text, text, "", []string{text, text}, map[string]string{text: text}
	release := gitwriter.Release{Tag: text, Title: text, URL: text, Notes: text, At: day(1, 1)}
	in.Details = map[gitwriter.Step]gitwriter.Details{}
	for i, step := range gitwriter.Steps(in.Changes) {
		d := gitwriter.Details{
			From:   gitwriter.ImageFacts{Platforms: []string{text}, Size: 1, Digest: text, Revision: text, Version: text},
			To:     gitwriter.ImageFacts{Platforms: []string{text + "2"}, Size: 2, Digest: text, Revision: text, Version: text},
			Signer: text, Compare: text, Claimed: text, Releases: []gitwriter.Release{release, release}, More: true,
		}
		if i == 0 { // a source that is known, and pages that pose as its
			d.Source, d.Compare = "https://github.com/acme/web", "https://github.com/"+text
			d.Releases[0].URL = "https://github.com@evil.example/" + text
		}
		in.Details[step] = d
	}
	return in
}

// TestHostileBodies: whatever comes from registries, files and publishers, the page shows
// text, and the text hides what is ours.
func TestHostileBodies(t *testing.T) {
	for name, text := range hostileTexts() {
		t.Run(name, func(t *testing.T) {
			in := hostileBody(text)
			checkBody(t, in, gitwriter.Body(in), 2*len(gitwriter.Steps(in.Changes)))
		})
	}
}

// checkBody holds a body against what all bodies have in common.
func checkBody(t *testing.T, in gitwriter.BodyInput, body string, maxReleases int) {
	t.Helper()
	if len(body) > 65000 {
		t.Errorf("the body has %d bytes", len(body))
	}
	for name, want := range map[string]string{"key": gitwriter.Key(in.Changes), "group": in.Group, "scope": in.Scope, "closed": ""} {
		if len(url.QueryEscape(want)) > 2000 {
			want = ""
		}
		if got := gitwriter.Hidden(body, name); got != want {
			t.Errorf("the hidden %s is %.100q, want %.100q", name, got, want)
		}
	}
	found := inspect(page(t, body), "github.com", "git.example.com", "wiki.example")
	bad := append(found.bad, source(body)...)
	slices.Sort(bad)
	for _, bad := range slices.Compact(bad) {
		t.Errorf("the page has %.300q", bad)
	}
	for element, want := range map[string]int{"table": -1, "comment  towline-key": 1, "comment  towline-versions": 1} {
		if got := found.count[element]; want >= 0 && got != want {
			t.Errorf("%d of %s, want %d", got, element, want)
		}
	}
	if n := found.count["details"]; n > maxReleases || n != found.count["summary"] {
		t.Errorf("%d details with %d summaries", n, found.count["summary"])
	}
}

// FuzzBody does that with whatever comes.
func FuzzBody(f *testing.F) {
	for _, text := range hostileTexts() {
		f.Add(text[:min(len(text), 5000)])
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := hostileBody(text)
		checkBody(t, in, gitwriter.Body(in), 2*len(gitwriter.Steps(in.Changes)))
	})
}
