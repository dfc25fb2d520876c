package bot

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// folder is a folder of a tree, as far as it matters: candidates, and folders. It never
// changes once its tree was read, and trees share it.
type folder struct {
	name   string       // its path
	hash   gitrepo.Hash // "" where it isn't a commit's
	unsure bool         // something in it couldn't be read, and may be another time
	inside []inside     // by name
	links  []string     // candidates that are symbolic links, by path
}

// inside is one of the two.
type inside struct {
	file   *File
	folder *folder
}

func (i inside) name() string {
	if i.file != nil {
		return i.file.Name
	}
	return i.folder.name
}

// is tells whether the folder holds what a hash stands for, and was read in full.
func (f *folder) is(hash gitrepo.Hash) bool { return hash != "" && f.hash == hash && !f.unsure }

// child gives what has a name in the folder, nothing where nothing has.
func (f *folder) child(name string) inside {
	i, ok := slices.BinarySearchFunc(f.inside, name, func(c inside, name string) int { return strings.Compare(c.name(), name) })
	if !ok {
		return inside{}
	}
	return f.inside[i]
}

// visit goes through links and files, in the order of a walk.
func (f *folder) visit(link func(string), file func(*File)) {
	for _, l := range f.links {
		link(l)
	}
	for _, c := range f.inside {
		if c.file != nil {
			file(c.file)
		} else {
			c.folder.visit(link, file)
		}
	}
}

// reading is the reading of one tree under way.
type reading struct {
	reader *Reader
	tree   *Tree
	fsys   fs.FS
	old    []earlier               // the roots of trees that were read before
	known  []map[*File]policy.Flux // their contexts

	root     *folder
	wanted   []wanted // files that none of them has
	problems policy.Problems
	damage   error                 // of the mirror, that kept something from being read
	context  map[*File]policy.Flux // see Tree.context
	strings  map[string]string     // what is kept of strings that many files hold
}

// earlier is a folder of an earlier tree.
type earlier struct {
	*folder
	whole bool // the same files would be looked at now
}

// wanted is a file that is to be read.
type wanted struct {
	file  *File
	entry fs.DirEntry
	above []*folder // the folders that lead to it
}

func (r *reading) walk(root gitrepo.Hash) (err error) {
	r.root, err = r.folder(".", root, nil, r.old)
	return err
}

// folder reads a folder, or takes it over. An error is that it can't be listed at all.
func (r *reading) folder(name string, hash gitrepo.Hash, above []*folder, old []earlier) (*folder, error) {
	for _, o := range old {
		if o.whole && o.is(hash) {
			return o.folder, nil
		}
	}
	f := &folder{name: name, hash: hash}
	above = append(slices.Clone(above), f)
	entries, err := fs.ReadDir(r.fsys, name)
	if err != nil && (name == "." || errors.Is(err, gitrepo.ErrTooManyFiles)) {
		return nil, err
	}
	if err != nil {
		r.unread(name, err, above)
	}
	f.inside = make([]inside, 0, len(entries))
	for _, entry := range entries {
		if err := r.entry(f, path.Join(name, entry.Name()), entry, above, old); err != nil {
			return nil, err
		}
	}
	f.inside = slices.Clip(f.inside)
	return f, nil
}

// entry adds what a folder lists to it.
func (r *reading) entry(f *folder, name string, entry fs.DirEntry, above []*folder, old []earlier) error {
	if entry.IsDir() && !r.reader.passes(name) || !entry.IsDir() && !r.reader.within(name) {
		return nil
	}
	ignore := r.tree.Config.IgnorePaths
	hash, _ := gitrepo.EntryHash(entry)
	switch {
	case entry.IsDir():
		if entry.Name() == ".git" || policy.Match(ignore, name) {
			return nil
		}
		below, err := r.folder(name, hash, above, children(old, name))
		f.inside = append(f.inside, inside{folder: below})
		return err
	case !edit.Candidate(name) || name == policy.UpdateConfigFile || len(ignore) > 0 && policy.Match(ignore, name):
	case entry.Type()&fs.ModeSymlink != 0:
		f.links = append(f.links, name)
	case entry.Type().IsRegular():
		f.inside = append(f.inside, inside{file: r.file(name, hash, entry, above, old)})
	}
	return nil
}

// children gives the earlier folders of a name.
func children(old []earlier, name string) []earlier {
	var below []earlier
	for _, o := range old {
		if c := o.child(name); c.folder != nil {
			below = append(below, earlier{c.folder, o.whole})
		}
	}
	return below
}

// file takes a file over, or has it read.
func (r *reading) file(name string, blob gitrepo.Hash, entry fs.DirEntry, above []*folder, old []earlier) *File {
	for _, o := range old {
		if c := o.child(name); blob != "" && c.file != nil && c.file.blob == blob {
			return c.file
		}
	}
	f := &File{Name: name, blob: blob}
	r.wanted = append(r.wanted, wanted{f, entry, above})
	return f
}

// unread tells of what can't be read. It is tried again with the next tree.
func (r *reading) unread(name string, err error, above []*folder) {
	r.broken(err)
	r.problems = append(r.problems, unreadable(name, err)...)
	for _, f := range above {
		f.unsure = true
	}
}

// broken notes that the mirror is, where an error says so: the repository has what can't
// be read, which is no problem of its own.
func (r *reading) broken(err error) {
	if errors.Is(err, gitrepo.ErrDamaged) {
		r.damage = err
	}
}

// intern keeps one of equal strings: most of what references say is said by many.
func (r *reading) intern(b []byte) string {
	const long = 256 // the words of a problem
	if len(b) > long {
		return string(b)
	}
	known, ok := r.strings[string(b)]
	if !ok {
		known = string(b)
		r.strings[known] = known
	}
	return known
}

// readContext reads what Flux's policies in other files may need, where there are any.
func (r *reading) readContext() {
	var files []*File
	documents := false
	r.root.visit(func(string) {}, func(f *File) {
		if f.rest != nil && f.rest.context {
			files = append(files, f)
		}
		documents = documents || f.rest != nil && !f.rest.flux.IsZero()
	})
	if !documents {
		r.context = nil
		return
	}
	context := map[*File]policy.Flux{}
	for _, f := range files {
		flux, err := r.contextOf(f)
		if err != nil {
			r.unread(f.Name, err, []*folder{r.root})
			continue
		}
		context[f] = flux
	}
	r.context = context
}

func (r *reading) contextOf(f *File) (policy.Flux, error) {
	for _, known := range append(r.known, r.context) {
		if flux, ok := known[f]; ok {
			return flux, nil
		}
	}
	data, err := fs.ReadFile(r.fsys, f.Name)
	if err != nil {
		return policy.Flux{}, err
	}
	flux, _ := policy.ParseFlux(f.Name, data) // of a file without documents nothing is told
	return flux, nil
}
