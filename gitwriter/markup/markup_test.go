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
		{"html", "</code><script>", "<code>&#60;/code&#62;&#60;script&#62;</code>"},
		{"a cell's end", "a|b`c", "<code>a&#124;b&#96;c</code>"},
		{"lines", "a\r\n\n# b", "<code>a &#35; b</code>"},
		{"escapes and marks", "\x1b[31mred\u202e\u200b", "<code>&#91;31mred</code>"},
		{"link", "https://x.example WwW.x.example", "<code>https&#58;//x.example WwW&#46;x.example</code>"},
		{"invalid", "a\xffb", "<code>a&#63;b</code>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := markup.Code(tt.value); got != tt.want {
				t.Errorf("Code(%q) = %s, want %s", tt.value, got, tt.want)
			}
		})
	}
	if got, want := markup.Code(strings.Repeat("é", 10000)), "<code>"+strings.Repeat("é", 148)+"&#8230;</code>"; got != want {
		t.Errorf("long: %s, want %s", got, want)
	}
}

func TestProse(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"plain", "1.2.0 is the highest; it waits.", "1.2.0 is the highest; it waits."},
		{"mention", "@everyone", "&#64;&zwnj;everyone"},
		{"issue", "fixes #12, GH-12 and gh-3", "fixes &#35;&zwnj;12, GH-&zwnj;12 and gh-&zwnj;3"},
		{"references", "!1 $2 %3 &4 ~5 ^6 *7", "&#33;&zwnj;1 &#36;&zwnj;2 &#37;&zwnj;3 &#38;&zwnj;4 &#126;&zwnj;5 &#94;&zwnj;6 &#42;&zwnj;7"},
		{"comment", "a --> b <!-- c", "a --&#62; b &#60;&#33;&zwnj;-- c"},
		{"link", "[x](javascript:y)", "&#91;x&#93;(javascript:y)"},
		{"entity", "&lt;b&gt;", "&#38;&zwnj;lt;b&#38;&zwnj;gt;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := markup.Prose(tt.value, 100); got != tt.want {
				t.Errorf("Prose(%q) = %s, want %s", tt.value, got, tt.want)
			}
		})
	}
	if got, want := markup.Prose(strings.Repeat("word ", 100), 20), "word word word wo&#8230;"; got != want {
		t.Errorf("long: %s, want %s", got, want)
	}
}

// FuzzProse holds that nothing that Markdown or a forge acts on is left, whatever comes.
func FuzzProse(f *testing.F) {
	for _, seed := range []string{"<script>", "@a #1", "[a](b)", "a|b", "`c`", "*d*", "_e_", "~f~", "\\<g", "h\n# i", "www.j.k", "https://l", "GH-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, got := range []string{markup.Prose(value, 200), strings.TrimSuffix(strings.TrimPrefix(markup.Code(value), "<code>"), "</code>")} {
			if i := strings.IndexAny(got, "<>@!$%~^*_|`[]{}\\\"'\n\r\x1b"); i >= 0 || !utf8.ValidString(got) {
				t.Errorf("%q becomes %q", value, got)
			}
			if lower := strings.ToLower(got); strings.Contains(lower, "://") || strings.Contains(lower, "www.") {
				t.Errorf("%q becomes %q, which forges link", value, got)
			}
		}
	})
}
