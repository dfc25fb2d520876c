package bot

import (
	"reflect"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/refcache"
)

// finding is what the cache keeps of a file.
type finding struct {
	// Found is what the file names, without the file's name. The cache leaves it out where
	// there are documents: such files are few, and are always read.
	Found edit.Found
	// Documents says that there may be policies or documents of Flux's image automation.
	Documents bool
	// Context says that there are documents which Flux's policies in other files may need.
	Context bool
}

// scope is what a finding depends on beside the file. Its number changes with what the
// flags of a finding mean.
func scope(f edit.Finder) string {
	return "1 " + f.Fingerprint() + " " + refcache.Layout(reflect.TypeFor[finding]())
}

func keyOf(scope string, f *File) refcache.Key {
	return refcache.KeyOf(scope, edit.Class(f.Name), string(f.blob))
}

// batch is how many bytes of findings are gathered before they are written, so that a
// first reading that is cut short wasn't for nothing.
const batch = 1 << 20

// find finds what is in the files that no earlier tree has.
func (r *Reader) find(rd *reading) {
	if len(rd.wanted) > 0 {
		scope := scope(rd.tree.finder)
		unknown := r.recall(rd, scope)
		added := r.parse(rd, scope, unknown)
		r.trim(rd, scope, added)
	}
	rd.readContext()
}

// recall looks the files up in the cache, which is read once. It gives those that must be
// read: what the cache doesn't know, and documents.
func (r *Reader) recall(rd *reading, scope string) []wanted {
	if r.Cache == nil || !r.load(scope) {
		return rd.wanted
	}
	entries := r.Cache.Load()
	r.mu.Lock()
	r.records = entries.Len()
	r.mu.Unlock()
	var unknown []wanted
	for _, w := range rd.wanted {
		value, ok := entries.Get(keyOf(scope, w.file))
		if !ok || w.file.blob == "" || !rd.recalled(w.file, value) {
			unknown = append(unknown, w)
		}
	}
	return unknown
}

// load tells whether the cache is still to be read for a scope.
func (r *Reader) load(scope string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.loaded != scope
	r.loaded = scope
	return first
}

// parse reads and parses files side by side. It gives how many findings are new in the
// cache.
func (r *Reader) parse(rd *reading, scope string, files []wanted) (added int) {
	var (
		mu    sync.Mutex
		fresh refcache.Records
		work  errgroup.Group
	)
	flush := func() {
		if r.Cache != nil {
			r.Cache.Add(&fresh)
		}
		added += fresh.Len()
		fresh = refcache.Records{}
	}
	work.SetLimit(runtime.GOMAXPROCS(0))
	for _, w := range files {
		work.Go(func() error {
			p, err := parseFile(rd, w)
			mu.Lock()
			defer mu.Unlock()
			if !rd.take(w, p, err) || w.file.blob == "" {
				return nil
			}
			if fresh.Put(keyOf(scope, w.file), p.cached); fresh.Size() > batch {
				flush()
			}
			return nil
		})
	}
	_ = work.Wait() // what failed is among the problems
	flush()
	return added
}

// trim keeps the cache from growing without end: mostly it does nothing.
func (r *Reader) trim(rd *reading, scope string, added int) {
	if r.Cache == nil {
		return
	}
	files := 0
	rd.root.visit(func(string) {}, func(*File) { files++ })
	r.mu.Lock()
	r.records += added
	much := r.records > 2*files+1000
	r.mu.Unlock()
	if !much {
		return
	}
	live := map[refcache.Key]bool{}
	rd.root.visit(func(string) {}, func(f *File) { live[keyOf(scope, f)] = true })
	r.Cache.Trim(func(k refcache.Key) bool { return live[k] })
	r.mu.Lock()
	r.records = len(live) + len(live)/2
	r.mu.Unlock()
}
