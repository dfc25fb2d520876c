package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

const headsPrefix = "refs/heads/"

// remote talks to the server. It uses go-git's sessions and not its Remote, because
// only there the old value of a pushed reference, the lease, is ours to say.
type remote struct {
	url     *url.URL
	client  transport.Transport
	timeout time.Duration
	tries   int
	sleep   func(context.Context, time.Duration) error
}

func newRemote(cfg Config) (*remote, error) {
	u, err := giturl.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	r := &remote{url: u, timeout: cfg.Timeout, tries: cfg.Tries, sleep: cfg.Sleep}
	switch u.Scheme {
	case "file":
		r.client = file.DefaultClient
	case "ssh":
		r.client, err = newSSHTransport(u, cfg)
	default:
		r.client, err = newHTTPTransport(u, cfg)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// endpoint is made anew for each session: go-git's HTTP sessions write to it when
// they follow a redirect. SSH's need none.
func (r *remote) endpoint() (*transport.Endpoint, error) {
	if r.url.Scheme == "ssh" {
		return nil, nil
	}
	return transport.NewEndpoint(r.url.String())
}

// try is the one place where network operations are tried again: each try has its
// own timeout, only trouble of the remote leads to another one, and a Retry-After of
// up to a minute is waited for. do must be safe to repeat.
func (r *remote) try(ctx context.Context, op string, do func(context.Context) error) error {
	for n := 1; ; n++ {
		err := r.once(ctx, op, do)
		var failed *Error
		if !errors.As(err, &failed) || !failed.Temporary() || n >= r.tries || failed.RetryAfter > time.Minute {
			return err
		}
		if r.sleep(ctx, max(failed.RetryAfter, time.Duration(1<<(n-1))*500*time.Millisecond)) != nil {
			return err // the last failure says more than that the caller went away
		}
	}
}

func (r *remote) once(ctx context.Context, op string, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	observed, seen := withObservation(limited)
	err := do(observed)
	var local *localError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &local) && seen.problem() == nil:
		return err // the disk's fault, not the remote's
	case limited.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("no answer within %s: %w", r.timeout, context.DeadlineExceeded)
		seen = nil
	}
	return newError(ctx, op, r.url, seen, err)
}

// branches picks the heads of branches out of an advertisement.
func branches(refs *packp.AdvRefs) map[string]Hash {
	heads := make(map[string]Hash, len(refs.References))
	for name, hash := range refs.References {
		if branch, ok := strings.CutPrefix(name, headsPrefix); ok {
			heads[branch] = hashOf(hash)
		}
	}
	return heads
}

// lookUp finds one branch among heads and names what is missing.
func lookUp(heads map[string]Hash, branch string) (Hash, error) {
	if hash, ok := heads[branch]; ok {
		return hash, nil
	}
	if len(heads) == 0 {
		return "", ErrEmptyRepository
	}
	return "", fmt.Errorf("%q: %w", branch, ErrBranchNotFound)
}

// checkBranch refuses names that Git refuses, and those that look like options.
func checkBranch(branch string) error {
	if strings.HasPrefix(branch, "-") {
		return fmt.Errorf("the branch name %q begins with a dash", branch)
	}
	if err := plumbing.ReferenceName(headsPrefix + branch).Validate(); err != nil || branch == "" {
		return fmt.Errorf("the branch name %q isn't one that Git allows", branch)
	}
	return nil
}

// Head asks the remote where branch is. It transfers no objects.
func (r *Repo) Head(ctx context.Context, branch string) (Hash, error) {
	heads, err := r.Branches(ctx)
	if err == nil {
		var head Hash
		if head, err = lookUp(heads, branch); err == nil {
			return head, nil
		}
		err = newError(ctx, "finding the branch", r.remote.url, nil, err)
	}
	return "", err
}

// Branches asks the remote for the heads of all its branches: one request. An empty
// repository has none.
func (r *Repo) Branches(ctx context.Context) (map[string]Hash, error) {
	var heads map[string]Hash
	err := r.remote.try(ctx, "listing the branches", func(ctx context.Context) error {
		return r.remote.uploadPack(ctx, func(_ transport.UploadPackSession, refs *packp.AdvRefs) error {
			heads = branches(refs)
			return nil
		})
	})
	if errors.Is(err, ErrEmptyRepository) {
		heads, err = map[string]Hash{}, nil
	}
	if err != nil {
		return nil, err
	}
	r.remember(heads)
	return heads, nil
}

// Known tells where the remote had branch when it was last asked, by Branches, Head,
// Fetch or Push. It costs nothing.
func (r *Repo) Known(branch string) (Hash, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hash, ok := r.heads[branch]
	return hash, ok
}

// KnownBranches gives all heads as the remote said last, as Known does.
func (r *Repo) KnownBranches() map[string]Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.heads)
}

func (r *Repo) remember(heads map[string]Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heads = maps.Clone(heads)
}

// uploadPack opens a session for reading and hands over what the remote advertises.
func (r *remote) uploadPack(ctx context.Context, use func(transport.UploadPackSession, *packp.AdvRefs) error) error {
	endpoint, err := r.endpoint()
	if err != nil {
		return err
	}
	session, err := r.client.NewUploadPackSession(endpoint, nil)
	if err != nil {
		return err
	}
	// Closing reports how the far end ended; what it told us before is what counts.
	defer func() { _ = session.Close() }()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	return use(session, refs)
}

// receivePack opens a session for writing.
func (r *remote) receivePack(ctx context.Context, use func(transport.ReceivePackSession, *packp.AdvRefs) error) error {
	endpoint, err := r.endpoint()
	if err != nil {
		return err
	}
	session, err := r.client.NewReceivePackSession(endpoint, nil)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	return use(session, refs)
}
