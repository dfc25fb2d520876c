package forgetest

import (
	"fmt"
	"slices"
	"time"
)

const (
	stateOpen   = "open"
	stateClosed = "closed"
)

// pull is a pull request. Everything in it is guarded by the server's lock.
type pull struct {
	*issue
	head, base         string // branches
	headSHA, baseSHA   string // baseSHA: of the base when it was opened, moved or merged
	draft              bool
	reviewers, teams   []string
	reviews            []*review  // oldest first
	auto               *autoMerge // nil unless it is to merge by itself
	merged             time.Time  // zero if not
	mergedBy           *User
	mergeSHA           string
	mergeBaseAtMerging string // since afterwards the head itself is the merge base
}

type status struct {
	id                                int64
	context, state, description, link string
	creator                           *User
	created                           time.Time
}

func (p *pull) headRef() string { return fmt.Sprintf("refs/pull/%d/head", p.number) }

// mergeBase gives the commit from which the pull request's own commits start.
func (r *Repo) mergeBase(p *pull) string {
	if p.mergeBaseAtMerging != "" {
		return p.mergeBaseAtMerging
	}
	base := r.refs["refs/heads/"+p.base]
	if base == "" || p.state == stateClosed {
		base = p.baseSHA
	}
	out, err := r.s.git.RunFixed(r.dir, "merge-base", base, p.headSHA)
	if err != nil {
		return base // unrelated histories
	}
	return out
}

// closePull closes without a merge.
func (r *Repo) closePull(p *pull, by *User) {
	if tip := r.refs["refs/heads/"+p.base]; tip != "" {
		p.baseSHA = tip
	}
	p.state, p.closed, p.updated, p.auto = stateClosed, r.s.now(), r.s.now(), nil
	r.s.hooks.send("pull_request", func() object { return r.pullEvent("closed", p, by, nil) })
}

// setMerged closes with a merge; before is the base's commit from before it.
func (r *Repo) setMerged(p *pull, mergeSHA, before string, by *User) {
	if base, err := r.s.git.RunFixed(r.dir, "merge-base", orNone(before), p.headSHA); err == nil {
		p.mergeBaseAtMerging = base
	}
	now := r.s.now()
	p.baseSHA = before
	p.state, p.closed, p.merged, p.updated = stateClosed, now, now, now
	p.mergedBy, p.mergeSHA, p.auto = by, mergeSHA, nil
	r.s.hooks.send("pull_request", func() object { return r.pullEvent("closed", p, by, nil) })
}

// without gives a list less a value.
func without[T comparable](list []T, value T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(other T) bool { return other == value })
}

// add puts a value into a list unless it is there.
func add[T comparable](list []T, value T) []T {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}
