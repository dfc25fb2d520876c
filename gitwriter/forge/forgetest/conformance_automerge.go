package forgetest

import (
	"errors"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func (r run) automerge(pr forge.PullRequest) error {
	return r.Forge.Automerge(r.Context(), pr.Number, forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA})
}

// allowed lets pull requests be set to merge by themselves.
func (r run) allowed() {
	if r.AllowAutomerge != nil {
		r.AllowAutomerge(r.T, true)
	}
}

func automerges(r run) {
	r.allowed()
	r.Protect(r.T, "unit")
	pr := r.create("patient")
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksPending)
	for i := range 2 {
		if err := r.automerge(pr); err != nil {
			r.Fatalf("Automerge, time %d: %v", i+1, err)
		}
		if got := r.get(pr.Number); !got.Automerge || got.AutomergeBy != got.Author || got.State != forge.StateOpen {
			r.Errorf("it is %s and to merge by itself: %t, as %q wished; want that %q did", got.State, got.Automerge, got.AutomergeBy, got.Author)
		}
	}
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksSuccess)
	r.eventually("the merge", func() bool { return r.get(pr.Number).State == forge.StateMerged })
}

func cancelsAutomerge(r run) {
	r.allowed()
	r.Protect(r.T, "unit")
	pr := r.create("hesitant")
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksPending)
	for i := range 2 { // the second time it is asked for anew
		if err := r.automerge(pr); err != nil {
			r.Fatalf("Automerge, time %d: %v", i+1, err)
		}
		cancelsNothing(r, pr.Number)
	}
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksSuccess)
	r.ready(pr.Number)
	if got := r.get(pr.Number); got.State != forge.StateOpen {
		r.Errorf("it is %s", got.State)
	}
}

func cancelsWithoutAutomerge(r run) {
	pr := r.create("unasked")
	cancelsNothing(r, pr.Number)
	r.update(pr.Number, forge.Change{State: ptr(forge.StateClosed)})
	cancelsNothing(r, pr.Number)
}

// cancelsNothing makes sure that it doesn't merge by itself; it may be repeated.
func cancelsNothing(r run, number int) {
	for i := range 2 {
		if err := r.Forge.CancelAutomerge(r.Context(), number); err != nil {
			r.Errorf("CancelAutomerge, time %d: %v", i+1, err)
		}
		if r.get(number).Automerge {
			r.Errorf("after time %d it is still to merge by itself", i+1)
		}
	}
}

func refusesCancel(r run) {
	if err := r.Forge.CancelAutomerge(r.Context(), 4242); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("CancelAutomerge gave %v, want ErrNotFound", err)
	}
}

func refusesAutomergeOfReady(r run) {
	r.allowed()
	pr := r.create("eager")
	r.ready(pr.Number)
	if err := r.automerge(pr); !errors.Is(err, forge.ErrNotReady) {
		r.Errorf("Automerge gave %v, want ErrNotReady", err)
	}
	if got := r.get(pr.Number); got.Automerge || got.State != forge.StateOpen {
		r.Errorf("it is %s and to merge by itself: %t", got.State, got.Automerge)
	}
}

func refusesStaleAutomerge(r run) {
	r.allowed()
	r.Protect(r.T, "unit")
	pr := r.create("moving")
	sha := r.Push(r.T, "moving", "unseen.txt")
	r.Check(r.T, sha, "unit", forge.ChecksPending)
	if err := r.automerge(pr); !errors.Is(err, forge.ErrNotReady) {
		r.Errorf("Automerge gave %v, want ErrNotReady", err)
	}
	if r.get(pr.Number).Automerge {
		r.Error("it is to merge by itself")
	}
}

func refusesAutomerge(r run) {
	r.AllowAutomerge(r.T, false)
	pr := r.create("forbidden")
	if err := r.automerge(pr); !errors.Is(err, forge.ErrUnsupported) || forge.Temporary(err) {
		r.Errorf("Automerge gave %v, want ErrUnsupported", err)
	}
}
