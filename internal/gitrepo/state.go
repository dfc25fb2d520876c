package gitrepo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// state is what a generation knows beside its objects. It is one file that is
// replaced by renaming, since go-git writes references and the shallow file in place:
// a reader in another process, or after a crash, would find them empty.
type state struct {
	// Branches are the heads that were fetched or pushed last: all that is below
	// them, down to Shallow, is in the mirror.
	Branches map[string]Hash `json:"branches"`
	// Shallow are the commits whose parents the mirror doesn't hold.
	Shallow []Hash `json:"shallow"`
	// Absent are the files that the remote was asked to leave out, for their size.
	Absent []Hash `json:"absent,omitempty"`
}

const stateFile = "towline.json"

// state reads the generation's state; a new one has none.
func (s *store) state() (state, error) {
	st := state{Branches: map[string]Hash{}}
	data, err := os.ReadFile(filepath.Join(s.dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &st)
	}
	if err != nil {
		s.condemn()
		return state{}, &localError{"reading the mirror's state", fmt.Errorf("%w: %w", ErrDamaged, err)}
	}
	if st.Branches == nil {
		st.Branches = map[string]Hash{}
	}
	return st, nil
}

// setState replaces the generation's state. Call it with the mirror's lock.
func (s *store) setState(st state) error {
	data, err := json.Marshal(st)
	if err != nil {
		return &localError{"encoding the mirror's state", err}
	}
	if err := s.disk.replace(filepath.Join(s.dir, stateFile), data); err != nil {
		return &localError{"writing the mirror's state", err}
	}
	return nil
}

// boundary is the shallow boundary after a fetch with a depth.
func boundary(before []Hash, shallows, unshallows []plumbing.Hash) []Hash {
	gone := map[Hash]bool{}
	for _, h := range unshallows {
		gone[hashOf(h)] = true
	}
	after := slices.Clone(before)
	for _, h := range shallows {
		after = append(after, hashOf(h))
	}
	after = slices.DeleteFunc(after, func(h Hash) bool { return gone[h] })
	slices.SortFunc(after, func(a, b Hash) int { return strings.Compare(string(a), string(b)) })
	return slices.Compact(after)
}
