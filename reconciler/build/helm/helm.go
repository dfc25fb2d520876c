// Package helm builds folders that hold a Helm chart, in process and from the repository
// alone: no cluster is asked, nothing is fetched, no program runs. It is what `helm
// template` does, with Helm's own library for reading charts, merging values and resolving
// dependencies.
//
// Templates are executed here and not by Helm's engine, because a template can loop for
// ever or fill the memory, and neither that engine nor text/template can be stopped. This
// one counts what a template makes and ends it at a bound (see meter).
//
// What a chart makes up, such as a random password, would be another at each render. Such
// objects are refused, unless they say that they are applied once only (see steady).
package helm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
)

// rendersAtOnce bounds the memory of hostile charts: each may take some hundred MiB.
const rendersAtOnce = 2

// maxRelease is how long a release's name may be, so that charts can append to it.
const maxRelease = 53

// Builder builds charts.
type Builder struct {
	limits build.Limits
	turn   chan struct{}
	now    func() time.Time
}

// New gives a Builder.
func New(limits build.Limits) *Builder {
	return &Builder{limits: limits, turn: make(chan struct{}, rendersAtOnce), now: time.Now}
}

// Detect takes folders that hold a Chart.yaml.
func (*Builder) Detect(fsys fs.FS, dir string) (bool, error) {
	_, err := fs.Stat(fsys, path.Join(dir, "Chart.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a chart in %q: %w", dir, err)
	}
	return true, nil
}

// Build renders the chart of the request's folder. Objects that name no namespace stay
// without one.
func (b *Builder) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	release := request.Options.Release
	if release == "" {
		release = "release-name" // as in helm template
	}
	if len(release) > maxRelease || strings.Trim(release, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return nil, &build.Error{File: request.Dir, Err: fmt.Errorf("%q can't be the name of a release", release), Hint: fmt.Sprintf("spec.helm.releaseName may have %d letters, digits and dashes", maxRelease)}
	}
	request.Options.Release = release
	if request.Options.Namespace == "" {
		request.Options.Namespace = "default"
	}
	l, err := load(ctx, request, b.limits)
	if err != nil {
		return nil, err
	}
	given, err := readValues(request, b.limits)
	if err != nil {
		return nil, err
	}
	top, err := prepare(l, request, given)
	if err != nil {
		return nil, err
	}
	merged, _ := asMap(top["Values"])
	if err := checkSchemas(ctx, l.dir, l.chart, merged); err != nil {
		return nil, err
	}
	return b.steady(ctx, request, l, top)
}
