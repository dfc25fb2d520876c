package gitrepo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Hash is the name of a Git object: 40 lower-case hexadecimal digits. The empty
// Hash means that there is none.
type Hash string

// ParseHash validates text that came from outside.
func ParseHash(text string) (Hash, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(plumbing.ZeroHash) {
		return "", fmt.Errorf("%q isn't a commit hash of 40 hexadecimal digits", text)
	}
	return Hash(hex.EncodeToString(raw)), nil
}

// Short returns the first 8 digits, for people.
func (h Hash) Short() string { return string(h[:min(8, len(h))]) }

func (h Hash) plumbing() plumbing.Hash { return plumbing.NewHash(string(h)) }

func hashOf(h plumbing.Hash) Hash {
	if h.IsZero() {
		return ""
	}
	return Hash(h.String())
}

// Config describes one remote and where its mirror lives.
type Config struct {
	// URL is an http, https, ssh or file URL without credentials, or user@host:path;
	// see package giturl.
	URL string
	// Dir is the folder that holds the mirrors of all repositories. The mirror's own
	// folder is named by a hash of the URL.
	Dir string
	// Auth is used for http, https and ssh. Default: anonymous.
	Auth Auth
	// Timeout bounds each try of each network operation, the body included.
	// Default: 5 minutes.
	Timeout time.Duration
	// Tries bounds how often a network operation is tried where the remote is in
	// trouble (see Error.Temporary). Default: 3.
	Tries int
	// Depth is how many commits the first fetch of a branch brings. Default: 1.
	// Later fetches bring all that is new, and Deepen brings more of what was before.
	Depth int
	// MaxFileBytes bounds a file that FS reads. Larger ones aren't even fetched where
	// the remote can leave them out (Git's partial clone). Default: 64 MiB.
	MaxFileBytes int64
	// MaxFiles bounds how many entries of folders one FS lists in all: a folder that
	// stands in many places is listed in each. Default: 500,000.
	MaxFiles int
	// MaxPackBytes bounds what one fetch may download. Default: 4 GiB.
	MaxPackBytes int64
	// MaxInflatedBytes bounds what one fetch may inflate to, over all objects, however
	// small the download is. Default: 4 × MaxPackBytes.
	MaxInflatedBytes int64
	// MaxObjects bounds how many objects one fetch may bring. Default: 4,000,000.
	MaxObjects int
	// Transport carries the requests of http and https; tests give their own.
	// Default: Auth.HTTPTransport.
	Transport http.RoundTripper
	// Sleep waits between tries. Default: a timer that ends with ctx.
	Sleep func(ctx context.Context, d time.Duration) error
	// Disk is asked before each step that changes the mirror's folder, such as "write"
	// or "rename", with the file's name; an error from it stands for the disk's. Tests
	// give their own. Default: nobody is asked.
	Disk func(step, name string) error
	// Log gets what is done at level debug, and repairs of the mirror at level
	// warn. Default: nothing is logged.
	Log *slog.Logger
}

// Repo is one remote repository and its mirror. It is safe for concurrent use, also
// by other processes with the same Config.Dir.
type Repo struct {
	cfg    Config
	remote *remote
	mirror *mirror
	log    *slog.Logger

	unfiltered atomic.Bool // the remote offers to leave files out, and doesn't

	mu    sync.Mutex
	heads map[string]Hash // branches, as the remote said last
	made  map[Hash]Hash   // commits that this Repo built → their base
}

// Open validates cfg. It touches neither disk nor network.
func Open(cfg Config) (*Repo, error) {
	if cfg.Dir == "" {
		return nil, errors.New("opening a repository: no folder for mirrors given")
	}
	withDefaults(&cfg)
	remote, err := newRemote(cfg)
	if err != nil {
		return nil, fmt.Errorf("opening a repository: %w", err)
	}
	return &Repo{
		cfg:    cfg,
		remote: remote,
		mirror: newMirror(cfg, remote.url),
		log:    cfg.Log.With("repository", remote.url.String()),
		heads:  map[string]Hash{},
		made:   map[Hash]Hash{},
	}, nil
}

func withDefaults(cfg *Config) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 5 * time.Minute
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 3
	}
	if cfg.Depth <= 0 {
		cfg.Depth = 1
	}
	if cfg.MaxFileBytes <= 0 {
		cfg.MaxFileBytes = 64 << 20
	}
	if cfg.MaxFiles <= 0 {
		cfg.MaxFiles = 500_000
	}
	if cfg.MaxPackBytes <= 0 {
		cfg.MaxPackBytes = 4 << 30
	}
	if cfg.MaxInflatedBytes <= 0 {
		cfg.MaxInflatedBytes = 4 * cfg.MaxPackBytes
	}
	if cfg.MaxObjects <= 0 {
		cfg.MaxObjects = 4_000_000
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
}

// URL returns the remote's URL; it holds no credentials.
func (r *Repo) URL() string { return r.remote.url.String() }

// Host returns the name of the remote's server, without a port; it is empty for files.
func (r *Repo) Host() string { return r.remote.url.Hostname() }

// MirrorDir returns the folder below Config.Dir that holds this repository's mirror.
func (r *Repo) MirrorDir() string { return r.mirror.dir }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
