package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
)

const (
	// maxTries bounds how often an update starts again because somebody else pushed
	// meanwhile. On a slow machine one may lose for as long as the others have work:
	// forty times were seen where four writers had 200 updates. It takes some minutes.
	maxTries = 200
	// maxWait is the longest wait before a try. It is short, so that who lost often
	// isn't at a disadvantage against who comes fresh.
	maxWait  = time.Second
	waitStep = 50 * time.Millisecond
)

// contendedError says that somebody else pushed first, each time.
type contendedError struct{ err error }

func (e *contendedError) Error() string {
	return fmt.Sprintf("somebody else pushed first, %d times: %v", maxTries, e.err)
}
func (e *contendedError) Unwrap() error { return e.err }

// Temporary tells that the update may succeed later without anybody's doing.
func (e *contendedError) Temporary() bool { return true }

// untilLanded does a step again, from what the remote and the forge say on, for as long
// as others push meanwhile.
func (s *Session) untilLanded(ctx context.Context, u Update, step func(context.Context, Update) (Outcome, error)) (Outcome, error) {
	for try := 1; ; try++ {
		out, err := step(ctx, u)
		switch {
		case err == nil || !errors.Is(err, gitrepo.ErrRejected):
			return out, err
		case try == maxTries:
			return Outcome{}, &contendedError{err}
		}
		s.w.cfg.Log.DebugContext(ctx, "somebody else pushed; starting again", "group", u.Group, "try", try)
		if err := s.w.wait(ctx, try); err != nil {
			return Outcome{}, err
		}
		s.refetch, s.heardAt = true, time.Time{}
	}
}

func (w *Writer) wait(ctx context.Context, try int) error {
	longest := min(time.Duration(try)*waitStep, maxWait)
	return w.cfg.Sleep(ctx, time.Duration(w.cfg.Jitter()*float64(longest)))
}

// push is the repository's. Of two who push at once, or of one who was killed and has come
// back, the later is refused while the branch is locked for the other and hasn't moved
// yet. So after a refusal the branch is looked at for a moment; nothing is pushed twice.
func (w *Writer) push(ctx context.Context, req gitrepo.PushRequest) error {
	refused := w.cfg.Repo.Push(ctx, req)
	if !errors.Is(refused, gitrepo.ErrRefused) {
		return refused
	}
	for _, wait := range []time.Duration{waitStep, 3 * waitStep, 9 * waitStep} {
		if err := w.cfg.Sleep(ctx, wait); err != nil {
			return errors.Join(refused, err)
		}
		head, err := w.cfg.Repo.Fetch(ctx, req.Branch)
		if errors.Is(err, gitrepo.ErrBranchNotFound) {
			head, err = "", nil
		}
		switch {
		case err != nil:
			return errors.Join(refused, err)
		case head != req.Expect:
			return fmt.Errorf("pushing branch %q: %w", req.Branch, gitrepo.ErrRejected)
		}
	}
	return refused
}

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
