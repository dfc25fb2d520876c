package policy

import (
	"slices"
	"strconv"
	"strings"
)

// didYouMean is the hint for a name that isn't known: the nearest known one, or
// all of them when none is near.
func didYouMean(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	if len(known) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(known))
	return "known here: " + strings.Join(sorted, ", ")
}

// Nearest gives the known name that a person most likely meant, or "". Case
// doesn't count, since "filtertags" is the commonest slip. One edit in three
// characters is allowed; past that a suggestion would be a guess. Of several that are equally near it is the first by name.
func Nearest(name string, known []string) string {
	best, bestDistance := "", max(1, len(name)/3)+1
	folded := strings.ToLower(name)
	for _, k := range slices.Sorted(slices.Values(known)) {
		target := strings.ToLower(k)
		if max(len(target)-len(folded), len(folded)-len(target)) >= bestDistance {
			continue
		}
		if d := distance(folded, target); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance in bytes: insertions,
// deletions, substitutions, and swaps of neighbours each count one.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
