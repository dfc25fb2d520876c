package policy

import "strings"

// IsBranchName reports whether the text may be a branch's name, by the rules of
// git-check-ref-format. A leading dash, which Git allows in places, is refused,
// since it would read as an option.
func IsBranchName(name string) bool {
	if name == "" || len(name) > 200 || name == "@" || strings.HasPrefix(name, "-") ||
		strings.HasSuffix(name, ".") || strings.ContainsAny(name, " ~^:?*[\\\x7f") ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for _, r := range name {
		if r < ' ' {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}
