package revert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
)

const (
	// maxFiles bounds how many files one rollback changes, maxNesting how deep folders go.
	maxFiles   = 20_000
	maxNesting = 100
)

// delta is what must be done to a tree, so that it is as it was.
type delta struct {
	good, now fs.FS
	files     map[string][]byte // contents to write
	deletes   []string
}

// compare notes what differs below a folder, which must have been there.
func (d *delta) compare(ctx context.Context, folder string) error {
	if !fs.ValidPath(folder) {
		return fmt.Errorf("%q isn't a folder of a repository", folder)
	}
	info, err := fs.Stat(d.good, folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q wasn't there at that commit", folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%q isn't a folder", folder)
	}
	return d.folders(ctx, folder, 0)
}

// folders compares the entries of a folder; what has the same hash isn't looked into.
func (d *delta) folders(ctx context.Context, folder string, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if depth > maxNesting {
		return fmt.Errorf("folder %q nests too deeply", folder)
	}
	before, err := entries(d.good, folder)
	if err != nil {
		return err
	}
	after, err := entries(d.now, folder)
	if err != nil {
		return err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := d.entry(ctx, path.Join(folder, name), before[name], after[name], depth); err != nil {
			return err
		}
	}
	return nil
}

func (d *delta) entry(ctx context.Context, name string, was, is fs.DirEntry, depth int) error {
	if was != nil && is != nil && was.Type() == is.Type() {
		a, _ := gitrepo.EntryHash(was)
		b, _ := gitrepo.EntryHash(is)
		if a == b {
			return nil
		}
	}
	if len(d.files)+len(d.deletes) >= maxFiles {
		return fmt.Errorf("more than %d files would change", maxFiles)
	}
	if was != nil && was.IsDir() || is != nil && is.IsDir() {
		// A file in the one and a folder in the other: the file goes or comes beside.
		if err := d.folders(ctx, name, depth+1); err != nil {
			return err
		}
	}
	switch {
	case was != nil && !was.IsDir():
		if !was.Type().IsRegular() {
			return fmt.Errorf("%s is a symbolic link that was changed (hint: roll it back by hand)", name)
		}
		data, err := fs.ReadFile(d.good, name)
		if err != nil {
			return err
		}
		d.files[name] = data
	case is != nil && !is.IsDir():
		d.deletes = append(d.deletes, name)
	}
	return nil
}

// entries gives what a folder holds, by name; nothing where there is no folder.
func entries(files fs.FS, folder string) (map[string]fs.DirEntry, error) {
	info, err := fs.Lstat(files, folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return map[string]fs.DirEntry{}, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, err
	}
	all := make(map[string]fs.DirEntry, len(list))
	for _, entry := range list {
		all[entry.Name()] = entry
	}
	return all, nil
}

// read gives a file as the rollback leaves it.
func (d *delta) read(name string) ([]byte, error) {
	if data, ok := d.files[name]; ok {
		return data, nil
	}
	if slices.Contains(d.deletes, name) {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(d.now, name)
}

// diff shows the change of all files, in the order of their paths.
func (d *delta) diff() string {
	text := ""
	names := slices.Concat(slices.Collect(maps.Keys(d.files)), d.deletes)
	slices.Sort(names)
	for _, name := range names {
		before, err := fs.ReadFile(d.now, name)
		if err != nil {
			before = nil // it is new, or a link
		}
		text += edit.UnifiedDiff(name, before, d.files[name])
	}
	return text
}
