package releasenotes

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// The labels of an image that are read; OCI Image Format Specification, annotations.md.
const (
	LabelSource        = "org.opencontainers.image.source"
	LabelURL           = "org.opencontainers.image.url"
	LabelDocumentation = "org.opencontainers.image.documentation"
	LabelRevision      = "org.opencontainers.image.revision"
	LabelVersion       = "org.opencontainers.image.version"
)

// Config is what a Finder works with.
type Config struct {
	// Hosts are those that may be asked, each once. Default: none, so nothing is found.
	// See DefaultHosts.
	Hosts []Host
	// Transport carries the requests. Default: http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one Find. Default: 5 s.
	Timeout time.Duration
	// Now tells the time, for what is remembered and for limits. Default: time.Now.
	Now func() time.Time
	// Log gets at level debug what couldn't be found, and why. Default: nothing is logged.
	Log *slog.Logger
}

// Host is one host of projects.
type Host struct {
	// Name is the host in the addresses of its projects, with a port where they have one.
	Name string
	Kind Kind
	// API is where its API stands. Default: where the kind's convention has it.
	API string
	// Token gives what to sign in with. What it may read can end up in a pull request,
	// since an image may name any project of the host. Default: nothing.
	Token func(ctx context.Context) (secret.String, error)
}

// DefaultHosts are those that are known without being configured.
func DefaultHosts() []Host {
	return []Host{{Name: "github.com", Kind: GitHub}, {Name: "gitlab.com", Kind: GitLab}, {Name: "codeberg.org", Kind: Gitea}}
}

// Finder finds releases, and remembers what it found. It is safe for concurrent use.
type Finder struct {
	hosts map[string]*site
	cfg   Config

	mu    sync.Mutex
	known map[string]remembered
}

// New gives a Finder. It asks nobody.
func New(cfg Config) (*Finder, error) {
	cfg.Timeout = cmp.Or(cfg.Timeout, 5*time.Second)
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Finder{cfg: cfg, hosts: map[string]*site{}, known: map[string]remembered{}}
	for _, h := range cfg.Hosts {
		s, err := newSite(h)
		if err != nil {
			return nil, fmt.Errorf("knowing the host %q for release notes: %w", h.Name, err)
		}
		if f.hosts[s.name] != nil {
			return nil, fmt.Errorf("knowing the host %q for release notes: it is given twice", h.Name)
		}
		f.hosts[s.name] = s
	}
	return f, nil
}

// Query is one step of an image.
type Query struct {
	Image    string // its repository; the last part may begin the names of its releases
	From, To Image
}

// Image is one version of an image. Tag is "" where it is known by its digest alone.
type Image struct {
	Tag    string
	Labels map[string]string
}

// Found is what was found; what wasn't is zero.
type Found struct {
	// Source is the address of the project's page, Compare of what lies between the
	// versions; both at a known host.
	Source, Compare string
	// Claimed is what the new image names as its source at a host that isn't known. It is
	// a stranger's word.
	Claimed string
	// Releases are those after From up to To, newest first: 10 at most. More says that
	// there are others.
	Releases []Release
	More     bool
}

// Release is what a project tells about one of its versions. Title and Notes are the
// project's, and may hold anything; URL is at the project's host.
type Release struct {
	Tag, Title, URL string
	Notes           string // Markdown, 16 KiB at most
	At              time.Time
}

// Find looks for what lies between two versions of an image: by three requests at most,
// and by none where it is remembered or the host isn't known.
func (f *Finder) Find(ctx context.Context, q Query) Found {
	p, ok := f.project(q.To)
	if !ok {
		return Found{Claimed: claimed(q.To)}
	}
	s := &search{Finder: f, project: p, names: p.names(q.Image), from: versions(q.From), to: versions(q.To), left: maxRequests}
	s.fromRevision, s.toRevision = revision(q.From), revision(q.To)
	if before, ok := f.project(q.From); ok && before.key() != p.key() {
		s.moved = true // nothing can be compared across two projects
	}
	key := s.key()
	if found, ok := f.recall(key); ok {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	found, err := s.run(ctx)
	if err != nil {
		f.cfg.Log.DebugContext(ctx, "release notes left out", "source", found.Source, "error", err)
	}
	f.remember(key, found, err)
	return found
}
