// Package render is the whole way from a folder of a repository to objects, one for
// the reconciler and the command line: which builder takes the folder, and what it
// gave before.
//
//	select → remembered? → decrypt → build, substitute
package render

import (
	"context"
	"errors"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/cache"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

// Config says what a Renderer is made of.
type Config struct {
	// Kinds are asked in this order whether a folder is theirs.
	Kinds []Kind
	// CacheBytes bounds the memory for results; 64 MiB by default.
	CacheBytes int64
}

// Kind is one way to build.
type Kind struct {
	Name    string
	Builder build.Builder
	// Relevant leaves those options that the builder looks at, so that a change of others
	// renders nothing anew; nil leaves all.
	Relevant func(build.Options) build.Options
}

// FilesOnly is the Relevant of builders for which there is no release and no cluster.
func FilesOnly(o build.Options) build.Options {
	return build.Options{Variables: o.Variables, Decryption: o.Decryption}
}

// Renderer renders folders. It is safe for concurrent use.
type Renderer struct {
	cache *cache.Cache
	kinds []*cache.Builder
}

var _ build.Renderer = (*Renderer)(nil)

// New gives a Renderer that remembers nothing yet.
func New(c Config) *Renderer {
	r := &Renderer{cache: cache.New(cache.Config{Bytes: c.CacheBytes})}
	for _, k := range c.Kinds {
		r.kinds = append(r.kinds, r.cache.Wrap(k.Name, sops.Wrap(k.Builder), k.Relevant))
	}
	return r
}

// Stats tells how the cache fares.
func (r *Renderer) Stats() cache.Stats { return r.cache.Stats() }

// Detect tells whether there is a way to build the folder.
func (r *Renderer) Detect(fsys fs.FS, dir string) (bool, error) {
	kind, err := r.find(fsys, dir)
	return kind != nil, err
}

// Build gives the objects of a folder.
func (r *Renderer) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	rendered, err := r.Render(ctx, request)
	if err != nil {
		return nil, err
	}
	return rendered.Objects()
}

// Render gives the objects of a folder in the form that may be kept, rendered anew or
// not.
func (r *Renderer) Render(ctx context.Context, request build.Request) (*build.Rendered, error) {
	dir, err := build.CleanDir(request.Files, request.Dir)
	if err != nil {
		return nil, err
	}
	request.Dir = dir
	kind, err := r.find(request.Files, dir)
	if err != nil {
		return nil, err
	}
	if kind == nil {
		return nil, &build.Error{File: dir, Err: errors.New("no way to build this folder")}
	}
	return kind.Render(ctx, request)
}

func (r *Renderer) find(fsys fs.FS, dir string) (*cache.Builder, error) {
	for _, kind := range r.kinds {
		ok, err := kind.Detect(fsys, dir)
		if err != nil {
			return nil, err
		}
		if ok {
			return kind, nil
		}
	}
	return nil, nil
}
