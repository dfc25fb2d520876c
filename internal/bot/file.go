package bot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/refcache"
	"github.com/towline-dev/towline/policy"
)

// maxFileSize bounds what is read of one manifest, in bytes.
const maxFileSize = 16 << 20

// tooLargeError is the size of a file that isn't read, in bytes.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the file has %d bytes, more than the %d that are read", int64(e), maxFileSize)
}

// File is a file of a tree and what it names, see Tree.References. What it holds beside
// is not kept; Tree.Open reads it again.
type File struct {
	Name string // slash path

	references []edit.Reference
	blob       gitrepo.Hash // "" where the file isn't a commit's
	rest       *rest        // what few files have; nil where this has none
}

// References gives the references in the order of the file, as it says them by itself.
// They must not be changed.
func (f *File) References() []edit.Reference { return f.references }

// rest is what else a file may hold.
type rest struct {
	policies []*policy.Policy
	flux     policy.Flux
	problems policy.Problems
	notes    policy.Problems
	opaque   policy.Problems
	sources  []edit.Source
	unread   bool // one of its policies can't be read
	context  bool // see finding.Context
}

func (r *rest) isZero() bool {
	return len(r.policies)+len(r.problems)+len(r.notes)+len(r.opaque)+len(r.sources) == 0 && r.flux.IsZero() && !r.unread && !r.context
}

// Open reads and parses a file of the tree again, to edit it.
func (t *Tree) Open(f *File) (*edit.File, error) {
	data, err := fs.ReadFile(t.fsys, f.Name)
	if err != nil {
		return nil, err
	}
	parsed, _ := t.finder.Parse(f.Name, data)
	return parsed, nil
}

// parsed is what was read of a file.
type parsed struct {
	finding []byte      // encoded
	cached  []byte      // the finding as the cache has it
	rest    rest        // what the finding doesn't say
	context policy.Flux // where the finding has Context
}

func parseFile(r *reading, w wanted) (parsed, error) {
	info, err := w.entry.Info()
	if err != nil {
		return parsed{}, err
	}
	if info.Size() > maxFileSize {
		return parsed{}, tooLargeError(info.Size())
	}
	data, err := fs.ReadFile(r.fsys, w.file.Name)
	if err != nil {
		return parsed{}, err
	}
	return parse(r.tree.finder, w.file.Name, data)
}

func parse(finder edit.Finder, name string, data []byte) (p parsed, err error) {
	found := finding{Found: anonymous(finder.Find(name, data)), Documents: policy.IsPolicyFile(data)}
	flux, fluxErr := policy.ParseFlux(name, data)
	if found.Documents {
		policies, err := policy.Parse(name, data)
		p.rest = rest{policies: policies, flux: flux, problems: append(asProblems(name, err), asProblems(name, fluxErr)...), unread: err != nil}
	} else {
		p.context, found.Context = flux, !flux.IsZero()
	}
	if p.finding, err = refcache.Encode(nil, found); err != nil {
		return parsed{}, err
	}
	p.cached = p.finding
	if found.Documents {
		p.cached, err = refcache.Encode(nil, finding{Documents: true})
	}
	return p, err
}

// anonymous takes the file's name out of what was found in it.
func anonymous(found edit.Found) edit.Found {
	found.References, found.Sources = slices.Clone(found.References), slices.Clone(found.Sources)
	found.Opaque, found.Problems = slices.Clone(found.Opaque), slices.Clone(found.Problems)
	rename(&found, "")
	return found
}

func rename(found *edit.Found, file string) {
	for i := range found.References {
		found.References[i].File = file
	}
	for i := range found.Sources {
		found.Sources[i].File = file
	}
	for _, problems := range [][]edit.Problem{found.Opaque, found.Problems} {
		for i := range problems {
			problems[i].File = file
		}
	}
}

// recalled fills in a file that the cache knows. False means that it must be read: it
// holds documents, or the record isn't what it should be.
func (r *reading) recalled(f *File, cached []byte) bool {
	var found finding
	if err := refcache.Decode(cached, &found, r.intern); err != nil || found.Documents {
		return false
	}
	f.fill(found, rest{})
	return true
}

// take fills in a file that was read, or tells why it wasn't.
func (r *reading) take(w wanted, p parsed, err error) bool {
	var (
		found    finding
		tooLarge tooLargeError
	)
	if err == nil {
		// What is kept is what the cache would give, whether it came from there or not.
		err = refcache.Decode(p.finding, &found, r.intern)
	}
	switch {
	case errors.As(err, &tooLarge):
		w.file.fill(finding{}, rest{problems: unreadable(w.file.Name, err)})
		return false
	case err != nil:
		w.file.blob = "" // so that it isn't taken over
		r.unread(w.file.Name, err, w.above)
		return false
	}
	w.file.fill(found, p.rest)
	if found.Context {
		r.context[w.file] = p.context
	}
	return true
}

func (f *File) fill(found finding, more rest) {
	rename(&found.Found, f.Name)
	f.references = found.Found.References
	problems, notes := sorted(found.Found.Problems)
	more.problems, more.notes = append(more.problems, problems...), notes
	more.sources = found.Found.Sources
	more.opaque, more.context = editProblems(found.Found.Opaque), found.Context
	if !more.isZero() {
		f.rest = &more
	}
}

// editProblems gives what edit tells of a file in the words of policy.
func editProblems(from []edit.Problem) policy.Problems {
	var problems policy.Problems
	for _, e := range from {
		problems = append(problems, policy.Problem{
			Position: policy.Position{File: e.File, Line: e.Line, Column: e.Column}, Message: e.Message, Hint: e.Hint,
		})
	}
	return problems
}

// sorted tells what is wrong with a file from what is so by its nature: that it is a Go
// template, of which only some lines are read, or holds a text that can't be edited.
func sorted(found []edit.Problem) (problems, notes policy.Problems) {
	natural := func(p edit.Problem) bool { return p.Kind == edit.ProblemTemplate || p.Kind == edit.ProblemEmbedded }
	wrong := slices.DeleteFunc(slices.Clone(found), natural)
	rest := slices.DeleteFunc(slices.Clone(found), func(p edit.Problem) bool { return !natural(p) })
	return editProblems(wrong), editProblems(rest)
}

func unreadable(name string, err error) policy.Problems {
	return policy.Problems{{Position: policy.Position{File: path.Clean(name)}, Message: fmt.Sprintf("reading: %v", err)}}
}

func asProblems(name string, err error) policy.Problems {
	var problems policy.Problems
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		return problems
	}
	return policy.Problems{{Position: policy.Position{File: name}, Message: err.Error()}}
}
