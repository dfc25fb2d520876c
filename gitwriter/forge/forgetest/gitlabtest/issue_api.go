package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func issueRoutes() []route {
	return []route{
		{"GET " + projectRoute + "/issues", LevelNone, listIssues},
		{"POST " + projectRoute + "/issues", LevelReporter, createIssue},
		{"GET " + issueRoute, LevelNone, getIssue},
		{"PUT " + issueRoute, LevelReporter, updateIssue},
	}
}

func listIssues(c *call) (answer, error) {
	query := c.r.URL.Query()
	var out []*issue
	for _, i := range slices.Backward(c.p.issues) {
		fits := query.Get("state") == "" || query.Get("state") == i.state
		for _, label := range strings.Split(query.Get("labels"), ",") {
			fits = fits && (label == "" || slices.Contains(i.labels, label))
		}
		if fits {
			out = append(out, i)
		}
	}
	return listed(c, out, c.issue), nil
}

func (c *call) findIssue() (*issue, error) {
	iid, err := strconv.Atoi(c.r.PathValue("iid"))
	if err != nil || iid < 1 || iid > len(c.p.issues) {
		return nil, refusal(http.StatusNotFound, "404 Not found")
	}
	return c.p.issues[iid-1], nil
}

func getIssue(c *call) (answer, error) {
	i, err := c.findIssue()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.issue(i)}, nil
}

func createIssue(c *call) (answer, error) {
	var in change
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if deref(in.Title) == "" {
		return answer{}, &apiError{http.StatusBadRequest, object{"error": "title is missing"}}
	}
	now := c.clock()
	i := &issue{thread{id: c.id(), iid: len(c.p.issues) + 1, state: stateOpened, author: c.user, created: now}}
	i.change(in, c)
	c.p.issues = append(c.p.issues, i)
	return answer{status: http.StatusCreated, body: c.issue(i)}, nil
}

func updateIssue(c *call) (answer, error) {
	i, err := c.findIssue()
	if err != nil {
		return answer{}, err
	}
	var in change
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in == (change{}) {
		return answer{}, &apiError{http.StatusBadRequest, object{"error": "title, description, labels, state_event are missing, at least one parameter must be provided"}}
	}
	i.change(in, c)
	return answer{body: c.issue(i)}, nil
}

func (i *issue) change(in change, c *call) {
	now := c.clock()
	if in.Title != nil {
		i.title = *in.Title
	}
	if in.Description != nil {
		i.description = i.act(*in.Description, now)
	}
	if in.Labels != nil {
		i.labels = nil
		i.label(*in.Labels)
	}
	switch {
	case in.StateEvent == "close" && i.state == stateOpened:
		i.state, i.closed = stateClosed, now
	case in.StateEvent == "reopen":
		i.state = stateOpened
	}
	i.touch(now)
}

func listMergeNotes(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	query := c.r.URL.Query()
	notes := slices.Clone(m.notes)
	slices.SortStableFunc(notes, func(a, b *note) int {
		if query.Get("order_by") == "updated_at" {
			return a.updated.Compare(b.updated)
		}
		return a.created.Compare(b.created)
	})
	if query.Get("sort") != "asc" {
		slices.Reverse(notes)
	}
	return listed(c, notes, func(n *note) object { return c.note(n, "MergeRequest", &m.thread) }), nil
}

func createMergeNote(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Body == "" {
		return answer{}, &apiError{http.StatusBadRequest, object{"error": "body is missing"}}
	}
	now := c.clock()
	body := m.act(in.Body, now)
	m.touch(now)
	if body == "" { // all of it was to be carried out
		return answer{status: http.StatusAccepted, body: object{"commands_changes": object{}, "summary": []string{"Done."}}}, nil
	}
	n := &note{id: c.id(), author: c.user, body: body, created: now, updated: now}
	m.notes = append(m.notes, n)
	return answer{status: http.StatusCreated, body: c.note(n, "MergeRequest", &m.thread)}, nil
}
