package forgetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func refusesStranger(r run) {
	pr := r.create("private")
	calls := map[string]func() error{
		"List":    func() error { _, err := r.BadCredential.List(r.Context(), forge.Filter{}); return err },
		"Comment": func() error { return r.BadCredential.Comment(r.Context(), pr.Number, "x") },
		"Update":  func() error { _, err := r.BadCredential.Update(r.Context(), pr.Number, forge.Change{}); return err },
		"Create": func() error {
			_, err := r.BadCredential.Create(r.Context(), forge.NewPullRequest{Head: "private", Base: r.Base, Title: "x"})
			return err
		},
		"SetStatus": func() error {
			return r.BadCredential.SetStatus(r.Context(), pr.HeadSHA, forge.Status{Context: "x", State: forge.StatusSuccess})
		},
	}
	for name, call := range strangerCalls(r, pr) {
		calls[name] = call
	}
	if _, lacking := r.Lacks[HasAutomerge]; lacking {
		delete(calls, "Automerge") // it may ask nobody
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, forge.ErrUnauthorized) || forge.Temporary(err) {
			r.Errorf("%s gave %v, want ErrUnauthorized, not temporary", name, err)
		}
	}
}

func strangerCalls(r run, pr forge.PullRequest) map[string]func() error {
	merge := forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA}
	return map[string]func() error{
		"Decorate": func() error {
			_, err := r.BadCredential.Decorate(r.Context(), pr.Number, forge.Decoration{Labels: []string{"x"}})
			return err
		},
		"Comments":        func() error { _, err := r.BadCredential.Comments(r.Context(), pr.Number, time.Time{}); return err },
		"Permission":      func() error { _, err := r.BadCredential.Permission(r.Context(), r.Colleague); return err },
		"Readiness":       func() error { _, err := r.BadCredential.Readiness(r.Context(), pr.Number); return err },
		"Merge":           func() error { _, err := r.BadCredential.Merge(r.Context(), pr.Number, merge); return err },
		"Automerge":       func() error { return r.BadCredential.Automerge(r.Context(), pr.Number, merge) },
		"CancelAutomerge": func() error { return r.BadCredential.CancelAutomerge(r.Context(), pr.Number) },
		"ListIssues":      func() error { _, err := r.BadCredential.ListIssues(r.Context(), "x"); return err },
		"CreateIssue": func() error {
			_, err := r.BadCredential.CreateIssue(r.Context(), forge.NewIssue{Title: "x"})
			return err
		},
	}
}

func refusesMissingRepository(r run) {
	if _, err := r.Missing.List(r.Context(), forge.Filter{}); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("List gave %v, want ErrNotFound", err)
	}
	if _, err := r.Missing.Create(r.Context(), forge.NewPullRequest{Head: "a", Base: "b", Title: "c"}); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Create gave %v, want ErrNotFound", err)
	}
}

func obeysContext(r run) {
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	if _, err := r.Forge.List(ctx, forge.Filter{}); !errors.Is(err, context.Canceled) {
		r.Errorf("List gave %v, want context.Canceled", err)
	}
	if err := r.Forge.Comment(ctx, 1, "x"); !errors.Is(err, context.Canceled) {
		r.Errorf("Comment gave %v, want context.Canceled", err)
	}
}

// sideBySide ends one caller's context while others work: an adapter that keeps
// a call's context in what they share fails here.
func sideBySide(r run) {
	pr := r.create("shared")
	ended, cancel := context.WithCancel(r.Context())
	cancel()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if i%2 == 0 {
				if _, err := r.Forge.List(ended, forge.Filter{}); !errors.Is(err, context.Canceled) {
					r.Errorf("List with an ended context gave %v", err)
				}
				return
			}
			list, err := r.Forge.List(r.Context(), forge.Filter{Head: pr.Head})
			if err != nil || len(list) != 1 {
				r.Errorf("List beside it gave %d pull requests, error %v", len(list), err)
			}
		})
	}
	group.Wait()
}
