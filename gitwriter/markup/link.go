package markup

import (
	"fmt"
	"net/url"
	"strings"
)

// maxLink bounds a link's address in bytes.
const maxLink = 2000

// Link makes a link of what is markup already, such as what Code or Prose gave. An address
// that isn't one of HTTP, or holds a name and password, makes none: shown is given as it is.
func Link(shown, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(address) > maxLink {
		return shown
	}
	var target strings.Builder
	for _, c := range []byte(u.String()) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~:/?#[]@&=+%,", c) >= 0 {
			target.WriteByte(c)
		} else { // such as what would end the link, or the table's cell
			fmt.Fprintf(&target, "%%%02X", c)
		}
	}
	return "[" + shown + "](" + target.String() + ")"
}
