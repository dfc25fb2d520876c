package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"sort"

	"github.com/klauspost/compress/s2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Get returns the object that stands in the cluster as ref, whatever its version, or nil where the set has none. A manifest
// may leave its namespace to the Sync, whose namespace is given, or name one for what is cluster-wide. The object is the
// caller's.
func (s *Set) Get(ref inventory.ObjectRef, namespace string) (*unstructured.Unstructured, error) {
	if s == nil {
		return nil, nil
	}
	for _, candidate := range s.numbers(s.hash(ref.GroupKind(), ref.Name)) {
		object, err := s.at(candidate.number)
		if err != nil {
			return nil, err
		}
		own := inventory.RefOf(object)
		if own.GroupKind() != ref.GroupKind() || own.Name != ref.Name {
			continue
		}
		if ref.Namespace == "" || ref.Namespace == own.Namespace || own.Namespace == "" && ref.Namespace == namespace {
			return object, nil
		}
	}
	return nil, nil
}

// All returns the objects in the order in which they were packed, unpacked one by one. After an error there are no more.
func (s *Set) All() iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		if s == nil {
			return
		}
		for _, block := range s.blocks {
			text, err := s2.Decode(nil, block.packed)
			if err != nil {
				yield(nil, fmt.Errorf("unpacking objects: %w", err))
				return
			}
			for line := range bytes.Lines(text) {
				object, err := decode(line)
				if !yield(object, err) || err != nil {
					return
				}
			}
		}
	}
}

// at unpacks one object by its number.
func (s *Set) at(number int) (*unstructured.Unstructured, error) {
	block := s.blocks[sort.Search(len(s.blocks), func(i int) bool { return s.blocks[i].first > number })-1]
	text, err := s2.Decode(nil, block.packed)
	if err != nil {
		return nil, fmt.Errorf("unpacking an object: %w", err)
	}
	at := block.first
	for line := range bytes.Lines(text) { // no JSON of ours has a line break in it
		if at == number {
			return decode(line)
		}
		at++
	}
	return nil, errors.New("unpacking an object: its block is too short")
}

// decode keeps whole numbers whole, as the API machinery wants them.
func decode(line []byte) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(line, &object.Object); err != nil {
		return nil, fmt.Errorf("unpacking an object: %w", err)
	}
	return object, nil
}
