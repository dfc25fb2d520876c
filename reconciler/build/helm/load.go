package helm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

const (
	maxFolders = 16  // how deep folders of a chart may lie in each other; links may lead in a circle
	maxLoaded  = 256 // charts in a chart
)

// loaded is a chart with where its files stand.
type loaded struct {
	chart  *v2.Chart
	dir    string                  // in the repository
	places map[*common.File]string // paths of templates and of other files
}

// load reads a chart and what lies in its charts folder, all within the limits.
func load(ctx context.Context, request build.Request, limits build.Limits) (*loaded, error) {
	l := &loading{
		alive: ctx.Err, fsys: request.Files, dir: request.Dir, reader: build.NewReader(request.Files, limits), rules: ignore.Empty(),
		limits: limits.WithDefaults(), places: map[*common.File]string{}, open: sops.Opener(request.Options),
	}
	if err := l.readRules(); err != nil {
		return nil, err
	}
	if err := l.walk(".", 0); err != nil {
		return nil, err
	}
	c, err := l.chart(l.dir, l.files)
	if err != nil {
		return nil, err
	}
	return &loaded{chart: c, dir: l.dir, places: l.places}, nil
}

type loading struct {
	alive    func() error // the Err of the build's context
	fsys     fs.FS
	dir      string
	reader   *build.Reader
	rules    *ignore.Rules
	limits   build.Limits
	files    map[string][]byte
	unpacked int64                                          // bytes out of archives
	open     func(name string, data []byte) ([]byte, error) // what SOPS has encrypted
	charts   int
	places   map[*common.File]string
}

func (l *loading) readRules() error {
	name := path.Join(l.dir, ignore.HelmIgnore)
	data, err := l.reader.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if l.rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return &build.Error{File: name, Err: err}
		}
	}
	l.rules.AddDefaults()
	l.files = map[string][]byte{}
	return nil
}

// walk reads the folder rel of the chart. Symbolic links are followed, as Helm does, but
// not out of the repository: fs.FS holds that.
func (l *loading) walk(rel string, depth int) error {
	if err := l.alive(); err != nil {
		return err
	}
	at := path.Join(l.dir, rel)
	if depth > maxFolders {
		return &build.Error{File: at, Err: fmt.Errorf("folders that lie more than %d deep in each other", maxFolders), Hint: "a symbolic link may lead in a circle"}
	}
	entries, err := fs.ReadDir(l.fsys, at)
	if err != nil {
		return fmt.Errorf("reading folder %q: %w", at, err)
	}
	for _, entry := range entries {
		name := path.Join(rel, entry.Name())
		info, err := fs.Stat(l.fsys, path.Join(l.dir, name))
		if err != nil && entry.Type()&fs.ModeSymlink != 0 {
			return &build.Error{File: path.Join(l.dir, name), Err: err, Hint: "symbolic links must stay inside the repository"}
		}
		if err != nil {
			return fmt.Errorf("looking at %q: %w", path.Join(l.dir, name), err)
		}
		if l.rules.Ignore(name, info) {
			continue
		}
		if err := l.visit(name, info, depth); err != nil {
			return err
		}
	}
	return nil
}

func (l *loading) visit(name string, info fs.FileInfo, depth int) error {
	if info.IsDir() {
		return l.walk(name, depth+1)
	}
	data, err := l.reader.ReadFile(path.Join(l.dir, name))
	if err != nil {
		return err
	}
	l.files[name] = bytes.TrimPrefix(data, []byte("\ufeff"))
	return nil
}

// chart makes a chart of its files, by their paths in it; place is where it stands.
func (l *loading) chart(place string, own map[string][]byte) (*v2.Chart, error) {
	if l.charts++; l.charts > maxLoaded {
		return nil, &build.Error{File: place, Err: fmt.Errorf("more than %d charts in one", maxLoaded)}
	}
	own, below := split(own)
	c, err := l.parse(place, own)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(below)) {
		at, files := path.Join(place, "charts", name), below[name]
		if packed, ok := files[""]; ok {
			if files, err = l.unpack(at, packed); err != nil {
				return nil, err
			}
		}
		dependency, err := l.chart(at, files)
		if err != nil {
			return nil, err
		}
		c.AddDependency(dependency)
	}
	return c, nil
}

// split parts a chart's own files from those of the charts below it, each by its folder or
// its archive, whose bytes are kept under the empty name.
func split(all map[string][]byte) (own map[string][]byte, below map[string]map[string][]byte) {
	own, below = map[string][]byte{}, map[string]map[string][]byte{}
	for name, data := range all {
		rest, ok := strings.CutPrefix(name, "charts/")
		if !ok || path.Ext(name) == ".prov" {
			own[name] = data
			continue
		}
		folder, inner, nested := strings.Cut(rest, "/")
		switch {
		case folder[0] == '_' || folder[0] == '.':
			continue
		case !nested && path.Ext(folder) != ".tgz":
			continue // such as a README beside the charts
		}
		if below[folder] == nil {
			below[folder] = map[string][]byte{}
		}
		below[folder][inner] = data
	}
	return own, below
}

// parse lets Helm read a chart's own files.
func (l *loading) parse(place string, own map[string][]byte) (*v2.Chart, error) {
	if _, ok := own["Chart.yaml"]; !ok {
		return nil, &build.Error{File: place, Err: errors.New("no Chart.yaml"), Hint: "a folder below charts must hold a chart"}
	}
	var buffered []*archive.BufferedFile
	for _, name := range slices.Sorted(maps.Keys(own)) {
		buffered = append(buffered, &archive.BufferedFile{Name: name, Data: own[name]})
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		if found := syntax(place, own); found != nil {
			return nil, found
		}
		return nil, &build.Error{File: path.Join(place, "Chart.yaml"), Err: err}
	}
	c.Raw = nil // a second copy of everything
	for _, f := range slices.Concat(c.Templates, c.Files) {
		l.places[f] = path.Join(place, f.Name)
	}
	return c, nil
}

// syntax finds the line of an error that Helm tells without one.
func syntax(place string, own map[string][]byte) error {
	for _, name := range []string{"Chart.yaml", "Chart.lock", "values.yaml", "requirements.yaml", "requirements.lock"} {
		if data, ok := own[name]; ok {
			if err := build.CheckSyntax(path.Join(place, name), data); err != nil {
				return err
			}
		}
	}
	return nil
}
