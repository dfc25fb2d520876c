package forgetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// refresh takes in what became of the refs since it last looked, by whatever way
// (the API, a push over HTTP, a push straight into the directory): open pull
// requests follow their branches, and webhooks are told. The caller holds the
// server's lock.
func (r *Repo) refresh(by *User) {
	current, err := r.bare.Refs()
	if err != nil {
		r.s.log.Error("reading refs", "repository", r.FullName(), "error", err)
		return
	}
	before := r.refs
	r.refs = current
	names := maps.Clone(before)
	maps.Copy(names, current)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != current[name] {
			r.moved(name, before[name], current[name], by)
		}
	}
	r.mergeByItself()
}

// moved handles one ref that was made ("" before), moved, or deleted ("" after).
func (r *Repo) moved(name, before, after string, by *User) {
	r.pushed = r.s.now()
	r.s.hooks.send("push", func() object { return r.pushEvent(name, before, after, by) })
	branch, ok := strings.CutPrefix(name, "refs/heads/")
	if !ok {
		return
	}
	for _, p := range r.pulls {
		if p.state != stateOpen {
			continue
		}
		switch {
		case p.head == branch && after == "", p.base == branch && after == "":
			r.closePull(p, by) // as GitHub does when a branch goes
		case p.head == branch:
			p.headSHA = after
			r.keepHead(p)
			p.updated = r.s.now()
			r.s.hooks.send("pull_request", func() object {
				return r.pullEvent("synchronize", p, by, object{"before": orNone(before), "after": orNone(after)})
			})
		case p.base == branch && r.bare.Contains(after, p.headSHA):
			// The commits arrived on the base by another way, so it is merged.
			r.setMerged(p, after, before, by)
		}
	}
}

// keepHead keeps the pull request's commits reachable when its branch goes.
func (r *Repo) keepHead(p *pull) {
	if _, err := r.s.git.Run(r.dir, nil, "update-ref", p.headRef(), p.headSHA); err != nil {
		r.s.log.Error("keeping a pull request's head", "repository", r.FullName(), "number", p.number, "error", err)
	}
}

func orNone(sha string) string {
	if sha == "" {
		return bare.NoCommit
	}
	return sha
}
