// Package kustomize builds folders that hold a kustomization, in process with
// kustomize's own library, which reads the repository lazily through fs.FS.
//
// What a kustomization names must stand in the repository, but for remote bases that are
// allowed (see Bases), which this package fetches and shows as folders. Other remote bases and
// files, plugins, container and exec functions and Helm charts are refused with
// the line that names them, before the library sees it: left alone it would
// fetch by HTTP and run git.
package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/towline-dev/towline/reconciler/build"
)

// Builder builds kustomizations.
type Builder struct {
	limits build.Limits
	bases  Bases
	turns  *turns
}

// maxObjects bounds a kustomization where Limits doesn't: the time that the library
// takes grows with the square of their number, some 40 seconds for that many.
const maxObjects = 5_000

// New gives a Builder that takes no remote bases. A process should hold one only, because the library's
// state, which the Builder guards, is the process's.
func New(limits build.Limits) *Builder {
	if limits.Objects == 0 {
		limits.Objects = maxObjects
	}
	return &Builder{limits: limits, turns: newTurns()}
}

// NewWithBases gives a Builder that takes remote bases, where the library fetches nothing:
// they are shown to it as folders of the repository.
func NewWithBases(limits build.Limits, bases Bases) (*Builder, error) {
	if err := bases.Validate(); err != nil {
		return nil, err
	}
	b := New(limits)
	b.bases = bases
	return b, nil
}

// Detect takes folders that hold a kustomization file.
func (*Builder) Detect(fsys fs.FS, dir string) (bool, error) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		_, err := fs.Stat(fsys, path.Join(dir, name))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, build.LinkError(fsys, path.Join(dir, name), fmt.Errorf("looking for a kustomization in %q: %w", dir, err))
		}
	}
	return false, nil
}

// Build renders the kustomization of dir. Where it turns out to want a remote base, that is
// fetched while nobody waits for this build, which then begins anew.
func (b *Builder) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	fetched := map[string]fs.FS{}
	for {
		objects, err := b.attempt(ctx, request, fetched)
		missing, ok := errors.AsType[*missingBase](err)
		if !ok {
			return objects, err
		}
		if err := b.bases.fetch(ctx, missing.base, fetched); err != nil {
			return nil, err
		}
	}
}

// attempt renders with the remote bases that are there.
func (b *Builder) attempt(ctx context.Context, request build.Request, fetched map[string]fs.FS) ([]*unstructured.Unstructured, error) {
	var files *files
	var rendered resmap.ResMap
	err := b.turns.shared(ctx, func() (err error) {
		files = newFiles(ctx, request.Files, b.limits, b.bases, fetched)
		rendered, err = run(files, request.Dir)
		return err
	})
	if errors.Is(err, errAbandoned) {
		return nil, err
	}
	if errors.Is(files.err, errSchema) {
		err = b.turns.alone(ctx, func() (err error) {
			files = newFiles(ctx, request.Files, b.limits, b.bases, fetched)
			files.schemas = true
			rendered, err = run(files, request.Dir)
			return err
		})
	}
	switch {
	case errors.Is(err, errAbandoned):
		return nil, err
	case files.err != nil:
		return nil, files.err // the library loses the cause of some errors
	case err != nil:
		return nil, errors.Join(files.syntax(), &build.Error{File: request.Dir, Err: err})
	}
	return b.collect(request, rendered)
}

// run calls the library. A panic in it, on input that its authors didn't think
// of, is the repository's fault and mustn't end the process.
func run(files *files, dir string) (rendered resmap.ResMap, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize gave up: %v", p)
		}
	}()
	options := krusty.MakeDefaultOptions()
	// The root of the loader is the repository, which files holds against every
	// path; kustomize's own rule would forbid ../ files that Flux and Argo CD allow.
	options.LoadRestrictions = types.LoadRestrictionsNone
	options.PluginConfig = types.DisabledPluginConfig()
	return krusty.MakeKustomizer(options).Run(files, "/"+strings.TrimPrefix(dir, "."))
}

func (b *Builder) collect(request build.Request, rendered resmap.ResMap) ([]*unstructured.Unstructured, error) {
	dir := request.Dir
	objects := build.NewCollector(b.limits, request.Options)
	for _, r := range rendered.Resources() {
		data, err := r.MarshalJSON()
		if err != nil {
			return nil, &build.Error{File: dir, Err: fmt.Errorf("encoding %s: %w", r.CurId(), err)}
		}
		object := map[string]any{}
		if err := utiljson.Unmarshal(data, &object); err != nil {
			return nil, &build.Error{File: dir, Err: fmt.Errorf("decoding %s: %w", r.CurId(), err)}
		}
		objects.AddUnquoted(dir, 0, object, unquoted(request.Options, r))
	}
	return objects.Objects()
}

// unquoted finds what was written without quotes; it still shows in the library's nodes.
func unquoted(options build.Options, r *resource.Resource) build.Unquoted {
	if options.Variables == nil {
		return nil
	}
	return build.UnquotedIn(r.YNode())
}
