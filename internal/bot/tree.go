package bot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"sync"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// maxFileSize bounds what is read of one manifest, in bytes.
const maxFileSize = 16 << 20

// Tree is a manifest repository as the bot understands it at one commit.
type Tree struct {
	Config   policy.UpdateConfig
	Policies []*policy.Policy // sorted by key; keys are unique
	Files    []*edit.File     // the files that hold references, by path
	Problems policy.Problems  // what can't be used, sorted by place
	// Notes are what does nothing, isn't supported or is suspended, sorted by
	// place. They keep nothing from being used.
	Notes policy.Problems
	// Opaque are images that templates and variables name. They are no mistakes.
	Opaque policy.Problems

	// What can't be used must not leave its place to another policy further up.
	unread    []string         // the folders of policies that can't be read
	namesakes []*policy.Policy // those whose name another one has

	keys     map[string][]byte // public keys that policies name, by path; nil where one can't be read
	finder   edit.Finder
	sources  map[string][]edit.Source // the chart repositories, by name
	flux     []policy.Flux            // what the files say of Flux's image automation
	unusable []*policy.Policy         // Flux's policies that can't be used
}

// Reader reads trees. It remembers what it parsed by content, so that a round on
// a repository in which nothing changed parses nothing again. The zero value is
// ready; it may be used by several goroutines.
type Reader struct {
	// Paths are the folders below which Read looks, as slash paths. The default is
	// none, which is the whole tree. The UpdateConfig is read in any case.
	Paths []string

	mu     sync.Mutex
	parsed map[string]parsed // by path and blob hash; only what the last tree held
}

type parsed struct {
	policies []*policy.Policy
	flux     policy.Flux
	file     *edit.File // nil when the file holds no reference
	sources  []edit.Source
	problems policy.Problems
	opaque   policy.Problems
	unread   string // the file's folder where one of its policies can't be read
}

// Read reads the policies and references of every manifest in fsys. What can't be
// read or understood becomes a problem of the tree and hides nothing else; an
// error means that the tree as a whole couldn't be walked.
func (r *Reader) Read(fsys fs.FS) (*Tree, error) {
	t := &Tree{sources: map[string][]edit.Source{}}
	if err := t.readConfig(fsys); err != nil {
		return nil, err
	}
	var err error
	if t.finder, err = finderOf(t.Config); err != nil {
		return nil, err
	}
	seen := map[string]parsed{}
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			t.problem(name, fmt.Sprintf("reading: %v", err), "")
			return nil
		case entry.IsDir():
			if name != "." && (entry.Name() == ".git" || policy.Match(t.Config.IgnorePaths, name) || !r.passes(name)) {
				return fs.SkipDir
			}
			return nil
		case !r.within(name):
			return nil
		case entry.Type()&fs.ModeSymlink != 0 && edit.Candidate(name) && !policy.Match(t.Config.IgnorePaths, name):
			t.follow(fsys, name)
			return nil
		case !entry.Type().IsRegular() || name == policy.UpdateConfigFile || !edit.Candidate(name) || policy.Match(t.Config.IgnorePaths, name):
			return nil
		}
		p, key, err := r.parse(fsys, t.finder, name, entry)
		if err != nil {
			t.problem(name, fmt.Sprintf("reading: %v", err), "")
			return nil
		}
		if key != "" {
			seen[key] = p
		}
		t.add(p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("walking the repository: %w", err)
	}
	r.mu.Lock()
	r.parsed = seen
	r.mu.Unlock()
	t.resolveFlux()
	t.settleNames()
	t.readKeys(fsys)
	t.Problems = t.Problems.Sorted()
	return t, nil
}

// follow tells of a link that leads nowhere, or out of the tree. What others lead to
// is read under its own name.
func (t *Tree) follow(fsys fs.FS, name string) {
	if _, err := fs.Stat(fsys, name); err != nil {
		t.problem(name, fmt.Sprintf("following the link: %v", err), "")
	}
}

// resolveFlux makes policies of Flux's documents, which refer to each other across
// files.
func (t *Tree) resolveFlux() {
	found := policy.ResolveFlux(t.flux)
	t.Policies = append(t.Policies, found.Policies...)
	t.Problems = append(t.Problems, found.Problems...)
	t.Notes, t.unusable = found.Notes, found.Unusable
}

func (t *Tree) readConfig(fsys fs.FS) error {
	data, err := fs.ReadFile(fsys, policy.UpdateConfigFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Config = policy.DefaultUpdateConfig()
		return nil
	case err != nil:
		return fmt.Errorf("reading %s: %w", policy.UpdateConfigFile, err)
	}
	// An error ends the reading: what labels or which branch a person wanted isn't
	// known, so nothing may be proposed.
	if t.Config, err = policy.ParseUpdateConfig(policy.UpdateConfigFile, data); err != nil {
		return err
	}
	if err := gitwriter.CheckTemplate(t.Config.Commit.Message); err != nil {
		return policy.Problems{{
			Position: t.Config.Commit.MessageAt, Message: "spec.commit.message: " + err.Error(),
			Hint: "docs/git.md lists the fields and functions",
		}}
	}
	return nil
}

func (r *Reader) parse(fsys fs.FS, finder edit.Finder, name string, entry fs.DirEntry) (parsed, string, error) {
	info, err := entry.Info()
	if err != nil {
		return parsed{}, "", err
	}
	key := ""
	if blob, ok := info.Sys().(gitrepo.Hash); ok {
		key = name + "\x00" + string(blob) + "\x00" + finder.Fingerprint()
		r.mu.Lock()
		p, known := r.parsed[key]
		r.mu.Unlock()
		if known {
			return p, key, nil
		}
	}
	if info.Size() > maxFileSize {
		return parsed{}, key, fmt.Errorf("the file has %d bytes, more than the %d that are read", info.Size(), maxFileSize)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return parsed{}, key, err
	}
	return parse(finder, name, data), key, nil
}

func parse(finder edit.Finder, name string, data []byte) parsed {
	var p parsed
	if policy.IsPolicyFile(data) {
		policies, err := policy.Parse(name, data)
		p.policies = policies
		if err != nil {
			p.problems, p.unread = asProblems(name, err), path.Dir(name)
		}
	}
	var err error
	if p.flux, err = policy.ParseFlux(name, data); err != nil {
		p.problems = append(p.problems, asProblems(name, err)...)
	}
	file, problems := finder.Parse(name, data)
	for _, e := range problems {
		p.problems = append(p.problems, policy.Problem{
			Position: policy.Position{File: e.File, Line: e.Line, Column: e.Column}, Message: e.Message, Hint: e.Hint,
		})
	}
	p.opaque, p.sources = opaque(file), file.Sources()
	if file != nil && len(file.References()) > 0 {
		p.file = file
	}
	return p
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

func (t *Tree) add(p parsed) {
	t.Policies = append(t.Policies, p.policies...)
	t.Problems = append(t.Problems, p.problems...)
	if !p.flux.IsZero() {
		t.flux = append(t.flux, p.flux)
	}
	t.Opaque = append(t.Opaque, p.opaque...)
	for _, s := range p.sources {
		t.sources[s.Name] = append(t.sources[s.Name], s)
	}
	if p.file != nil {
		t.Files = append(t.Files, p.file)
	}
	if p.unread != "" {
		t.unread = append(t.unread, p.unread)
	}
}

func (t *Tree) problem(name, message, hint string) {
	t.Problems = append(t.Problems, policy.Problem{Position: policy.Position{File: path.Clean(name)}, Message: message, Hint: hint})
}

// settleNames sorts the policies and keeps one of each name: branches and markers
// go by the name, so two policies that share one would overwrite each other's work.
func (t *Tree) settleNames() {
	sort.SliceStable(t.Policies, func(i, j int) bool { return t.Policies[i].Key() < t.Policies[j].Key() })
	kept := t.Policies[:0:0]
	for _, p := range t.Policies {
		if len(kept) > 0 && kept[len(kept)-1].Key() == p.Key() {
			first := kept[len(kept)-1]
			t.Problems = append(t.Problems, policy.Problem{
				Position: p.Position,
				Message:  fmt.Sprintf("another policy is named %q: %s", p.Key(), first.Position),
				Hint:     "give each policy a name or a namespace of its own",
			})
			t.namesakes = append(t.namesakes, p)
			continue
		}
		kept = append(kept, p)
	}
	t.Policies = kept
}
