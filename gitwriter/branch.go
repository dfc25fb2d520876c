package gitwriter

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

const defaultPrefix = "towline/"

// branchName is where an update of a group lives.
func branchName(u Update) string {
	return cmp.Or(u.BranchPrefix, defaultPrefix) + branchPart(u.Group)
}

// branchPart makes a group's name fit for a branch. One that Git wouldn't take as it is
// gets a digest at the end, so that two never share a branch.
func branchPart(group string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, group)
	clean = strings.Trim(strings.ReplaceAll(strings.ReplaceAll(clean, "..", "-"), ".lock", "-lock"), "-.")
	clean = clean[:min(len(clean), 60)]
	if clean != group {
		sum := sha256.Sum256([]byte(group))
		clean = strings.Trim(clean+"-"+hex.EncodeToString(sum[:4]), "-.")
	}
	return clean
}

// groupOfBranch tells the group of a branch whose name is the group's own. What ends
// like a digest may have had any name.
func groupOfBranch(prefix, branch string) (string, bool) {
	group, ok := strings.CutPrefix(branch, prefix)
	if !ok || branchPart(group) != group || regexp.MustCompile(`(^|-)[0-9a-f]{8}$`).MatchString(group) {
		return "", false
	}
	return group, true
}
