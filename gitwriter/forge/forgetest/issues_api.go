package forgetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// issueRoutes are those that GitHub has for issues and pull requests alike.
func issueRoutes() []route {
	const one = repoPath + "/issues/{number}"
	return []route{
		{"GET " + one + "/labels", PermissionNone, listLabels},
		{"POST " + one + "/labels", PermissionWrite, addLabels},
		{"PUT " + one + "/labels", PermissionWrite, setLabels},
		{"DELETE " + one + "/labels/{name}", PermissionWrite, dropLabel},
		{"POST " + one + "/assignees", PermissionWrite, addAssignees},
		{"DELETE " + one + "/assignees", PermissionWrite, dropAssignees},
		{"GET " + one + "/comments", PermissionNone, listComments},
		{"POST " + one + "/comments", PermissionWrite, addComment},
	}
}

func listLabels(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return listed(c, p.labels, func(b *label) object { return c.links().label(c.repo, b) }), nil
}

// labelNames reads the two forms that GitHub documents, {"labels": [...]} and a
// bare list.
func (c *call) labelNames() ([]string, error) {
	var raw json.RawMessage
	if err := c.read(&raw); err != nil {
		return nil, err
	}
	var in struct{ Labels []string }
	if json.Unmarshal(raw, &in) != nil && json.Unmarshal(raw, &in.Labels) != nil {
		return nil, &apiError{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	for _, name := range in.Labels {
		if name == "" || len(name) > 50 {
			return nil, invalid(badField("Label", "name", "invalid"))
		}
	}
	return in.Labels, nil
}

func addLabels(c *call) (answer, error) { return changeLabels(c, false) }
func setLabels(c *call) (answer, error) { return changeLabels(c, true) }

func changeLabels(c *call, replace bool) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	names, err := c.labelNames()
	if err != nil {
		return answer{}, err
	}
	if replace {
		p.labels = nil
	}
	for _, name := range names {
		p.labels = add(p.labels, c.repo.label(name))
	}
	c.repo.touched(p, "labeled", c.user)
	return answer{body: c.links().labels(c.repo, p.labels)}, nil
}

func dropLabel(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	before := len(p.labels)
	p.labels = slices.DeleteFunc(p.labels, func(b *label) bool { return strings.EqualFold(b.name, c.r.PathValue("name")) })
	if len(p.labels) == before {
		return answer{}, &apiError{status: http.StatusNotFound, message: "Label does not exist"}
	}
	c.repo.touched(p, "unlabeled", c.user)
	return answer{body: c.links().labels(c.repo, p.labels)}, nil
}

// touched notes a change of the pull request and tells webhooks.
func (r *Repo) touched(p *pull, action string, by *User) {
	p.updated = r.s.now()
	r.s.hooks.send("pull_request", r.pullEvent(action, p, by, nil))
}

// known tells whether there is such a user, who then may be assigned or asked.
func (s *Server) known(login string) bool {
	for _, user := range s.tokens {
		if strings.EqualFold(user.Login, login) {
			return true
		}
	}
	return false
}

func addAssignees(c *call) (answer, error) {
	p, logins, err := c.assignees()
	if err != nil {
		return answer{}, err
	}
	for _, login := range logins {
		if c.repo.s.known(login) { // others are passed over in silence
			p.assignees = add(p.assignees, login)
		}
	}
	c.repo.touched(p, "assigned", c.user)
	return answer{status: http.StatusCreated, body: c.links().issue(c.repo, p)}, nil
}

func dropAssignees(c *call) (answer, error) {
	p, logins, err := c.assignees()
	if err != nil {
		return answer{}, err
	}
	p.assignees = slices.DeleteFunc(p.assignees, func(login string) bool { return slices.Contains(logins, login) })
	c.repo.touched(p, "unassigned", c.user)
	return answer{body: c.links().issue(c.repo, p)}, nil
}

func (c *call) assignees() (*pull, []string, error) {
	p, err := c.pull()
	if err != nil {
		return nil, nil, err
	}
	var in struct{ Assignees []string }
	if err := c.read(&in); err != nil {
		return nil, nil, err
	}
	return p, in.Assignees, nil
}

func listComments(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return listed(c, p.comments, func(m *comment) object { return c.links().comment(c.repo, p, m) }), nil
}

func addComment(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Body string }
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Body == "" {
		return answer{}, invalid(badField("IssueComment", "body", "missing_field"))
	}
	m := &comment{id: c.repo.s.id(), author: c.user, body: in.Body, created: c.repo.s.now()}
	p.comments = append(p.comments, m)
	p.updated = m.created
	return answer{status: http.StatusCreated, body: c.links().comment(c.repo, p, m)}, nil
}

// issue renders the pull request as the issue that it also is.
func (l links) issue(r *Repo, p *pull) object {
	number := fmt.Sprint(p.number)
	self, page := l.api(r, "/issues/", number), l.html(r, "/pull/", number)
	full := l.pull(r, p)
	out := object{
		"url": self, "repository_url": l.api(r), "labels_url": self + "/labels{/name}", "comments_url": self + "/comments",
		"events_url": self + "/events", "html_url": page, "comments": len(p.comments),
		"pull_request": object{
			"url": full["url"], "html_url": page, "diff_url": full["diff_url"], "patch_url": full["patch_url"], "merged_at": full["merged_at"],
		},
	}
	for _, key := range []string{
		"id", "node_id", "number", "title", "user", "labels", "state", "locked", "assignee", "assignees", "milestone",
		"created_at", "updated_at", "closed_at", "author_association", "body",
	} {
		out[key] = full[key]
	}
	return out
}
