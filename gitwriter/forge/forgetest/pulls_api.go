package forgetest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func pullRoutes() []route {
	const one = repoPath + "/pulls/{number}"
	return []route{
		{"GET " + repoPath + "/pulls", PermissionNone, listPulls},
		{"POST " + repoPath + "/pulls", PermissionWrite, createPull},
		{"GET " + one, PermissionNone, getPull},
		{"PATCH " + one, PermissionWrite, editPull},
		{"GET " + one + "/merge", PermissionNone, isMerged},
		{"PUT " + one + "/merge", PermissionWrite, mergePull},
		{"GET " + one + "/files", PermissionNone, pullFiles},
		{"GET " + one + "/commits", PermissionNone, pullCommits},
		{"GET " + one + "/requested_reviewers", PermissionNone, getReviewers},
		{"POST " + one + "/requested_reviewers", PermissionWrite, requestReviewers},
		{"DELETE " + one + "/requested_reviewers", PermissionWrite, dropReviewers},
	}
}

func getPull(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.links().fullPull(c.repo, p)}, nil
}

func listPulls(c *call) (answer, error) {
	query := c.r.URL.Query()
	state := cmp.Or(query.Get("state"), stateOpen)
	if state != stateOpen && state != stateClosed && state != "all" {
		return answer{}, invalid(badField("PullRequest", "state", "invalid"))
	}
	owner, head, qualified := strings.Cut(query.Get("head"), ":")
	var out []*pull
	for _, p := range c.repo.pulls {
		fits := (state == "all" || p.state == state) &&
			(query.Get("base") == "" || p.base == query.Get("base")) &&
			// A head without its owner is passed over, as on GitHub.
			(!qualified || p.head == head && strings.EqualFold(owner, c.repo.owner))
		if fits {
			out = append(out, p)
		}
	}
	sort := cmp.Or(query.Get("sort"), "created")
	direction := query.Get("direction")
	if direction == "" {
		// The default depends on the order asked for ("List pull requests").
		direction = map[bool]string{true: "desc", false: "asc"}[sort == "created"]
	}
	slices.SortStableFunc(out, func(a, b *pull) int {
		order := cmp.Compare(a.number, b.number)
		if sort == "updated" {
			order = cmp.Or(a.updated.Compare(b.updated), order)
		}
		if direction == "desc" {
			order = -order
		}
		return order
	})
	return listed(c, out, func(p *pull) object { return c.links().pull(c.repo, p) }), nil
}

func createPull(c *call) (answer, error) {
	var in struct {
		Title, Head, Base string
		Body              *string
		Draft             bool
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	const resource = "PullRequest"
	if in.Title == "" {
		return answer{}, invalid(badField(resource, "title", "missing_field"))
	}
	owner, head, qualified := strings.Cut(in.Head, ":")
	if !qualified {
		owner, head = c.repo.owner, in.Head
	}
	headSHA := c.repo.refs["refs/heads/"+head]
	baseSHA := c.repo.refs["refs/heads/"+in.Base]
	switch {
	case headSHA == "" || !strings.EqualFold(owner, c.repo.owner):
		return answer{}, invalid(badField(resource, "head", "invalid"))
	case baseSHA == "":
		return answer{}, invalid(badField(resource, "base", "invalid"))
	case c.repo.openPull(head, in.Base) != nil:
		return answer{}, invalid(inWords(resource, fmt.Sprintf("A pull request already exists for %s:%s.", c.repo.owner, head)))
	case c.repo.bare.Contains(baseSHA, headSHA):
		return answer{}, invalid(inWords(resource, fmt.Sprintf("No commits between %s and %s", in.Base, head)))
	}
	p := &pull{
		issue: c.repo.newIssue(in.Title, value(in.Body), c.user),
		head:  head, base: in.Base, headSHA: headSHA, baseSHA: baseSHA, draft: in.Draft,
	}
	p.pull = p
	c.repo.pulls = append(c.repo.pulls, p)
	c.repo.keepHead(p)
	c.repo.s.hooks.send("pull_request", func() object { return c.repo.pullEvent("opened", p, c.user, nil) })
	return answer{
		status: http.StatusCreated, body: c.links().fullPull(c.repo, p),
		header: http.Header{"Location": {c.links().api(c.repo, "/pulls/", fmt.Sprint(p.number))}},
	}, nil
}

// value gives what a pointer points to, or the zero value.
func value[T any](pointer *T) T {
	var zero T
	if pointer == nil {
		return zero
	}
	return *pointer
}

// openPull finds the open pull request between two branches.
func (r *Repo) openPull(head, base string) *pull {
	for _, p := range r.pulls {
		if p.state == stateOpen && p.head == head && p.base == base {
			return p
		}
	}
	return nil
}

func editPull(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Title, Body, State, Base *string }
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := c.checkEdit(p, in.Title, in.State, in.Base); err != nil {
		return answer{}, err
	}
	changes := object{}
	if in.Base != nil && *in.Base != p.base {
		changes["base"] = object{"ref": object{"from": p.base}, "sha": object{"from": p.baseSHA}}
		p.base, p.baseSHA = *in.Base, c.repo.refs["refs/heads/"+*in.Base]
	}
	c.repo.edit(p.issue, in.Title, in.Body, c.user, changes)
	if in.State != nil {
		c.repo.setState(p.issue, *in.State, c.user)
	}
	return answer{body: c.links().fullPull(c.repo, p)}, nil
}

// checkEdit refuses before anything is changed.
func (c *call) checkEdit(p *pull, title, state, base *string) error {
	const resource = "PullRequest"
	if title != nil && *title == "" {
		return invalid(badField(resource, "title", "missing_field"))
	}
	if base != nil && c.repo.refs["refs/heads/"+*base] == "" {
		return invalid(badField(resource, "base", "invalid"))
	}
	if state == nil || *state == p.state {
		return nil
	}
	switch {
	case *state != stateOpen && *state != stateClosed:
		return invalid(badField(resource, "state", "invalid"))
	case !p.merged.IsZero():
		return invalid(inWords(resource, "state cannot be changed. The pull request has been merged."))
	case *state == stateOpen && c.repo.refs["refs/heads/"+p.head] == "":
		return invalid(inWords(resource, fmt.Sprintf("state cannot be changed. The %s branch has been deleted.", p.head)))
	case *state == stateOpen && c.repo.openPull(p.head, p.base) != nil:
		return invalid(inWords(resource, fmt.Sprintf("state cannot be changed. There is already an open pull request from %s to %s.", p.head, p.base)))
	}
	return nil
}

func (r *Repo) reopen(p *pull, by *User) {
	p.state, p.closed, p.updated = stateOpen, p.merged, r.s.now()
	p.headSHA = r.refs["refs/heads/"+p.head]
	r.keepHead(p)
	r.s.hooks.send("pull_request", func() object { return r.pullEvent("reopened", p, by, nil) })
}
