package gitrepo

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"
)

// mirrorName names the mirror's folder. The readable end is for people who look into
// the cache; the digest keeps two repositories of one name apart, also those whose
// addresses differ only in whether an ssh host finds them from the user's folder.
func mirrorName(u *url.URL) string {
	text := u.String()
	if !path.IsAbs(u.Path) {
		text += "\nrelative"
	}
	sum := sha256.Sum256([]byte(text))
	base := strings.TrimSuffix(path.Base(u.Path), ".git")
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, base)
	return hex.EncodeToString(sum[:10]) + "-" + clean[:min(len(clean), 40)]
}
