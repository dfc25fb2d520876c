package forgetest

import (
	"errors"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// eventually asks until the answer is what it is to be: servers work out in the
// background whether something can be merged.
func (r run) eventually(what string, done func() bool) {
	r.Helper()
	end := time.After(30 * time.Second)
	for !done() {
		select {
		case <-end:
			r.Fatalf("%s didn't come about", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (r run) readiness(number int) forge.Readiness {
	r.Helper()
	got, err := r.Forge.Readiness(r.Context(), number)
	if err != nil {
		r.Fatalf("Readiness(%d): %v", number, err)
	}
	return got
}

// ready waits until a pull request can be merged, where the server tells.
func (r run) ready(number int) forge.Readiness {
	r.Helper()
	var got forge.Readiness
	if _, lacking := r.Lacks[HasReadiness]; lacking {
		return got
	}
	r.eventually("that it can be merged", func() bool { got = r.readiness(number); return got.Mergeable })
	return got
}

func readyWithoutChecks(r run) {
	pr := r.create("plain")
	want := forge.Readiness{HeadSHA: pr.HeadSHA, Mergeable: true, Checks: forge.ChecksNone}
	if got := r.ready(pr.Number); got != want {
		r.Errorf("Readiness gave %+v, want %+v", got, want)
	}
}

func readyByChecks(r run) {
	pr := r.create("checked")
	for _, step := range []struct {
		name  string
		state forge.Checks
		want  forge.Checks
	}{
		{"unit", forge.ChecksPending, forge.ChecksPending},
		{"unit", forge.ChecksSuccess, forge.ChecksSuccess},
		{"lint", forge.ChecksPending, forge.ChecksPending},
		{"lint", forge.ChecksFailure, forge.ChecksFailure},
		{"slow", forge.ChecksPending, forge.ChecksFailure},
		{"lint", forge.ChecksSuccess, forge.ChecksPending},
		{"slow", forge.ChecksSuccess, forge.ChecksSuccess},
	} {
		r.Check(r.T, pr.HeadSHA, step.name, step.state)
		r.eventually("that checks are "+string(step.want), func() bool { return r.readiness(pr.Number).Checks == step.want })
	}
}

func readyByStatuses(r run) {
	if _, lacking := r.Lacks[HasStatuses]; lacking {
		r.Skip("left out: the server has no statuses")
	}
	pr := r.create("status")
	for state, want := range map[forge.StatusState]forge.Checks{
		forge.StatusPending: forge.ChecksPending, forge.StatusFailure: forge.ChecksFailure, forge.StatusSuccess: forge.ChecksSuccess,
		forge.StatusError: forge.ChecksFailure,
	} {
		r.status(pr.HeadSHA, forge.Status{Context: "by-status", State: state})
		r.eventually("that checks are "+string(want), func() bool { return r.readiness(pr.Number).Checks == want })
	}
}

func readyByReviews(r run) {
	pr := r.create("reviewed")
	for _, approve := range []bool{false, true, false} {
		r.Review(r.T, pr.Number, approve)
		if got := r.readiness(pr.Number); got.ChangesRequested == approve {
			r.Errorf("after a review that approves: %t, Readiness gave %+v", approve, got)
		}
	}
}

func readyInConflict(r run) {
	r.Write(r.T, "clash", "clash.txt", "ours\n")
	pr := r.create("clash")
	r.ready(pr.Number)
	r.Write(r.T, r.Base, "clash.txt", "theirs\n")
	var got forge.Readiness
	r.eventually("a conflict", func() bool { got = r.readiness(pr.Number); return got.Conflict })
	if got.Mergeable || got.Reason == "" {
		r.Errorf("Readiness gave %+v, want a reason, and not mergeable", got)
	}
}

func readyByRule(r run) {
	r.Protect(r.T, "unit")
	pr := r.create("ruled")
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksPending)
	var got forge.Readiness
	r.eventually("that it waits", func() bool { got = r.readiness(pr.Number); return got.Checks == forge.ChecksPending })
	if got.Mergeable || got.Conflict || got.Reason == "" {
		r.Errorf("Readiness gave %+v, want a reason, and not mergeable", got)
	}
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksSuccess)
	if got := r.ready(pr.Number); got.Checks != forge.ChecksSuccess || got.Reason != "" {
		r.Errorf("Readiness gave %+v, want success without a reason", got)
	}
}

func readyWhenClosed(r run) {
	pr := r.create("shut")
	r.update(pr.Number, forge.Change{State: ptr(forge.StateClosed)})
	if got := r.readiness(pr.Number); got.Mergeable || got.Reason == "" || got.HeadSHA != pr.HeadSHA {
		r.Errorf("Readiness gave %+v, want a reason, and not mergeable", got)
	}
}

func refusesReadiness(r run) {
	if _, err := r.Forge.Readiness(r.Context(), 4242); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Readiness gave %v, want ErrNotFound", err)
	}
}

func merges(r run) {
	for _, method := range []forge.MergeMethod{forge.MergeCommit, forge.MergeSquash, forge.MergeRebase} {
		pr := r.create("by-" + string(method))
		r.ready(pr.Number)
		var got forge.PullRequest
		var err error
		r.eventually("the merge", func() bool { // a server may look again at what was ready: the one before has moved the base
			got, err = r.Forge.Merge(r.Context(), pr.Number, forge.MergeRequest{Method: method, SHA: pr.HeadSHA, Title: "Title", Message: "Message"})
			return !errors.Is(err, forge.ErrNotReady)
		})
		if err != nil {
			r.Errorf("Merge by %s: %v", method, err)
			continue
		}
		if got.Number != pr.Number || got.State != forge.StateMerged || len(got.MergeSHA) != 40 || got.HeadSHA != pr.HeadSHA {
			r.Errorf("Merge by %s gave %+v", method, got)
		}
		if listed := r.get(pr.Number); listed.State != forge.StateMerged || listed.MergeSHA != got.MergeSHA {
			r.Errorf("the list has it as %s by %s, want merged by %s", listed.State, listed.MergeSHA, got.MergeSHA)
		}
	}
}

// notMerged makes sure that a merge was refused, and didn't happen.
func (r run) notMerged(pr forge.PullRequest, err error) {
	r.Helper()
	if !errors.Is(err, forge.ErrNotReady) || forge.Temporary(err) {
		r.Errorf("it gave %v, want ErrNotReady", err)
	}
	if got := r.get(pr.Number).State; got != forge.StateOpen {
		r.Errorf("afterwards it is %s", got)
	}
}

func refusesStaleMerge(r run) {
	pr := r.create("moving")
	r.Push(r.T, "moving", "unseen.txt")
	r.ready(pr.Number)
	_, err := r.Forge.Merge(r.Context(), pr.Number, forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA})
	r.notMerged(pr, err)
}

func refusesRuledMerge(r run) {
	r.Protect(r.T, "unit")
	pr := r.create("ruled")
	r.Check(r.T, pr.HeadSHA, "unit", forge.ChecksFailure)
	_, err := r.Forge.Merge(r.Context(), pr.Number, forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA})
	r.notMerged(pr, err)
}

func refusesSecondMerge(r run) {
	pr := r.create("once")
	r.ready(pr.Number)
	for i, want := range []error{nil, forge.ErrNotReady} {
		_, err := r.Forge.Merge(r.Context(), pr.Number, forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA})
		if !errors.Is(err, want) {
			r.Errorf("merge %d gave %v, want %v", i+1, err, want)
		}
	}
}

func refusesMerge(r run) {
	_, err := r.Forge.Merge(r.Context(), 4242, forge.MergeRequest{Method: forge.MergeCommit, SHA: "0123456789012345678901234567890123456789"})
	if !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Merge gave %v, want ErrNotFound", err)
	}
}
