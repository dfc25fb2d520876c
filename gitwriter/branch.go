package gitwriter

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const defaultPrefix = "towline/"

// branchName is where an update of a group lives. A group whose name Git wouldn't
// take as it is gets a digest at the end, so that two never share a branch.
func branchName(u Update) string {
	prefix := u.BranchPrefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, u.Group)
	clean = strings.Trim(strings.ReplaceAll(strings.ReplaceAll(clean, "..", "-"), ".lock", "-lock"), "-.")
	clean = clean[:min(len(clean), 60)]
	if clean != u.Group {
		sum := sha256.Sum256([]byte(u.Group))
		clean = strings.Trim(clean+"-"+hex.EncodeToString(sum[:4]), "-.")
	}
	return prefix + clean
}
