package testbed

import (
	"crypto/rand"
	"strings"
)

// UniqueName returns a name that no other test uses, nor another run of the same one: small
// letters and digits, a letter first, as namespaces, users and repositories may be called.
// It has no hyphen: pull requests keep what looks like a ticket (u-7) from becoming a link.
func UniqueName() string { return "t" + strings.ToLower(rand.Text()[:10]) }
