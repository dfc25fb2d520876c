package gitwriter

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Change is one value in one file that an update moves to another version.
type Change struct {
	File string // slash path from the repository's root
	Path string // where in the file, such as spec.template.spec.containers[0].image
	Line int    // 1-based; 0 when unknown

	Policy string // the policy that asked for it: its Key
	Image  string // repository, as the policy writes it
	From   string // version as written before: tag, tag@digest or digest
	To     string // version as written after
	Digest string // digest of the new version, where it is known
	Reason string // why this version, in the policy's words
	Level  string // patch, minor, major or other
}

// Key names a set of changes by its content: the files, the places in them, and the
// versions before and after. Order, lines and reasons don't matter. It is 64
// hexadecimal digits.
func Key(changes []Change) string {
	lines := make([]string, 0, len(changes))
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%q %q %q %q\n", c.File, c.Path, c.From, version(c)))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "")))
	return hex.EncodeToString(sum[:])
}

// version is the new version with its digest, once.
func version(c Change) string {
	if c.Digest == "" || strings.Contains(c.To, c.Digest) {
		return c.To
	}
	return c.To + "@" + c.Digest
}

// sorted gives a copy in the order in which people read: by image, then by place.
func sorted(changes []Change) []Change {
	out := slices.Clone(changes)
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(
			strings.Compare(a.Image, b.Image), strings.Compare(a.From, b.From), strings.Compare(version(a), version(b)),
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Path, b.Path),
			strings.Compare(a.Policy, b.Policy),
		)
	})
	return out
}

// move is one image's step from one version to another, with all its places.
type move struct {
	Change           // the first of its changes
	places  []string // file:line, sorted, each once
	spots   []Change // the first change of each place
	reasons []string // sorted, each once
}

// moves groups changes by image and versions.
func moves(changes []Change) []move {
	var all []move
	var told map[string]bool // reasons of the last move
	for _, c := range sorted(changes) {
		if n := len(all); n == 0 || all[n-1].Image != c.Image || all[n-1].From != c.From || version(all[n-1].Change) != version(c) {
			all, told = append(all, move{Change: c}), map[string]bool{"": true}
		}
		m := &all[len(all)-1]
		place := c.File
		if c.Line > 0 {
			place = fmt.Sprintf("%s:%d", c.File, c.Line)
		}
		if n := len(m.places); n == 0 || m.places[n-1] != place { // sorted by place
			m.places, m.spots = append(m.places, place), append(m.spots, c)
		}
		if !told[c.Reason] {
			told[c.Reason] = true
			m.reasons = append(m.reasons, c.Reason)
		}
	}
	return all
}
