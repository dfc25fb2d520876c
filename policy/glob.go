package policy

import (
	"path"
	"strconv"
	"strings"
)

// Match reports whether any of the globs matches the file, which is named from
// the root of the repository with slashes.
//
// A glob is matched against the whole name, case and all. "*", "?" and "[a-z]"
// stand for characters other than the slash, as in [path.Match]; a component
// "**" stands for any number of components, at the end of a glob for one at
// least. A glob that ends with a slash means everything below: "apps/" is
// "apps/**". A malformed glob matches nothing; the parsers report it.
func Match(globs []string, file string) bool {
	parts := strings.Split(path.Clean(file), "/")
	for _, glob := range globs {
		if strings.HasSuffix(glob, "/") {
			glob += "**"
		}
		if matchParts(strings.Split(glob, "/"), parts) {
			return true
		}
	}
	return false
}

// matchParts walks both sides once, and on a mismatch lets the last "**" take
// one component more. Earlier ones needn't be tried again, so the time is at
// most the product of the lengths, whatever the glob.
func matchParts(glob, parts []string) bool {
	g, p := 0, 0
	starGlob, starPart := -1, 0
	for p < len(parts) {
		if g < len(glob) && glob[g] == "**" {
			if g++; g == len(glob) {
				return true
			}
			starGlob, starPart = g, p
			continue
		}
		if g < len(glob) {
			if ok, err := path.Match(glob[g], parts[p]); err == nil && ok {
				g, p = g+1, p+1
				continue
			}
		}
		if starGlob < 0 {
			return false
		}
		starPart++
		g, p = starGlob, starPart
	}
	return g == len(glob)
}

// checkGlob says what is wrong with a glob that a person wrote.
func checkGlob(glob string) string {
	quoted := quote(glob)
	switch {
	case glob == "":
		return "the glob is empty"
	case len(glob) > 1024:
		return "the glob has more than 1024 bytes"
	case strings.HasPrefix(glob, "/"):
		return quoted + " begins with a slash"
	case strings.HasPrefix(glob, "!"):
		return quoted + " begins with an exclamation mark; a glob can't be negated"
	}
	for _, part := range strings.Split(strings.TrimSuffix(glob, "/"), "/") {
		switch {
		case part == "":
			return quoted + " has an empty component"
		case part == "." || part == "..":
			return quoted + " has the component " + strconv.Quote(part)
		case part != "**" && strings.Contains(part, "**"):
			return quoted + ` has a "**" that is not a component of its own`
		}
		if _, err := path.Match(part, ""); err != nil {
			return quoted + " is not a glob: check its brackets"
		}
	}
	return ""
}
