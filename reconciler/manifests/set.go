// Package manifests keeps what a build gave in little memory, for as long as it stands in the cluster: a heal needs one
// object of it at a time, and a new build only whether it is the same.
//
// As trees of maps, ten thousand objects take some hundred megabytes; here they are JSON in compressed blocks, of which one
// is unpacked to get an object out. They are kept in memory and nowhere else: there are Secrets among them.
package manifests

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sort"

	"github.com/klauspost/compress/s2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// blockSize is how many bytes of JSON are compressed together, or more for one object that is larger. Larger blocks are
// smaller in all, and slower to get one object out of.
const blockSize = 64 << 10

// Digest is the sum of a whole set: of its objects and their order.
type Digest [sha256.Size]byte

// Set is a packed list of objects. It never changes, and is safe for use by several goroutines.
type Set struct {
	blocks []block
	names  []name // ordered by hash
	seed   maphash.Seed
	digest Digest
	size   int
}

// block holds consecutive objects, one a line.
type block struct {
	packed []byte
	first  int // number of its first object
}

// name leads from what an object is called to its number.
type name struct {
	hash   uint64
	number int
}

// Pack packs objects, whose order is kept. They aren't changed, and nothing of them is held on to. The error is for a value
// that JSON can't express.
func Pack(objects []*unstructured.Unstructured) (*Set, error) {
	s := &Set{seed: maphash.MakeSeed(), names: make([]name, 0, len(objects))}
	sum := sha256.New()
	var open []byte
	first := 0
	for number, object := range objects {
		text, err := json.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", inventory.RefOf(object), err)
		}
		start := len(open)
		open = append(append(open, text...), '\n')
		sum.Write(open[start:])
		s.names = append(s.names, name{hash: s.hash(object.GroupVersionKind().GroupKind(), object.GetName()), number: number})
		if len(open) >= blockSize || number == len(objects)-1 {
			s.close(open, first)
			open, first = open[:0], number+1
		}
	}
	sum.Sum(s.digest[:0])
	slices.SortFunc(s.names, func(a, b name) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return a.number - b.number
	})
	return s, nil
}

func (s *Set) close(open []byte, first int) {
	packed := s2.EncodeBetter(nil, open) // into a buffer for the worst case
	s.blocks = append(s.blocks, block{packed: append([]byte(nil), packed...), first: first})
	s.size += len(open)
}

// hash sums what an object is called. Its namespace isn't part of that: a manifest may leave it to the Sync.
func (s *Set) hash(kind schema.GroupKind, name string) uint64 {
	return maphash.String(s.seed, kind.Group+"/"+kind.Kind+"/"+name)
}

// Len returns how many objects the set has; none for a nil set.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.names)
}

// Digest returns the sum of the set. Two sets with the same one hold the same objects in the same order.
func (s *Set) Digest() Digest { return s.digest }

// Size returns how many bytes the set's JSON takes, and how many it takes packed.
func (s *Set) Size() (unpacked, packed int) {
	for _, block := range s.blocks {
		packed += len(block.packed)
	}
	return s.size, packed
}

// numbers returns the numbers of the objects that may be called so.
func (s *Set) numbers(hash uint64) []name {
	first := sort.Search(len(s.names), func(i int) bool { return s.names[i].hash >= hash })
	last := first
	for last < len(s.names) && s.names[last].hash == hash {
		last++
	}
	return s.names[first:last]
}
