package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

// Setting is what setting images in a local tree came to.
type Setting struct {
	Edits []edit.Edit // of the files that were written, by file and place
	// Problems are what couldn't be done, by place: files that name one of the images
	// and can't be edited, what can't be read, and assignments that nothing fits.
	Problems policy.Problems
	// Notes are links that lead out of the tree, files with further names, and Go
	// templates, of which only some lines are read.
	Notes policy.Problems
}

// Set writes every reference that an assignment governs. It reads each file once and
// parses only those that may name one of the images; no more than a few are held at a
// time. All new content is on the disk before the first file is replaced. After an
// error the Edits tell what was written until then.
func Set(ctx context.Context, dir *workdir.Dir, wanted []Assignment) (Setting, error) {
	c, err := readConfig(dir.FS())
	if err != nil {
		return Setting{}, err
	}
	finder, err := finderOf(c)
	if err != nil {
		return Setting{}, err
	}
	s := &setter{
		dir: dir, wanted: wanted, mentions: mentionsOf(wanted, finder), finder: finder, ignored: c.IgnorePaths,
		batch: dir.Batch(), used: make([]bool, len(wanted)), first: firstOf(wanted),
	}
	if err := s.walk(ctx); err != nil {
		return Setting{}, errors.Join(fmt.Errorf("nothing is written: %w", err), s.batch.Discard())
	}
	written, err := s.batch.Commit(ctx)
	return s.result(written, err != nil), err
}

// setter collects what the workers of a walk find.
type setter struct {
	dir      *workdir.Dir
	wanted   []Assignment
	mentions *edit.Mentions
	finder   edit.Finder
	first    map[string]int // assignments, by canonical image or marker
	ignored  []string
	batch    *workdir.Batch

	mu sync.Mutex // guards what follows
	Setting
	used   []bool   // by assignment
	charts []string // files with charts whose repository stands in another one
}

// walk prepares the new content of all files.
func (s *setter) walk(ctx context.Context) error {
	visitor := s.visitor()
	visitor.Read = func(f workdir.File) error {
		if !s.mentions.In(f.Data) {
			return nil
		}
		parsed, problems := s.finder.Parse(f.Name, f.Data)
		s.tell(sorted(problems))
		refs := parsed.References()
		if slices.ContainsFunc(refs, sourceless) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.charts = append(s.charts, f.Name)
			return nil
		}
		return s.edit(parsed, refs, func(data []byte) error { return s.batch.Put(f, data) })
	}
	visitor.Large, visitor.Link, visitor.Sweep = s.large, s.link, true
	visitor.Unreadable = func(name string, err error) { s.problem(name, fmt.Sprintf("reading: %v", err)) }
	if err := s.dir.Walk(ctx, visitor); err != nil {
		return err
	}
	return s.editCharts(ctx)
}

// visitor goes where manifests are.
func (s *setter) visitor() workdir.Visitor {
	return workdir.Visitor{
		Enter: func(folder string) bool { return path.Base(folder) != ".git" && !policy.Match(s.ignored, folder) },
		Wants: func(file string) bool {
			return file != policy.UpdateConfigFile && edit.Candidate(file) && !policy.Match(s.ignored, file)
		},
	}
}

func mentionsOf(wanted []Assignment, finder edit.Finder) *edit.Mentions {
	var (
		images  []string
		markers []edit.Marker
		words   []string
	)
	for _, a := range wanted {
		if a.Marker != nil {
			markers = append(markers, *a.Marker)
		} else {
			images = append(images, a.Image)
			words = append(words, finder.Unnamed(a.Image)...)
		}
	}
	return edit.NewMentions(images, markers, words...)
}

// edit makes the new content of a file and hands it to put.
func (s *setter) edit(file *edit.File, refs []edit.Reference, put func([]byte) error) error {
	changes := s.changes(refs)
	if len(changes) == 0 {
		return nil
	}
	data, edits, err := file.Rewrite(changes)
	if err != nil {
		s.tell(refused(changes[0].Reference, err), nil)
		return nil
	}
	if len(edits) == 0 {
		return nil
	}
	var refusal *workdir.RefusedError
	switch err := put(data); {
	case errors.As(err, &refusal):
		problems, _ := Unwritten(workdir.Written{}, refusal)
		s.tell(problems, nil)
		return nil
	case err != nil:
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Edits = append(s.Edits, edits...)
	return nil
}

// firstOf gives the first assignment of each image and each marker.
func firstOf(wanted []Assignment) map[string]int {
	first := map[string]int{}
	for i := len(wanted) - 1; i >= 0; i-- {
		first[wanted[i].key()] = i
	}
	return first
}

// governing gives the first assignment that sets the reference.
func (s *setter) governing(r edit.Reference) (int, bool) {
	least, found := len(s.wanted), false
	keys := make([]string, 0, 2)
	if r.Image != "" {
		keys = append(keys, edit.CanonicalImage(r.Image))
	}
	if r.Marker != nil {
		keys = append(keys, markerKey(*r.Marker))
	}
	for _, key := range keys {
		if i, ok := s.first[key]; ok && i < least {
			least, found = i, true
		}
	}
	return least, found
}

// changes gives what is wanted of a file's references.
func (s *setter) changes(refs []edit.Reference) []edit.Change {
	var changes []edit.Change
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range refs {
		if i, ok := s.governing(r); ok {
			s.used[i] = true
			changes = append(changes, s.wanted[i].change(r))
		}
	}
	return changes
}

// large tells of a file that is too large to be edited, where it may be meant.
func (s *setter) large(name string, size int64, content io.Reader) error {
	found, err := s.mentions.InReader(content)
	switch {
	case err != nil:
		s.problem(name, fmt.Sprintf("reading: %v", err))
	case found:
		s.problem(name, fmt.Sprintf("the file has %d bytes, more than the %d that are read", size, workdir.MaxFile))
	}
	return nil
}

// link tells of a link that leads out of the tree. One that leads nowhere names no image.
func (s *setter) link(name string, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.Notes = append(s.Notes, policy.Problem{Position: policy.Position{File: name}, Message: fmt.Sprintf("the link isn't followed: %v", err)})
	}
}

func (s *setter) problem(name, message string) {
	s.tell(policy.Problems{{Position: policy.Position{File: name}, Message: message}}, nil)
}

func (s *setter) tell(problems, notes policy.Problems) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Problems, s.Notes = append(s.Problems, problems...), append(s.Notes, notes...)
}

// result sorts what was found and leaves out the edits of files that weren't written.
// What fits nothing is told only where the tree was gone through to the end.
func (s *setter) result(w workdir.Written, broken bool) Setting {
	s.Edits = slices.DeleteFunc(s.Edits, func(e edit.Edit) bool {
		_, found := slices.BinarySearch(w.Names, e.File)
		return !found
	})
	slices.SortFunc(s.Edits, func(a, b edit.Edit) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start, b.Start))
	})
	problems, notes := Unwritten(w)
	s.Problems, s.Notes = append(s.Problems, problems...), append(s.Notes, notes...)
	s.Problems, s.Notes = s.Problems.Sorted(), s.Notes.Sorted()
	for i, a := range s.wanted {
		if !s.used[i] && !broken {
			s.Problems = append(s.Problems, policy.Problem{Message: fmt.Sprintf("nothing here fits %s", a.Text), Hint: "see the image's name as the manifests write it"})
		}
	}
	return s.Setting
}

// Unwritten says of the files that were refused, by the commit of a batch or before,
// why they are as they were, and notes of those that were written what a person should
// know.
func Unwritten(w workdir.Written, refused ...*workdir.RefusedError) (problems, notes policy.Problems) {
	for _, r := range slices.Concat(refused, w.Refused) {
		problem := policy.Problem{Position: policy.Position{File: r.Name}, Message: fmt.Sprintf("the file is left as it is: %v", r.Why)}
		switch {
		case errors.Is(r.Why, workdir.ErrChanged):
			problem.Hint = "run the command again"
		case errors.Is(r.Why, workdir.ErrReadOnly):
			problem.Hint = "chmod u+w lets it be edited"
		}
		problems = append(problems, problem)
	}
	for _, name := range w.Linked {
		notes = append(notes, policy.Problem{
			Position: policy.Position{File: name}, Message: "the file's other names (hard links) keep what was there before",
		})
	}
	return problems, notes
}
