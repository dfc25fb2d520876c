package gitlabtest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// Project is one project of a Server. Its methods may be called concurrently.
type Project struct {
	s    *Server
	id   int
	path string // with its groups
	bare bare.Repo
	push sync.Mutex // one push at a time, so that each sees its own changes

	// Guarded by the server's lock.
	settings   Settings
	refs       map[string]string // the refs as last seen, by full name
	merges     []*mergeRequest   // number N is at N-1
	issues     []*issue          // likewise
	milestones []*milestone
	statuses   map[string][]*status // by commit, oldest first
}

// Settings are what a project's page of settings holds.
type Settings struct {
	// FastForward merges without merge commits; the head has to be rebased before.
	FastForward bool
	// PipelineMustSucceed lets nothing be merged without one that has.
	PipelineMustSucceed bool
	// Approvals is how many are required.
	Approvals int
	// OneReviewer takes one reviewer and one assignee alone, as the free edition does.
	OneReviewer bool
}

// defaultBranch is every project's.
const defaultBranch = "main"

var validPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$`)

// CreateProject makes a public, empty project, whose default branch will be main. The
// path holds all groups, such as "acme/team/deploy".
func (s *Server) CreateProject(path string) (*Project, error) {
	if !validPath.MatchString(path) || strings.HasSuffix(path, ".git") {
		return nil, fmt.Errorf("creating the project %q: that isn't a path", path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[strings.ToLower(path)] != nil {
		return nil, fmt.Errorf("creating the project %q: there is one already", path)
	}
	dir := filepath.Join(s.config.Dir, filepath.FromSlash(path)+".git")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("creating the project %q: %w", path, err)
	}
	p := &Project{
		s: s, id: s.id(), path: path, bare: bare.Repo{Git: s.git, Dir: dir},
		refs: map[string]string{}, statuses: map[string][]*status{},
	}
	if err := p.bare.Init(defaultBranch, "refs/merge-requests"); err != nil {
		return nil, fmt.Errorf("creating the project %q: %w", path, err)
	}
	s.projects[strings.ToLower(path)] = p
	return p, nil
}

// CloneURL is the address for Git; it needs Start.
func (p *Project) CloneURL() string { return p.s.URL() + "/" + p.path + ".git" }

// Configure changes the project's settings.
func (p *Project) Configure(settings Settings) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.settings = settings
}

// Commit adds a commit to a branch by plumbing, as if somebody had pushed it.
func (p *Project) Commit(c forgetest.Commit) (sha string, err error) {
	p.push.Lock()
	defer p.push.Unlock()
	old := p.bare.Resolve("refs/heads/" + c.Branch)
	parent := old
	if parent == "" {
		parent = p.bare.Resolve("refs/heads/" + cmp.Or(c.From, defaultBranch))
	}
	tree, err := p.bare.WriteTree(parent, c.Files, c.Deletes)
	if err != nil {
		return "", fmt.Errorf("committing to %q: %w", c.Branch, err)
	}
	var parents []string
	if parent != "" {
		parents = []string{parent}
	}
	name := cmp.Or(c.Author, "somebody")
	sha, err = p.commitTree(tree, parents, c.Message, bare.Person{Name: name, Email: name + "@localhost"})
	if err == nil {
		err = p.bare.UpdateRef("refs/heads/"+c.Branch, sha, old)
	}
	if err != nil {
		return "", fmt.Errorf("committing to %q: %w", c.Branch, err)
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.refresh()
	return sha, nil
}

func (p *Project) commitTree(tree string, parents []string, message string, by bare.Person) (string, error) {
	return p.bare.CommitTree(tree, parents, message, bare.Identity{Author: by, Committer: by, When: p.s.now()})
}

// DeleteBranch deletes a branch, as if somebody had pushed its deletion.
func (p *Project) DeleteBranch(branch string) error {
	p.push.Lock()
	defer p.push.Unlock()
	if err := p.bare.DeleteRef("refs/heads/" + branch); err != nil {
		return fmt.Errorf("deleting the branch %q: %w", branch, err)
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.refresh()
	return nil
}

// refresh takes in what became of the branches since it last looked. The caller holds
// the server's lock.
func (p *Project) refresh() {
	refs, err := p.bare.Refs()
	if err != nil {
		p.s.log.Error("reading refs", "project", p.path, "error", err)
		return
	}
	before := p.refs
	p.refs = refs
	for _, m := range p.merges {
		if m.state != stateOpened {
			continue
		}
		head, base := refs["refs/heads/"+m.source], refs["refs/heads/"+m.target]
		switch {
		case head != "" && head != m.sha:
			m.sha = head
			m.auto = false // as GitLab does when somebody pushes
			p.keep(m)
			m.touch(p.s.clock())
		case m.sha != "" && base != "" && base != before["refs/heads/"+m.target] && p.bare.Contains(base, m.sha):
			m.setMerged(p.s.clock(), base, nil) // the commits arrived by another way
		}
	}
	p.merge()
}

// keep keeps the merge request's commits reachable when its branch goes.
func (p *Project) keep(m *mergeRequest) {
	if _, err := p.s.git.Run(p.bare.Dir, nil, "update-ref", fmt.Sprintf("refs/merge-requests/%d/head", m.iid), m.sha); err != nil {
		p.s.log.Error("keeping a merge request's head", "project", p.path, "number", m.iid, "error", err)
	}
}

// clock is the time as precise as GitLab keeps it.
func (s *Server) clock() time.Time { return s.now().UTC().Truncate(time.Millisecond) }
