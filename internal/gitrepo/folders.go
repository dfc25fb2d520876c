package gitrepo

import (
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// maxKept bounds the entries of folders that are kept beside the largest folder; an
// entry takes some 80 bytes.
const maxKept = 50_000

// folders are those that were read of a store, by hash: a walk comes back to a folder
// with each step below, and so does the next commit, which shares most with this one.
type folders struct {
	mu      sync.Mutex
	known   map[plumbing.Hash]folder
	largest plumbing.Hash // of known
	kept    int           // entries in known
}

func (f *folders) get(hash plumbing.Hash) (folder, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.known[hash]
	return known, ok
}

// keep remembers a folder. The largest one stays when there are too many, since it
// costs most to read again.
func (f *folders) keep(hash plumbing.Hash, read folder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.known[hash]; ok {
		return // another has read it at the same time
	}
	large := f.known[f.largest]
	if f.known == nil || f.kept+len(read)-max(len(large), len(read)) > maxKept {
		f.known, f.kept = map[plumbing.Hash]folder{}, 0
		if large != nil {
			f.known[f.largest], f.kept = large, len(large)
		}
	}
	f.known[hash] = read
	f.kept += len(read)
	if len(read) >= len(large) {
		f.largest = hash
	}
}
