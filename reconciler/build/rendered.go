package build

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Renderer is a Builder that gives what it built in a form that may be kept.
type Renderer interface {
	Builder
	// Render is Build, with the same errors. The result may be shared, and be of an
	// earlier build.
	Render(ctx context.Context, request Request) (*Rendered, error)
}

// Rendered is what a build gave: objects that can't change any more, compressed to
// some tenth of what they take as trees. It is safe for concurrent use.
type Rendered struct {
	sum    string
	count  int
	length int // bytes of the JSON
	packed []byte
}

// Pack gives objects in their compact form.
func Pack(objects []*unstructured.Unstructured) (*Rendered, error) {
	r := &Rendered{count: len(objects)}
	var packed bytes.Buffer
	compressor, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compressing objects: %w", err)
	}
	sum := sha256.New()
	both := io.MultiWriter(compressor, sum)
	for _, u := range objects {
		data, err := json.Marshal(u.Object) // keys are sorted
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", describe(u), err)
		}
		data = append(data, '\n')
		r.length += len(data)
		if _, err := both.Write(data); err != nil {
			return nil, fmt.Errorf("compressing %s: %w", describe(u), err)
		}
	}
	if err := compressor.Close(); err != nil {
		return nil, fmt.Errorf("compressing objects: %w", err)
	}
	r.sum = hex.EncodeToString(sum.Sum(nil))
	r.packed = bytes.Clone(packed.Bytes()) // without the buffer's spare room
	return r, nil
}

// Sum is a SHA-256 of the objects in their order: where it is the same, so are they,
// whatever files they came from.
func (r *Rendered) Sum() string { return r.sum }

// Len is the number of objects.
func (r *Rendered) Len() int { return r.count }

// Size is the number of bytes that the compact form takes.
func (r *Rendered) Size() int { return len(r.packed) }

// Objects gives the objects anew with each call, so that callers may change them.
func (r *Rendered) Objects() ([]*unstructured.Unstructured, error) {
	data := bytes.NewBuffer(make([]byte, 0, r.length))
	if _, err := io.Copy(data, flate.NewReader(bytes.NewReader(r.packed))); err != nil {
		return nil, fmt.Errorf("decompressing objects: %w", err)
	}
	objects := make([]*unstructured.Unstructured, 0, r.count)
	for line := range bytes.Lines(data.Bytes()) {
		object := map[string]any{}
		if err := utiljson.Unmarshal(line, &object); err != nil { // whole numbers become int64
			return nil, fmt.Errorf("decoding an object: %w", err)
		}
		objects = append(objects, &unstructured.Unstructured{Object: object})
	}
	return objects, nil
}
