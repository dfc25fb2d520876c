package gitwriter

import (
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
)

func code(value string) string { return markup.Code(value) }

func prose(value string, limit int) string { return markup.Prose(value, limit) }

// anchor links HTML to a page of the web; without an address of one, or where host is
// given and the address is at another, it is the HTML alone.
func anchor(address, host, html string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || host != "" && u.Host != host {
		return html
	}
	var b strings.Builder
	for _, r := range u.String() {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'<>`|\\", r) {
			b.WriteString(url.PathEscape(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return `<a href="` + strings.ReplaceAll(b.String(), "&", "&amp;") + `">` + html + "</a>"
}
