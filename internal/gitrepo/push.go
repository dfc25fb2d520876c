package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// PushRequest moves one branch of the remote.
type PushRequest struct {
	// Commit was built by Repo.Commit.
	Commit Hash
	// Branch is the remote's branch, without refs/heads/.
	Branch string
	// Expect is the lease: where the branch must still be. Empty: it mustn't exist.
	// The remote itself checks it, in one step with the update.
	Expect Hash
}

// Push sends a commit and moves the branch to it. Where the branch is already there
// (the answer to an earlier push got lost) that is success. A push that is being sent
// when ctx is cancelled goes on for some seconds: some servers kill git when a client
// goes, and leave the branch locked. ErrRejected says that
// the branch isn't where Expect has it; ErrRefused that the remote won't.
func (r *Repo) Push(ctx context.Context, req PushRequest) error {
	if req.Commit == "" {
		return errors.New("pushing: no commit given")
	}
	return r.move(ctx, fmt.Sprintf("pushing branch %q", req.Branch), req)
}

// DeleteBranch removes the remote's branch where it still is at expect. One that is
// gone already is success.
func (r *Repo) DeleteBranch(ctx context.Context, branch string, expect Hash) error {
	if expect == "" {
		return errors.New("deleting a branch: no expected head given")
	}
	return r.move(ctx, fmt.Sprintf("deleting branch %q", branch), PushRequest{Branch: branch, Expect: expect})
}

func (r *Repo) move(ctx context.Context, op string, req PushRequest) error {
	if err := checkBranch(req.Branch); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	var pack []byte
	if req.Commit != "" {
		var err error
		if pack, err = r.pack(req.Commit); err != nil {
			return fmt.Errorf("%s of %s: %w", op, r.URL(), err)
		}
	}
	err := r.remote.try(ctx, op, func(ctx context.Context) error {
		ctx, begin, cancel := lingering(ctx, pushGrace)
		defer cancel()
		return r.remote.receivePack(ctx, func(session transport.ReceivePackSession, refs *packp.AdvRefs) error {
			heads := branches(refs)
			r.remember(heads)
			switch heads[req.Branch] {
			case req.Commit:
				return nil
			case req.Expect:
				begin()
				return r.send(ctx, session, refs, req, pack)
			}
			return fmt.Errorf("it is at %q, not at %q: %w", heads[req.Branch].Short(), req.Expect.Short(), ErrRejected)
		})
	})
	if errors.Is(err, errNotUpdated) {
		err = r.explain(ctx, req, err)
	}
	if err == nil {
		r.settle(ctx, req)
	}
	return err
}

// errNotUpdated is the remote's "ng", whose reason is text for people.
var errNotUpdated = errors.New("the remote didn't update the branch")

func (r *Repo) send(ctx context.Context, session transport.ReceivePackSession, refs *packp.AdvRefs, req PushRequest, pack []byte) error {
	if !refs.Capabilities.Supports(capability.ReportStatus) {
		return fmt.Errorf("the remote doesn't report what became of a push: %w", ErrRefused)
	}
	update := packp.NewReferenceUpdateRequestFromCapabilities(refs.Capabilities)
	update.Commands = []*packp.Command{{
		Name: plumbing.ReferenceName(headsPrefix + req.Branch),
		Old:  req.Expect.plumbing(),
		New:  req.Commit.plumbing(),
	}}
	wanted := []capability.Capability{capability.Sideband64k}
	if req.Commit == "" {
		wanted = append(wanted, capability.DeleteRefs)
	} else {
		update.Packfile = io.NopCloser(bytes.NewReader(pack))
	}
	for _, c := range wanted {
		if refs.Capabilities.Supports(c) {
			if err := update.Capabilities.Set(c); err != nil {
				return err
			}
		}
	}
	var said tailBuffer
	update.Progress = &said
	report, err := session.ReceivePack(ctx, update)
	switch {
	case err == nil && report == nil:
		return fmt.Errorf("the remote answered nothing to a push: %w", ErrUnavailable)
	case report != nil && report.Error() != nil:
		return fmt.Errorf("%w: %s", errNotUpdated, printable(reason(report)+" "+string(said.text), 500))
	}
	return err
}

// reason gives the remote's words, which are for people and decide nothing.
func reason(report *packp.ReportStatus) string {
	for _, status := range report.CommandStatuses {
		if status.Error() != nil {
			return status.Status
		}
	}
	return report.UnpackStatus
}

// explain tells a broken lease from a refusal by asking where the branch is: the
// words in which remotes say so differ.
func (r *Repo) explain(ctx context.Context, req PushRequest, refused error) error {
	heads, err := r.Branches(ctx)
	if err != nil {
		return errors.Join(refused, err)
	}
	kind := ErrRefused
	switch heads[req.Branch] {
	case req.Commit:
		return nil
	case req.Expect:
	default:
		kind = ErrRejected
	}
	var failed *Error
	if errors.As(refused, &failed) {
		failed.Kind = kind
	}
	return refused
}

// settle notes the new head, so that the next fetch of the branch can say that it has
// it. That it can't be noted only makes that fetch larger.
func (r *Repo) settle(ctx context.Context, req PushRequest) {
	r.mu.Lock()
	if req.Commit == "" {
		delete(r.heads, req.Branch)
	} else {
		r.heads[req.Branch] = req.Commit
		delete(r.made, req.Commit)
	}
	r.mu.Unlock()
	if req.Commit == "" {
		return
	}
	if err := r.mirror.note(ctx, req.Branch, req.Commit); err != nil {
		r.log.DebugContext(ctx, "noting a pushed branch", "branch", req.Branch, "error", err)
	}
}

// pack holds what the remote lacks: the commit, those below it that only we have,
// and of each what its parent hasn't.
func (r *Repo) pack(commit Hash) ([]byte, error) {
	st := r.mirror.holding(commit)
	if st == nil {
		return nil, ErrNotFetched
	}
	found := &news{store: st, seen: map[plumbing.Hash]bool{}}
	for at := commit; at != ""; {
		base, err := found.commit(at.plumbing())
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		_, ours := r.made[base]
		r.mu.Unlock()
		if !ours {
			break
		}
		at = base
	}
	var pack bytes.Buffer
	st.mu.Lock()
	defer st.mu.Unlock()
	if _, err := packfile.NewEncoder(&pack, st.storage, false).Encode(found.hashes, 0); err != nil {
		return nil, &localError{"packing the commit", err}
	}
	return pack.Bytes(), nil
}

// news collects the objects by which commits differ from their parents.
type news struct {
	store  *store
	seen   map[plumbing.Hash]bool
	hashes []plumbing.Hash
}

func (n *news) add(h plumbing.Hash) {
	if !n.seen[h] {
		n.seen[h] = true
		n.hashes = append(n.hashes, h)
	}
}

func (n *news) commit(h plumbing.Hash) (base Hash, err error) {
	commit, err := n.store.commit(h)
	if err != nil {
		return "", err
	}
	n.add(h)
	var before plumbing.Hash
	if len(commit.ParentHashes) > 0 {
		parent, err := n.store.commit(commit.ParentHashes[0])
		if err != nil {
			return "", err
		}
		before, base = parent.TreeHash, hashOf(parent.Hash)
	}
	return base, n.folder(before, commit.TreeHash)
}

func (n *news) folder(before, after plumbing.Hash) error {
	if before == after {
		return nil
	}
	old := map[string]object.TreeEntry{}
	if !before.IsZero() {
		entries, err := n.store.tree(before)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			old[entry.Name] = entry
		}
	}
	entries, err := n.store.tree(after)
	if err != nil {
		return err
	}
	n.add(after)
	for _, entry := range entries {
		was, had := old[entry.Name]
		switch {
		case had && was.Hash == entry.Hash, modeOf(entry.Mode).IsDir() && !isTree(entry):
		case isTree(entry) && had && isTree(was):
			err = n.folder(was.Hash, entry.Hash)
		case isTree(entry):
			err = n.folder(plumbing.ZeroHash, entry.Hash)
		default:
			n.add(entry.Hash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
