package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/towline-dev/towline/reconciler/build"
)

// footprint is what a build has read: first what folders don't answer for, then the
// rest, each folder right before what is below it.
type footprint []step

// step is one name and what it must be for the result to hold. Where whole is set and
// is still the sum of the folder, nothing below it need be looked at.
type step struct {
	name  string
	asked asked
	sum   string // of what was asked
	whole string // of a folder that was listed
	skip  int    // the steps after this one that whole answers for
}

// absent stands as the sum of what isn't there.
const absent = "absent"

// seal makes the footprint of what was noted.
func seal(fsys build.Hasher, notes map[string]asked) (footprint, error) {
	var taken footprint
	for _, name := range slices.Sorted(maps.Keys(notes)) {
		s := step{name: name, asked: notes[name]}
		var err error
		if s.sum, err = sumOf(fsys, s); err != nil {
			return nil, err
		}
		if s.asked&names != 0 && s.sum != absent {
			if s.whole, err = plainFolder(fsys, name); err != nil {
				return nil, err
			}
		}
		taken = append(taken, s)
	}
	return fold(fsys, taken)
}

// plainFolder gives the sum of a folder that isn't reached through a link; else none,
// because the folder at that name then isn't part of the trees above it.
func plainFolder(fsys build.Hasher, name string) (string, error) {
	sum, resolved, mode, err := fsys.Identify(name, true)
	if err != nil || resolved != name || !mode.IsDir() {
		return "", err
	}
	return sum, nil
}

// sumOf gives what the step's name is now, as far as was asked.
func sumOf(fsys build.Hasher, s step) (string, error) {
	sum, resolved, mode, err := fsys.Identify(s.name, true)
	if errors.Is(err, fs.ErrNotExist) {
		sum, resolved, err = absent, "", nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case sum == absent:
	case s.asked&names != 0 && mode.IsDir():
		if sum, err = listing(fsys, s.name); err != nil {
			return "", err
		}
	case mode.IsDir():
		sum = mode.Type().String()
	case s.asked&content != 0 || s.asked&names != 0:
		sum = mode.String() + sum
	default:
		sum = mode.Type().String()
	}
	if s.asked&link == 0 || resolved == s.name {
		return sum, nil
	}
	own, _, mode, err := fsys.Identify(s.name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return sum, nil
	}
	return sum + mode.String() + own, err
}

// listing gives a sum of the names and kinds of what a folder holds.
func listing(fsys fs.FS, name string) (string, error) {
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, e := range entries {
		_, _ = fmt.Fprintf(sum, "%s\x00%s\x00", e.Name(), e.Type()) // names hold no zero byte; a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// holds tells whether everything is as it was.
func (f footprint) holds(fsys build.Hasher) (bool, error) {
	for i := 0; i < len(f); i++ {
		s := f[i]
		if s.whole != "" {
			now, err := plainFolder(fsys, s.name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, err
			}
			if now == s.whole {
				i += s.skip
				continue
			}
			if s.sum == "" { // noted as a whole only
				return false, nil
			}
		}
		now, err := sumOf(fsys, s)
		if err != nil || now != s.sum {
			return false, err
		}
	}
	return true, nil
}

// size is about what the footprint takes in memory.
func (f footprint) size() int {
	total := 0
	for _, s := range f {
		total += 96 + len(s.name) + len(s.sum) + len(s.whole)
	}
	return total
}
