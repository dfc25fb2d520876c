package markup_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/towline-dev/towline/gitwriter/markup"
)

func TestCode(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"empty", "", "–"},
		{"only blanks", " \t\n", "–"},
		{"plain", "ghcr.io/acme/web:1.2.3", "<code>ghcr.io/acme/web:1.2.3</code>"},
		{"html", "</code><script>", "<code>&#x3c;/code&#x3e;&#x3c;script&#x3e;</code>"},
		{"a cell's end", "a|b`c", "<code>a&#x7c;b&#x60;c</code>"},
		{"lines", "a\r\n\n# b", "<code>a &#x23; b</code>"},
		{"escapes and marks", "\x1b[31mred\u202e\u200b", "<code>&#x5b;31mred</code>"},
		{"link", "https://x.example WwW.x.example", "<code>https:/&#x2f;x.example WwW&#x2e;x.example</code>"},
		{"invalid", "a\xffb", "<code>a?b</code>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := markup.Code(tt.value); got != tt.want {
				t.Errorf("Code(%q) = %s, want %s", tt.value, got, tt.want)
			}
		})
	}
	if got, want := markup.Code(strings.Repeat("é", 10000)), "<code>"+strings.Repeat("é", 148)+"…</code>"; got != want {
		t.Errorf("long: %s, want %s", got, want)
	}
}

func TestProse(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"plain", "1.2.0 is the highest; it waits.", "1.2.0 is the highest; it waits."},
		{"mention", "@everyone", "&#x40;&zwnj;everyone"},
		{"issue", "fixes #12, GH-12 and gh-3", "fixes &#x23;&zwnj;12, GH-&zwnj;12 and gh-&zwnj;3"},
		{"references", "!1 $2 %3 &4 ~5 ^6 *7", "&#x21;&zwnj;1 &#x24;&zwnj;2 &#x25;&zwnj;3 &#x26;&zwnj;4 &#x7e;&zwnj;5 &#x5e;&zwnj;6 &#x2a;&zwnj;7"},
		{"comment", "a --> b <!-- c", "a --&#x3e; b &#x3c;&#x21;&zwnj;-- c"},
		{"link", "[x](javascript:y)", "&#x5b;&zwnj;x&#x5d;(javascript:y)"},
		{"addresses", "see https://x.example/a#1 or www.y.example", "see <code>https:/&#x2f;x.example/a&#x23;1</code> or <code>www&#x2e;y.example</code>"},
		{"a commit and a ticket", "0123abcd ABC-1 CVE-2024-1", "<code>0123abcd</code> ABC-&zwnj;1 <code>CVE-2024-1</code>"},
		{"an order", "/merge now", "&#x2f;merge now"},
		{"entity", "&lt;b&gt;", "&#x26;&zwnj;lt;b&#x26;&zwnj;gt;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := markup.Prose(tt.value, 100); got != tt.want {
				t.Errorf("Prose(%q) = %s, want %s", tt.value, got, tt.want)
			}
		})
	}
	if got, want := markup.Prose(strings.Repeat("word ", 100), 20), "word word word wo…"; got != want {
		t.Errorf("long: %s, want %s", got, want)
	}
}

// FuzzProse holds that nothing that Markdown or a forge acts on is left, whatever comes.
func FuzzProse(f *testing.F) {
	for _, seed := range []string{"<script>", "@a #1", "[a](b)", "a|b", "`c`", "*d*", "_e_", "~f~", "\\<g", "h\n# i", "www.j.k", "https://l", "GH-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, got := range []string{markup.Prose(value, 200), markup.Code(value)} {
			got = strings.NewReplacer("<code>", "", "</code>", "").Replace(got)
			if i := strings.IndexAny(got, "<>@!$%~^*_|`[]{}\\\n\r\x1b"); i >= 0 || !utf8.ValidString(got) {
				t.Errorf("%q becomes %q", value, got)
			}
			if lower := strings.ToLower(got); strings.Contains(lower, "://") || strings.Contains(lower, "www.") {
				t.Errorf("%q becomes %q, which forges link", value, got)
			}
		}
	})
}
