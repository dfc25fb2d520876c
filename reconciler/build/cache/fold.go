package cache

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/towline-dev/towline/reconciler/build"
)

// maxSteps bounds a footprint. What goes beyond is noted by whole folders: a change of
// a file there that the build passed over then renders again, to the same result.
const maxSteps = 2_000

// fold lets folders stand for what is below them: for all of it where all of it was
// read, and else as the short cut of a look-up.
func fold(fsys build.Hasher, taken []step) (footprint, error) {
	var loose, below []step
	for _, s := range taken {
		ok, err := implied(fsys, s)
		if err != nil {
			return nil, err
		}
		if ok {
			below = append(below, s)
		} else {
			loose = append(loose, s)
		}
	}
	slices.SortFunc(below, func(a, b step) int { return slices.Compare(parts(a.name), parts(b.name)) })
	t := trunk{fsys: fsys, steps: below, asked: make(map[string]asked, len(below)), many: len(taken) > maxSteps}
	for _, s := range below {
		t.asked[s.name] = s.asked
	}
	folded, err := t.fold()
	return append(loose, folded...), err
}

// parts orders a folder right before what is below it.
func parts(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

func under(dir, name string) bool {
	return dir == "." && name != "." || strings.HasPrefix(name, dir+"/")
}

// implied tells whether the trees of the folders above a name decide what it is: no
// link leads to it or from it.
func implied(fsys build.Hasher, s step) (bool, error) {
	for name := s.name; ; name = path.Dir(name) {
		_, resolved, _, err := fsys.Identify(name, true)
		if err == nil {
			return resolved == name, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || name == "." {
			return false, err
		}
		if _, _, mode, err := fsys.Identify(name, false); err == nil && mode.Type() == fs.ModeSymlink {
			return false, nil // it leads to nothing so far
		}
	}
}

// trunk is the part of a footprint in which folders answer for what is below them.
type trunk struct {
	fsys  build.Hasher
	steps []step
	asked map[string]asked
	many  bool
}

func (t *trunk) fold() (footprint, error) {
	var out footprint
	for i := 0; i < len(t.steps); {
		s := t.steps[i]
		if s.whole == "" {
			out = append(out, s)
			i++
			continue
		}
		end := i + 1
		for end < len(t.steps) && under(s.name, t.steps[end].name) {
			end++
		}
		covered, err := t.covered(s.name)
		if err != nil {
			return nil, err
		}
		if covered || t.many {
			s.sum = ""
			out = append(out, s)
			i = end
			continue
		}
		inner := trunk{fsys: t.fsys, steps: t.steps[i+1 : end], asked: t.asked}
		folded, err := inner.fold()
		if err != nil {
			return nil, err
		}
		s.skip = len(folded)
		out = append(append(out, s), folded...)
		i = end
	}
	return out, nil
}

// covered tells whether all below a folder was read.
func (t *trunk) covered(dir string) (bool, error) {
	entries, err := fs.ReadDir(t.fsys, dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		asked, ok := t.asked[name]
		switch {
		case !ok, e.Type()&fs.ModeSymlink != 0:
			return false, nil
		case !e.IsDir() && asked&content == 0, e.IsDir() && asked&names == 0:
			return false, nil
		case e.IsDir():
			if ok, err := t.covered(name); !ok || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}
