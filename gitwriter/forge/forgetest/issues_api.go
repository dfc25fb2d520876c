package forgetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// issueRoutes are those that GitHub has for issues and pull requests alike.
func issueRoutes() []route {
	return []route{
		{"GET " + repoPath + "/issues", PermissionNone, listIssues},
		{"POST " + repoPath + "/issues", PermissionRead, createIssue},
		{"GET " + repoPath + "/issues/{number}", PermissionNone, getIssue},
		{"PATCH " + repoPath + "/issues/{number}", PermissionWrite, editIssue},
		{"GET " + repoPath + "/milestones", PermissionNone, listMilestones},
	}
}

// listIssues lists pull requests too, as GitHub does.
func listIssues(c *call) (answer, error) {
	query := c.r.URL.Query()
	state := cmp.Or(query.Get("state"), stateOpen)
	since, err := sinceOf(c)
	if err != nil {
		return answer{}, err
	}
	var wanted []string
	if labels := query.Get("labels"); labels != "" {
		wanted = strings.Split(labels, ",")
	}
	var out []*issue
	for _, i := range c.repo.numbers {
		if (state == "all" || i.state == state) && i.hasAll(wanted) && !second(i.updated).Before(since) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b *issue) int {
		order := cmp.Compare(b.number, a.number)
		if query.Get("sort") == "updated" {
			order = cmp.Or(b.updated.Compare(a.updated), order)
		}
		if query.Get("direction") == "asc" {
			order = -order
		}
		return order
	})
	return listed(c, out, func(i *issue) object { return c.links().issue(c.repo, i) }), nil
}

// hasAll tells whether the issue has all of the labels.
func (i *issue) hasAll(names []string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(i.labels, func(b *label) bool { return strings.EqualFold(b.name, name) }) {
			return false
		}
	}
	return true
}

// labelNames gives the labels in bytewise order.
func (i *issue) labelNames() []string {
	var out []string
	for _, b := range i.labels {
		out = append(out, b.name)
	}
	slices.Sort(out)
	return out
}

// sinceOf reads the moment from which on things are listed; zero for none.
func sinceOf(c *call) (time.Time, error) {
	text := c.r.URL.Query().Get("since")
	if text == "" {
		return time.Time{}, nil
	}
	since, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalid(badField("Issue", "since", "invalid"))
	}
	return since, nil
}

// second cuts a moment to what the API shows of it.
func second(t time.Time) time.Time { return t.Truncate(time.Second) }

func createIssue(c *call) (answer, error) {
	var in struct {
		Title     string
		Body      *string
		Labels    []string
		Assignees []string
		Milestone *int
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Title == "" {
		return answer{}, invalid(badField("Issue", "title", "missing_field"))
	}
	chosen, err := c.milestone(in.Milestone)
	if err == nil {
		err = checkLabels(in.Labels)
	}
	if err != nil {
		return answer{}, err
	}
	i := c.repo.newIssue(in.Title, value(in.Body), c.user)
	if c.user.Permission < PermissionWrite { // the rest is dropped in silence
		in.Labels, in.Assignees, chosen = nil, nil, nil
	}
	i.milestone = chosen
	for _, name := range in.Labels {
		i.labels = add(i.labels, c.repo.label(name))
	}
	for _, login := range in.Assignees {
		if c.repo.s.known(login) {
			i.assignees = add(i.assignees, login)
		}
	}
	c.repo.told(i, "opened", c.user, nil)
	return answer{
		status: http.StatusCreated, body: c.links().issue(c.repo, i),
		header: http.Header{"Location": {c.links().api(c.repo, "/issues/", fmt.Sprint(i.number))}},
	}, nil
}

func getIssue(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.links().issue(c.repo, i)}, nil
}

func editIssue(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Title, Body, State *string
		Milestone          json.RawMessage // null takes it away
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	var number *int
	if in.Milestone != nil && json.Unmarshal(in.Milestone, &number) != nil {
		return answer{}, invalid(badField("Issue", "milestone", "invalid"))
	}
	chosen, err := c.milestone(number)
	if err == nil {
		err = c.checkIssueEdit(i, in.Title, in.State)
	}
	if err != nil {
		return answer{}, err
	}
	c.repo.edit(i, in.Title, in.Body, c.user, object{})
	if in.Milestone != nil {
		c.repo.setMilestone(i, chosen, c.user)
	}
	if in.State != nil {
		c.repo.setState(i, *in.State, c.user)
	}
	return answer{body: c.links().issue(c.repo, i)}, nil
}

func (c *call) checkIssueEdit(i *issue, title, state *string) error {
	switch {
	case i.pull != nil:
		return c.checkEdit(i.pull, title, state, nil)
	case title != nil && *title == "":
		return invalid(badField("Issue", "title", "missing_field"))
	case state != nil && *state != stateOpen && *state != stateClosed:
		return invalid(badField("Issue", "state", "invalid"))
	}
	return nil
}

// milestone finds the one of that number; nil for none.
func (c *call) milestone(number *int) (*milestone, error) {
	if number == nil {
		return nil, nil
	}
	if *number < 1 || *number > len(c.repo.milestones) {
		return nil, invalid(badField("Issue", "milestone", "invalid"))
	}
	return c.repo.milestones[*number-1], nil
}

// setMilestone puts the issue on a milestone, or, with nil, on none.
func (r *Repo) setMilestone(i *issue, m *milestone, by *User) {
	action := "milestoned"
	if m == nil {
		action = "demilestoned"
	}
	if i.milestone != m {
		i.milestone = m
		r.touched(i, action, by)
	}
}

func listMilestones(c *call) (answer, error) {
	state := cmp.Or(c.r.URL.Query().Get("state"), stateOpen)
	var out []*milestone
	for _, m := range c.repo.milestones {
		if state == "all" || m.state == state {
			out = append(out, m)
		}
	}
	return listed(c, out, func(m *milestone) object { return c.links().milestone(c.repo, m) }), nil
}
