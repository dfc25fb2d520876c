package gitwriter

import (
	"cmp"
	"slices"
	"strings"
)

// byUrgency gives the positions of updates in the order in which they are written: what
// is committed to the base, so that branches needn't be built on it twice; what closes a
// hole; then patches, minor, major and other updates, each by group.
func byUrgency(updates []Update) []int {
	order := make([]int, len(updates))
	for i := range order {
		order[i] = i
	}
	rank := func(u Update) int {
		switch {
		case u.Mode == ModeCommit:
			return -2
		case u.Security:
			return -1
		}
		return levelRank(u.Level)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := updates[a], updates[b]
		return cmp.Or(cmp.Compare(rank(x), rank(y)), strings.Compare(x.Group, y.Group))
	})
	return order
}

// levelRank orders levels; another digest of the same version counts as a patch.
func levelRank(level string) int {
	switch level {
	case "none", "patch":
		return 0
	case "minor":
		return 1
	case "major":
		return 2
	}
	return 3
}
