package gitwriter

import (
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/notes"
)

// code shows a value from outside as it is, also in a table's cell.
func code(value string) string {
	value = oneLine(value, 300)
	if value == "" {
		return "–"
	}
	return notes.Code(value)
}

// prose shows text from outside as text: no markup, no links, nobody notified and no
// issue referred to.
func prose(value string, limit int) string { return notes.Text(oneLine(value, limit)) }

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
