package gitrepo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
	// Refs are what was fetched last for Refs that aren't branches, by kind and name.
	Refs map[string]Hash `json:"refs,omitempty"`
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

// maxRefs bounds how many Refs beside branches are remembered.
const maxRefs = 256

// at tells what was fetched last for a Ref.
func (st state) at(ref Ref) (Hash, bool) {
	if ref.Kind == KindBranch {
		hash, ok := st.Branches[ref.Name]
		return hash, ok
	}
	hash, ok := st.Refs[ref.String()]
	return hash, ok
}

// others gives what was fetched for all other Refs, branches first.
func (st state) others(ref Ref) []Hash {
	var others []Hash
	for _, branch := range slices.Sorted(maps.Keys(st.Branches)) {
		if ref.Kind != KindBranch || branch != ref.Name {
			others = append(others, st.Branches[branch])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(st.Refs)) {
		if name != ref.String() {
			others = append(others, st.Refs[name])
		}
	}
	return others
}

// put records what was fetched for a Ref. Where too many Refs have piled up the others
// are forgotten: one that is asked for again costs a fetch.
func (st *state) put(want Resolved) {
	if want.Ref.Kind == KindBranch {
		st.Branches[want.Ref.Name] = want.Commit
		return
	}
	if st.Refs == nil || len(st.Refs) >= maxRefs {
		st.Refs = map[string]Hash{}
	}
	st.Refs[want.Ref.String()] = want.Commit
}

// forget drops branches that the remote doesn't have any more.
func (st *state) forget(all Refs) {
	maps.DeleteFunc(st.Branches, func(branch string, _ Hash) bool {
		_, exists := all.Branches[branch]
		return !exists
	})
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
