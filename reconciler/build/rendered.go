package build

import (
	"context"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/manifests"
)

// Renderer is a Builder that gives what it built in a form that may be kept.
type Renderer interface {
	Builder
	// Render is Build, with the same errors. The result may be shared, and be of an
	// earlier build.
	Render(ctx context.Context, request Request) (*Rendered, error)
}

// Rendered is what a build gave: objects that can't change any more, in a form of some
// tenth of what they take as trees. It is safe for concurrent use.
type Rendered struct {
	set *manifests.Set
	sum string
}

// Pack gives objects in their compact form.
func Pack(objects []*unstructured.Unstructured) (*Rendered, error) {
	set, err := manifests.Pack(objects)
	if err != nil {
		return nil, err
	}
	sum := set.Digest()
	return &Rendered{set: set, sum: hex.EncodeToString(sum[:])}, nil
}

// Set gives the objects for those who need one of them at a time. It is no copy.
func (r *Rendered) Set() *manifests.Set { return r.set }

// Sum is a SHA-256 of the objects in their order: where it is the same, so are they,
// whatever files they came from.
func (r *Rendered) Sum() string { return r.sum }

// Len is the number of objects.
func (r *Rendered) Len() int { return r.set.Len() }

// Size is the number of bytes that the compact form takes.
func (r *Rendered) Size() int {
	_, packed := r.set.Size()
	return packed
}

// Objects gives the objects anew with each call, so that callers may change them.
func (r *Rendered) Objects() ([]*unstructured.Unstructured, error) {
	objects := make([]*unstructured.Unstructured, 0, r.Len())
	for object, err := range r.set.All() {
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}
