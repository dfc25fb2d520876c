package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func mergeRoutes() []route {
	return []route{
		{"GET " + projectRoute + "/merge_requests", LevelNone, listMergeRequests},
		{"POST " + projectRoute + "/merge_requests", LevelDeveloper, createMergeRequest},
		{"GET " + mergeRoute, LevelNone, getMergeRequest},
		{"PUT " + mergeRoute, LevelDeveloper, updateMergeRequest},
		{"PUT " + mergeRoute + "/merge", LevelNone, acceptMergeRequest},
		{"POST " + mergeRoute + "/cancel_merge_when_pipeline_succeeds", LevelNone, cancelAutoMerge},
		{"GET " + mergeRoute + "/reviewers", LevelNone, listReviewers},
		{"GET " + mergeRoute + "/notes", LevelNone, listMergeNotes},
		{"POST " + mergeRoute + "/notes", LevelReporter, createMergeNote},
	}
}

func listMergeRequests(c *call) (answer, error) {
	query := c.r.URL.Query()
	var since time.Time
	if after := query.Get("updated_after"); after != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, after); err != nil {
			return answer{}, &apiError{http.StatusBadRequest, object{"error": "updated_after is invalid"}}
		}
	}
	var out []*mergeRequest
	for _, m := range c.p.merges {
		state, source, target := cmp.Or(query.Get("state"), "all"), query.Get("source_branch"), query.Get("target_branch")
		if (state == "all" || state == m.state) && (source == "" || source == m.source) && (target == "" || target == m.target) && !m.updated.Before(since) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b *mergeRequest) int {
		if query.Get("order_by") == "updated_at" {
			if order := a.updated.Compare(b.updated); order != 0 {
				return order
			}
		}
		return cmp.Compare(a.iid, b.iid)
	})
	if query.Get("sort") != "asc" {
		slices.Reverse(out)
	}
	return listed(c, out, c.basic), nil
}

func getMergeRequest(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.full(m)}, nil
}

// change is what creating and updating take.
type change struct {
	Title        *string `json:"title"`
	Description  *string `json:"description"`
	SourceBranch string  `json:"source_branch"`
	TargetBranch string  `json:"target_branch"`
	Labels       *string `json:"labels"`
	AddLabels    *string `json:"add_labels"`
	AssigneeIDs  *[]int  `json:"assignee_ids"`
	ReviewerIDs  *[]int  `json:"reviewer_ids"`
	MilestoneID  *int    `json:"milestone_id"`
	StateEvent   string  `json:"state_event"`
}

func createMergeRequest(c *call) (answer, error) {
	var in change
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	for name, value := range map[string]string{"title": deref(in.Title), "source_branch": in.SourceBranch, "target_branch": in.TargetBranch} {
		if value == "" {
			return answer{}, &apiError{http.StatusBadRequest, object{"error": name + " is missing"}}
		}
	}
	if err := c.another(in.SourceBranch, in.TargetBranch, nil); err != nil {
		return answer{}, err
	}
	now := c.clock()
	m := &mergeRequest{
		thread: thread{id: c.id(), iid: len(c.p.merges) + 1, state: stateOpened, author: c.user, created: now},
		source: in.SourceBranch, target: in.TargetBranch, sha: c.p.refs["refs/heads/"+in.SourceBranch],
	}
	if err := c.apply(m, in, now); err != nil {
		return answer{}, err
	}
	c.p.merges = append(c.p.merges, m)
	if m.sha != "" {
		c.p.keep(m)
	}
	return answer{status: http.StatusCreated, body: c.full(m)}, nil
}

// another refuses a second open merge request between the same branches.
func (c *call) another(source, target string, but *mergeRequest) error {
	for _, m := range c.p.merges {
		if m != but && m.state == stateOpened && m.source == source && m.target == target {
			return refusal(http.StatusConflict, []string{fmt.Sprintf("Another open merge request already exists for this source branch: !%d", m.iid)})
		}
	}
	return nil
}

func updateMergeRequest(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	var in change
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in == (change{}) {
		return answer{}, &apiError{http.StatusBadRequest, object{"error": "assignee_id, description, labels, milestone_id, state_event, target_branch, title are missing, at least one parameter must be provided"}}
	}
	now := c.clock()
	if err := c.apply(m, in, now); err != nil {
		return answer{}, err
	}
	switch {
	case in.StateEvent == "close" && m.state == stateOpened:
		m.state, m.closed, m.auto = stateClosed, now, false
		c.say(&m.thread, c.user, "closed")
	case in.StateEvent == "reopen" && m.state == stateClosed:
		if err := c.another(m.source, m.target, m); err != nil {
			return answer{}, err
		}
		m.state = stateOpened
		c.say(&m.thread, c.user, "reopened")
	}
	return answer{body: c.full(m)}, nil
}

// apply changes what is asked for. People whom GitLab doesn't know, and milestones, it
// passes over without a word.
func (c *call) apply(m *mergeRequest, in change, now time.Time) error {
	if in.Title != nil {
		if n := len([]rune(*in.Title)); n == 0 || n > 255 {
			return refusal(http.StatusBadRequest, object{"title": []string{"is too long (maximum is 255 characters)"}})
		}
		m.title = *in.Title
	}
	if in.Description != nil {
		m.description = m.act(*in.Description, now)
		c.say(&m.thread, c.user, "changed the description")
	}
	if in.Labels != nil {
		m.labels = nil
		m.label(*in.Labels)
	}
	if in.AddLabels != nil {
		m.label(*in.AddLabels)
	}
	if in.AssigneeIDs != nil {
		m.assignees = c.found(*in.AssigneeIDs)
	}
	if in.ReviewerIDs != nil {
		old := m.reviewers
		m.reviewers = nil
		for _, u := range c.found(*in.ReviewerIDs) {
			r := &reviewer{user: u, state: "unreviewed", since: now}
			if i := slices.IndexFunc(old, func(o *reviewer) bool { return o.user == u }); i >= 0 {
				r = old[i]
			}
			m.reviewers = append(m.reviewers, r)
		}
	}
	for _, known := range c.p.milestones {
		if in.MilestoneID != nil && known.id == *in.MilestoneID {
			m.milestone = known
		}
	}
	m.touch(now)
	return nil
}

// found gives the users with those numbers, as many as the edition takes.
func (c *call) found(ids []int) []*user {
	var out []*user
	for _, id := range ids {
		for _, u := range c.users {
			if u.id == id && u.Level > LevelNone && (len(out) == 0 || !c.p.settings.OneReviewer) {
				out = append(out, u)
			}
		}
	}
	return out
}

func (t *thread) label(names string) {
	for _, name := range strings.Split(names, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(t.labels, name) {
			t.labels = append(t.labels, name)
		}
	}
}

func listReviewers(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	return listed(c, m.reviewers, func(r *reviewer) object {
		return object{"user": c.person(r.user), "state": r.state, "created_at": moment(r.since)}
	}), nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
