package gitrepo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/towline-dev/towline/internal/gitrepo/packfile"
)

const (
	// maxHaves bounds what we tell the remote that we have.
	maxHaves = 64
	// maxShallow bounds the commits at which the mirror's history may end; all are told
	// to the remote at each fetch.
	maxShallow = 100_000
)

// Fetch brings branch up to date in the mirror and returns its head. Where nothing
// is new that is one request. A broken mirror is replaced by a new one on the way.
func (r *Repo) Fetch(ctx context.Context, branch string) (Hash, error) {
	return r.fetch(ctx, branch, 0)
}

// fetch is Fetch, and with a depth of more than zero Deepen.
func (r *Repo) fetch(ctx context.Context, branch string, depth int) (Hash, error) {
	ref, err := BranchRef(branch)
	if err != nil {
		return "", err
	}
	found, err := r.fetchRef(ctx, ref, depth)
	return found.Commit, err
}

// fetch is one fetch of one Ref under way.
type fetch struct {
	session transport.UploadPackSession
	refs    *packp.AdvRefs
	all     Refs // what refs say
	want    Resolved
	depth   int // commits of history that are wanted in any case; 0: what is new
}

// errBroken says that the generation in use is no good: the next fetch makes a new one.
var errBroken = errors.New("the mirror is damaged")

// errFilter says that the remote may not want to leave files out although it offers to:
// the next fetch doesn't ask.
var errFilter = errors.New("asking for a part of the files")

// bring uses the current generation where that works, and else a new one.
func (r *Repo) bring(ctx context.Context, f fetch) error {
	current := r.mirror.current()
	if current != nil && !current.damaged() && !current.full() {
		err := r.useCurrent(ctx, current, f)
		if err != nil && current.damaged() {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		return err
	}
	if current != nil {
		r.log.WarnContext(ctx, "making a new mirror", "damaged", current.damaged(), "full", current.full())
	}
	fresh, err := r.mirror.begin()
	if err != nil {
		return err
	}
	if err := r.pull(ctx, fresh, f); err != nil {
		return errors.Join(err, r.mirror.discard(fresh))
	}
	return r.mirror.commit(fresh)
}

// useCurrent fetches what the current generation lacks.
func (r *Repo) useCurrent(ctx context.Context, current *store, f fetch) error {
	if f.depth == 0 && current.holds(f.want) {
		return current.refresh(f)
	}
	if current.damaged() { // that is how the commit was found missing
		return ErrDamaged
	}
	return r.pull(ctx, current, f)
}

// pull asks for what is missing between the mirror and f.want.
//
// What this generation knows of the Ref is fetched without a depth: the remote then
// sends just what is new since. One that it doesn't know is fetched with a depth,
// since it may have left our history before the point where that begins, and the
// remote would send all of it down to the root.
func (r *Repo) pull(ctx context.Context, st *store, f fetch) error {
	known, err := st.state()
	if err != nil {
		return err
	}
	if err := st.sweep(); err != nil {
		return err
	}
	req, err := r.request(st, known, f)
	if err != nil {
		return err
	}
	res, err := f.session.UploadPack(ctx, req)
	if err != nil && req.Filter != "" && refusesFilter(ctx, err) {
		r.unfiltered.Store(true)
		return fmt.Errorf("%w: %w", errFilter, err)
	}
	if err != nil {
		return err
	}
	observationOf(ctx).packBegins(r.cfg.MaxPackBytes)
	pack := &trackedReader{r: demultiplexed(req.Capabilities, res), limit: r.cfg.MaxPackBytes}
	missing, err := st.addPack(ctx, pack, r.limits())
	if err = errors.Join(err, res.Close()); err != nil {
		if pack.err != nil {
			return pack.err
		}
		var local *localError // a folder that is gone is more than the system's trouble
		trouble := errors.As(err, &local) && !errors.Is(err, fs.ErrNotExist)
		if ctx.Err() == nil && !trouble && !errors.Is(err, ErrTooLarge) {
			st.condemn() // what we said to have may have led the remote astray
		}
		return err
	}
	if err := r.settleAbsent(st, &known, missing, req); err != nil {
		return err
	}
	if err := st.verifyTag(f.want); err != nil {
		return err
	}
	if err := st.check(f.want.Commit); err != nil {
		if errors.Is(err, ErrNotFetched) {
			st.condemn()
		}
		return fmt.Errorf("the remote sent a pack without the whole of commit %s: %v", f.want.Commit, err) //nolint:errorlint // no caller shall take it for a commit to fetch
	}
	if !req.Depth.IsZero() {
		known.Shallow = boundary(known.Shallow, res.Shallows, res.Unshallows)
	}
	if len(known.Shallow) > maxShallow {
		return fmt.Errorf("the remote's history ends at more than %d commits: %w", maxShallow, ErrTooLarge)
	}
	r.log.DebugContext(ctx, "fetched", "ref", f.want.Ref.String(), "commit", f.want.Commit, "bytes", pack.n)
	return st.note(known, f)
}

// refusesFilter tells whether an answer may be due to the filter: trouble and refusals that
// the same request without it would meet too aren't. Over SSH a refusal is words alone.
func refusesFilter(ctx context.Context, err error) bool {
	failed := newError(ctx, "", &url.URL{}, observationOf(ctx), err)
	if ctx.Err() != nil || failed.Temporary() || errors.Is(err, ErrTooLarge) {
		return false
	}
	return failed.Kind == nil || failed.Status == 0
}

func (r *Repo) limits() packfile.Limits {
	return packfile.Limits{
		Objects: r.cfg.MaxObjects, Inflated: r.cfg.MaxInflatedBytes,
		Commit: maxCommitBytes, Tree: maxTreeBytes, Held: maxHeld,
	}
}

// settleAbsent takes files that didn't come for left out where that was asked for.
// Else something has got lost: here, where the remote relies on what we said to have,
// and with a new generation the remote has it no more.
func (r *Repo) settleAbsent(st *store, known *state, missing []Hash, req *packp.UploadPackRequest) error {
	if len(missing) == 0 {
		return nil
	}
	lost := missing[0]
	if req.Filter != "" {
		var err error
		if lost, err = st.lost(missing, req.Haves); err != nil {
			return err
		}
	}
	if lost != "" {
		st.condemn()
		return fmt.Errorf("the remote sent a pack without file %s, which it needs", lost)
	}
	if known.Absent = append(known.Absent, missing...); len(known.Absent) > maxAbsent {
		return fmt.Errorf("the repository has more than %d files of more than %d bytes: %w", maxAbsent, r.cfg.MaxFileBytes, ErrTooLarge)
	}
	return nil
}

func (r *Repo) request(st *store, known state, f fetch) (*packp.UploadPackRequest, error) {
	req := packp.NewUploadPackRequestFromCapabilities(f.refs.Capabilities)
	req.Wants = []plumbing.Hash{cmp.Or(f.want.Tag, f.want.Commit).plumbing()}
	before, ok := known.at(f.want.Ref)
	if ok = ok && st.complete(before); ok {
		req.Haves = append(req.Haves, before.plumbing())
	}
	if !ok || f.depth > 0 {
		req.Depth = packp.DepthCommits(max(f.depth, r.cfg.Depth))
	}
	for _, hash := range known.others(f.want.Ref) {
		if len(req.Haves) < maxHaves && st.complete(hash) {
			req.Haves = append(req.Haves, hash.plumbing())
		}
	}
	for _, hash := range known.Shallow {
		req.Shallows = append(req.Shallows, hash.plumbing())
	}
	if len(req.Shallows) > 0 || !req.Depth.IsZero() {
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return nil, err
		}
	}
	if f.refs.Capabilities.Supports(capability.Filter) && !r.unfiltered.Load() { // what is larger is read by nobody
		req.Filter = packp.FilterBlobLimit(uint64(r.cfg.MaxFileBytes)+1, packp.BlobLimitPrefixNone) //nolint:gosec // a limit isn't negative
		if err := req.Capabilities.Set(capability.Filter); err != nil {
			return nil, err
		}
	}
	if f.refs.Capabilities.Supports(capability.NoProgress) {
		if err := req.Capabilities.Set(capability.NoProgress); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// note records where the Ref stands, and forgets those that are gone.
func (s *store) note(known state, f fetch) error {
	known.put(f.want)
	known.forget(f.all)
	return s.setState(known)
}

// refresh is note for a fetch that had nothing to bring; mostly nothing changes.
func (s *store) refresh(f fetch) error {
	known, err := s.state()
	if at, ok := known.at(f.want.Ref); err != nil || ok && at == f.want.Commit {
		return err
	}
	return s.note(known, f)
}
