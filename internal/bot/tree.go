package bot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Tree is a manifest repository as the bot understands it at one commit. It is shared by
// all that read the same commit, and must not be changed.
type Tree struct {
	Config   policy.UpdateConfig
	Policies []*policy.Policy // sorted by key; keys are unique
	Files    []*File          // the files that hold references, in the order of a walk
	Problems policy.Problems  // what can't be used, sorted by place
	// Notes are what does nothing, isn't supported or is suspended, and Go templates and
	// texts of which not all can be read, sorted by place. They keep nothing from being used.
	Notes policy.Problems
	// Opaque are images that templates and variables name. They are no mistakes.
	Opaque policy.Problems

	// What can't be used must not leave its place to another policy further up.
	unread    []string         // the folders of policies that can't be read
	namesakes []*policy.Policy // those whose name another one has

	keys     map[string][]byte        // public keys that policies name, by path; nil where one can't be read
	sources  map[string][]edit.Source // the chart repositories, by name
	flux     []policy.Flux            // what the files say of Flux's image automation
	unusable []*policy.Policy         // Flux's policies that can't be used

	own     bool // Config is that of the tree itself
	fsys    fs.FS
	finder  edit.Finder
	root    *folder
	context map[*File]policy.Flux // of files without policies, where Flux's policies need it
	matches func() matches        // computed once
	layout  func() *layout        // likewise
}

// follow tells of a link that leads nowhere, or out of the tree, and gives the error.
// What others lead to is read under its own name.
func (t *Tree) follow(fsys fs.FS, name string) error {
	_, err := fs.Stat(fsys, name)
	if err != nil {
		t.problem(name, fmt.Sprintf("following the link: %v", err), "")
	}
	return err
}

// resolveFlux makes policies of Flux's documents, which refer to each other across
// files.
func (t *Tree) resolveFlux() {
	found := policy.ResolveFlux(t.flux)
	t.Policies = append(t.Policies, found.Policies...)
	t.Problems = append(t.Problems, found.Problems...)
	t.Notes, t.unusable = append(t.Notes, found.Notes...).Sorted(), found.Unusable
}

// readConfig reads what all updates share. An error ends the reading: what labels or
// which branch a person wanted isn't known, so nothing may be proposed.
func readConfig(fsys fs.FS) (policy.UpdateConfig, error) {
	data, err := fs.ReadFile(fsys, policy.UpdateConfigFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return policy.DefaultUpdateConfig(), nil
	case err != nil:
		return policy.UpdateConfig{}, fmt.Errorf("reading %s: %w", policy.UpdateConfigFile, err)
	}
	c, err := policy.ParseUpdateConfig(policy.UpdateConfigFile, data)
	if err != nil {
		return policy.UpdateConfig{}, err
	}
	if err := checkTemplates(c).Err(); err != nil {
		return policy.UpdateConfig{}, err
	}
	return c, nil
}

// checkTemplates tries the templates, whose fields and functions the policies' parser
// doesn't know.
func checkTemplates(c policy.UpdateConfig) policy.Problems {
	var problems policy.Problems
	for _, t := range []struct {
		field, text string
		at          policy.Position
		check       func(string) error
	}{
		{"commit.message", c.Commit.Message, c.Commit.MessageAt, gitwriter.CheckTemplate},
		{"pullRequest.title", c.PullRequest.Title, c.PullRequest.TitleAt, gitwriter.CheckTitleTemplate},
		{"pullRequest.body", c.PullRequest.Body, c.PullRequest.BodyAt, gitwriter.CheckBodyTemplate},
	} {
		if err := t.check(t.text); err != nil {
			problems = append(problems, policy.Problem{
				Position: t.at, Message: "spec." + t.field + ": " + err.Error(), Hint: "docs/git.md lists the fields and functions",
			})
		}
	}
	return problems
}

// add gathers what a file holds.
func (t *Tree) add(f *File) {
	if len(f.references) > 0 {
		t.Files = append(t.Files, f)
	}
	if f.rest == nil {
		return
	}
	t.Policies = append(t.Policies, f.rest.policies...)
	t.Problems = append(t.Problems, f.rest.problems...)
	t.Notes = append(t.Notes, f.rest.notes...)
	t.Opaque = append(t.Opaque, f.rest.opaque...)
	for _, s := range f.rest.sources {
		t.sources[s.Name] = append(t.sources[s.Name], s)
	}
	for _, flux := range []policy.Flux{f.rest.flux, t.context[f]} {
		if !flux.IsZero() {
			t.flux = append(t.flux, flux)
		}
	}
	if f.rest.unread {
		t.unread = append(t.unread, path.Dir(f.Name))
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
