package forgetest

import "fmt"

// Protection is what a branch asks of a pull request before it is merged.
type Protection struct {
	Checks    []string // contexts of statuses, or names of check runs, that must succeed
	Approvals int      // by people who may write; a wish for changes stands against them
}

// Protect sets the rules of a branch, in place of what it had.
func (r *Repo) Protect(branch string, rules Protection) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.rules[branch] = rules
	r.mergeByItself()
}

// AllowAutomerge lets pull requests be set to merge by themselves, which the
// repository's settings don't at first.
func (r *Repo) AllowAutomerge(allow bool) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.automerge = allow
}

// How a pull request stands, in GitHub's words (MergeStateStatus in the GraphQL
// reference, mergeable_state in the REST API).
const (
	standsClean    = "clean"
	standsUnstable = "unstable" // may be merged, though not all checks are green
	standsBlocked  = "blocked"
	standsDirty    = "dirty" // in conflict
	standsDraft    = "draft"
	standsUnknown  = "unknown"
)

func (r *Repo) standing(p *pull) string {
	if p.state != stateOpen {
		return standsUnknown
	}
	_, err := r.mergeTree(p)
	switch {
	case err != nil:
		return standsDirty
	case p.draft:
		return standsDraft
	case r.unmet(p) != "":
		return standsBlocked
	case !r.green(p.headSHA):
		return standsUnstable
	default:
		return standsClean
	}
}

// unmet names the first of the base's rules that stands against a merge.
func (r *Repo) unmet(p *pull) string {
	rules := r.rules[p.base]
	approvals := 0
	for _, verdict := range p.verdicts() {
		switch verdict {
		case Approved:
			approvals++
		case ChangesRequested:
			if rules.Approvals > 0 {
				return "Changes have been requested."
			}
		}
	}
	if approvals < rules.Approvals {
		return fmt.Sprintf("At least %d approving review is required by reviewers with write access.", rules.Approvals)
	}
	outcomes := r.outcomes(p.headSHA)
	for _, name := range rules.Checks {
		switch outcomes[name] {
		case checkSuccess:
		case "":
			return fmt.Sprintf("Required status check %q is expected.", name)
		default:
			return fmt.Sprintf("Required status check %q is %s.", name, outcomes[name])
		}
	}
	return ""
}

// autoMerge is the wish to merge as soon as the rules allow.
type autoMerge struct {
	method, title, message string
	by                     *User
}

// login is who wishes it.
func (a *autoMerge) login() string {
	if a == nil {
		return ""
	}
	return a.by.Login
}

func (l links) autoMerge(a *autoMerge) any {
	if a == nil {
		return nil
	}
	return object{
		"enabled_by": l.user(a.by.Login), "merge_method": a.method, "commit_title": a.title, "commit_message": a.message,
	}
}

// mergeByItself merges what waits for nothing any more. The caller holds the lock.
func (r *Repo) mergeByItself() {
	for _, p := range r.pulls {
		if p.auto == nil || p.state != stateOpen {
			continue
		}
		if state := r.standing(p); state != standsClean && state != standsUnstable {
			continue
		}
		wish := p.auto
		err := r.merge(p, mergeRequest{Method: wish.method, Title: wish.title, Message: wish.message}, wish.by)
		if err != nil {
			r.s.log.Warn("merging by itself", "repository", r.FullName(), "number", p.number, "error", err)
		}
	}
}
