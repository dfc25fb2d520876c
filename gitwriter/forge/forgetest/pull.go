package forgetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	stateOpen   = "open"
	stateClosed = "closed"
)

// pull is a pull request. Everything in it is guarded by the server's lock.
type pull struct {
	id                 int64
	number             int
	title, body        string
	head, base         string // branches
	headSHA, baseSHA   string // baseSHA: of the base when it was opened, moved or merged
	state              string
	draft              bool
	author             *User
	labels             []*label
	assignees          []string
	reviewers, teams   []string
	comments           []*comment
	created, updated   time.Time
	closed, merged     time.Time // zero if not
	mergedBy           *User
	mergeSHA           string
	mergeBaseAtMerging string // since afterwards the head itself is the merge base
}

type label struct {
	id                 int64
	name, color, about string
}

type comment struct {
	id      int64
	author  *User
	body    string
	created time.Time
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
	out, err := r.s.git.run(r.dir, nil, "merge-base", base, p.headSHA)
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
	p.state, p.closed, p.updated = stateClosed, r.s.now(), r.s.now()
	r.s.hooks.send("pull_request", r.pullEvent("closed", p, by, nil))
}

// setMerged closes with a merge; before is the base's commit from before it.
func (r *Repo) setMerged(p *pull, mergeSHA, before string, by *User) {
	if base, err := r.s.git.run(r.dir, nil, "merge-base", orNone(before), p.headSHA); err == nil {
		p.mergeBaseAtMerging = base
	}
	now := r.s.now()
	p.baseSHA = before
	p.state, p.closed, p.merged, p.updated = stateClosed, now, now, now
	p.mergedBy, p.mergeSHA = by, mergeSHA
	r.s.hooks.send("pull_request", r.pullEvent("closed", p, by, nil))
}

// label finds a label by name (GitHub's don't differ in case alone), or makes it.
func (r *Repo) label(name string) *label {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	l := &label{id: r.s.id(), name: name, color: "ededed"}
	r.labels = append(r.labels, l)
	return l
}

// add puts a value into a list unless it is there.
func add[T comparable](list []T, value T) []T {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}
