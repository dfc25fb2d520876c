package gitwriter

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
)

func code(value string) string { return markup.Code(value) }

func prose(value string, limit int) string { return markup.Prose(value, limit) }

// sentence is a reason as text that ends in one full stop, whether the reason has one or
// not: those of policies do.
func sentence(reason string) string { return prose(unstopped(reason), maxReason) + "." }

func unstopped(reason string) string { return strings.TrimRight(reason, ". \t\r\n") }

// anchor links HTML to a page of the web; without an address of one, or where host is
// given and the address is at another, it is the HTML alone.
func anchor(address, host, html string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || host != "" && u.Host != host {
		return html
	}
	if !regexp.MustCompile(`^[A-Za-z][\w-]*$`).MatchString(u.Fragment) {
		u.Fragment, u.RawFragment = "", "" // #12 would be an issue where the text is read
	}
	var b strings.Builder
	for _, r := range u.String() {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'<>`|\\@!~$^*[]{}", r) {
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteRune(r)
		}
	}
	escaped := regexp.MustCompile(`(?i)(gh)-(\d)`).ReplaceAllString(b.String(), "$1%2D$2")
	return `<a href="` + strings.ReplaceAll(escaped, "&", "&amp;") + `">` + html + "</a>"
}
