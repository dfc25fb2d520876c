package markup_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/markup"
)

func TestLink(t *testing.T) {
	for _, tt := range []struct{ name, address, want string }{
		{"plain", "https://git.example.com/acme/web/pulls/12?a=b&c=d#e", "[it](https://git.example.com/acme/web/pulls/12?a=b&c=d#e)"},
		{"in the house", "http://[::1]:3000/a", "[it](http://[::1]:3000/a)"},
		{"none", "", "it"},
		{"script", "javascript:alert(1)", "it"},
		{"data", "data:text/html,x", "it"},
		{"of no server", "https:///a", "it"},
		{"relative", "//example.com/a", "it"},
		{"credentials", "https://ann:secret@example.com/", "it"},
		{"ends the link", "https://example.com/a)(b <c> \"d\" |e`f", "[it](https://example.com/a%29%28b%20%3Cc%3E%20%22d%22%20%7Ce%60f)"},
		{"an entity", "https://example.com/?a&copy;b", "[it](https://example.com/?a&copy%3Bb)"},
		{"lines", "https://example.com/a\nb", "it"},
		{"long", "https://example.com/" + strings.Repeat("a", 2000), "it"},
		{"letters", "https://example.com/é", "[it](https://example.com/%C3%A9)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := markup.Link("it", tt.address); got != tt.want {
				t.Errorf("Link(%q) = %s, want %s", tt.address, got, tt.want)
			}
		})
	}
}
