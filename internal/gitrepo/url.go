package gitrepo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// parseURL accepts what this package can talk to. The messages never repeat the
// text of a refused URL, since it may hold a password.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the repository's URL can't be parsed (hint: https://host/owner/name.git)")
	}
	if u.User != nil {
		return nil, errors.New("the repository's URL holds credentials (hint: give them by configuration, URLs end up in logs)")
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, errors.New("the repository's URL has no host")
		}
	case "file":
		if u.Host != "" || !path.IsAbs(u.Path) {
			return nil, errors.New("a file URL needs an absolute path, such as file:///srv/git/deploy.git")
		}
	case "ssh", "git+ssh":
		return nil, errors.New("ssh isn't supported yet (hint: use the repository's https URL)")
	default:
		return nil, fmt.Errorf("the scheme %q isn't supported (hint: https, http or file; ssh isn't supported yet)", u.Scheme)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the repository's URL has a query or a fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// mirrorName names the mirror's folder. The readable end is for people who look into
// the cache; the digest keeps two repositories of one name apart.
func mirrorName(u *url.URL) string {
	sum := sha256.Sum256([]byte(u.String()))
	base := strings.TrimSuffix(path.Base(u.Path), ".git")
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, base)
	return hex.EncodeToString(sum[:10]) + "-" + clean[:min(len(clean), 40)]
}
