package forgetest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// Repo is one repository of a Server. Its methods may be called concurrently.
type Repo struct {
	s           *Server
	id          int64
	owner, name string
	dir         string
	bare        bare.Repo // the same
	created     time.Time
	push        sync.Mutex // one push at a time, so that each sees its own changes

	// Guarded by the server's lock.
	private    bool
	pushed     time.Time
	refs       map[string]string // the refs as last seen, by full name
	numbers    []*issue          // issue or pull request N is at N-1
	pulls      []*pull           // oldest first
	labels     []*label
	milestones []*milestone
	checkRuns  map[string][]*checkRun // by commit, oldest first
	rules      map[string]Protection  // by branch
	automerge  bool                   // pull requests may be set to merge by themselves
	statuses   map[string][]*status   // by commit, oldest first
}

// defaultBranch is every repository's.
const defaultBranch = "main"

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// CreateRepo makes a public, empty repository, whose default branch will be main.
func (s *Server) CreateRepo(owner, name string) (*Repo, error) {
	full := owner + "/" + name
	if !validName.MatchString(owner) || !validName.MatchString(name) || strings.HasSuffix(name, ".git") {
		return nil, fmt.Errorf("creating the repository %q: that isn't a name", full)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repos[strings.ToLower(full)] != nil {
		return nil, fmt.Errorf("creating the repository %q: there is one already", full)
	}
	dir := filepath.Join(s.config.Dir, owner, name+".git")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("creating the repository %q: %w", full, err)
	}
	kept := bare.Repo{Git: s.git, Dir: dir}
	if err := kept.Init(defaultBranch, "refs/pull"); err != nil { // as on GitHub, these are the server's
		return nil, fmt.Errorf("creating the repository %q: %w", full, err)
	}
	now := s.now()
	repo := &Repo{
		s: s, id: s.id(), owner: owner, name: name, dir: dir, bare: kept, created: now, pushed: now,
		refs: map[string]string{}, statuses: map[string][]*status{},
		checkRuns: map[string][]*checkRun{}, rules: map[string]Protection{},
	}
	s.repos[strings.ToLower(full)] = repo
	return repo, nil
}

// find looks a repository up. The caller holds the lock.
func (s *Server) find(owner, name string) *Repo {
	return s.repos[strings.ToLower(owner+"/"+name)]
}

// Dir is the bare repository's directory.
func (r *Repo) Dir() string { return r.dir }

// FullName is OWNER/NAME.
func (r *Repo) FullName() string { return r.owner + "/" + r.name }

// CloneURL is the address for Git. It needs BaseURL or SetBaseURL.
func (r *Repo) CloneURL() string { return r.HTMLURL() + ".git" }

// HTMLURL is the address of the repository's page. It needs BaseURL or SetBaseURL.
func (r *Repo) HTMLURL() string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.address(nil) + "/" + r.FullName()
}

// SetPrivate hides the repository from those without read permission.
func (r *Repo) SetPrivate(private bool) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.private = private
}

// Head gives the commit of a branch, or "" when there is none.
func (r *Repo) Head(branch string) string {
	return r.resolve("refs/heads/" + branch)
}

// resolve gives the commit that a full ref name or hash stands for, or "".
func (r *Repo) resolve(name string) string {
	return r.bare.Resolve(name)
}
