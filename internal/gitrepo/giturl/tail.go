package giturl

import (
	"net/url"
	"path"
	"strings"
)

// Tail gives OWNER/NAME, in lower case and without .git: the last two parts of an
// address's path, by which a webhook's repository is told. An address may lack its scheme:
// HOST/OWNER/NAME. The host is left out, since
// inside a cluster a forge often goes by another name than it gives itself; so is what
// stands before the two, since a forge may live below a path of its host. Two
// repositories of one tail are taken for one, which costs whoever looks at both a
// request. It is "" for what is no address.
func Tail(address string) string {
	u, ok := parseShort(address)
	if !ok {
		var err error
		if !strings.Contains(address, "://") {
			address = "//" + address // or a host with a port would be taken for a scheme
		}
		if u, err = url.Parse(address); err != nil {
			return ""
		}
	}
	clean := strings.TrimSuffix(strings.ToLower(path.Clean("/"+u.Path)), ".git")
	parts := strings.Split(strings.Trim(clean, "/"), "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}
