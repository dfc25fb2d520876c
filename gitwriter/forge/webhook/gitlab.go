package webhook

import (
	"cmp"
	"encoding/json"
	"slices"
)

// gitlabPayload is what GitLab's events say, as far as it matters here. They tell by
// object_kind what they are.
// https://docs.gitlab.com/user/project/integrations/webhook_events/
type gitlabPayload struct {
	ObjectKind string `json:"object_kind"`
	Ref        string `json:"ref"`           // of a push
	Username   string `json:"user_username"` // of a push
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	Project struct {
		GitHTTPURL string `json:"git_http_url"`
		HTTPURL    string `json:"http_url"`
		WebURL     string `json:"web_url"`
	} `json:"project"`
	Attributes struct {
		IID         int    `json:"iid"`
		Action      string `json:"action"`
		Description string `json:"description"`
		// Of a merge request.
		SourceBranch  string `json:"source_branch"`
		OldRev        string `json:"oldrev"` // set when commits were pushed
		SourceProject int    `json:"source_project_id"`
		TargetProject int    `json:"target_project_id"`
		// Of a note.
		Note   string `json:"note"`
		System bool   `json:"system"`
		// Of a pipeline.
		Ref    string `json:"ref"`
		Tag    bool   `json:"tag"`
		Status string `json:"status"`
	} `json:"object_attributes"`
	MergeRequest *struct {
		IID          int    `json:"iid"`
		SourceBranch string `json:"source_branch"`
	} `json:"merge_request"` // of a note or pipeline
	Issue struct {
		IID int `json:"iid"`
	} `json:"issue"` // of a note
	Changes map[string]json.RawMessage `json:"changes"`
}

func parseGitLab(body []byte) ([]Event, error) {
	var p gitlabPayload
	if err := decode(body, &p); err != nil {
		return nil, err
	}
	e, ok := p.event()
	if !ok {
		return nil, nil
	}
	e.Repository = place(p.Project.GitHTTPURL, p.Project.HTTPURL, p.Project.WebURL)
	if e.Repository == "" {
		return nil, errNoRepository
	}
	e.Sender = cmp.Or(p.User.Username, p.Username)
	return []Event{e}, nil
}

// event gives what there is of interest, but for the repository and the sender.
func (p *gitlabPayload) event() (Event, bool) {
	a := p.Attributes
	switch p.ObjectKind {
	case "push":
		branch, ok := branchOf(p.Ref)
		return Event{Kind: Pushed, Branch: branch}, ok
	case "merge_request":
		ours := a.SourceProject == a.TargetProject && !p.idle()
		return Event{Kind: PullRequest, Branch: a.SourceBranch, Number: a.IID}, ours
	case "note":
		e := Event{Kind: Comment, Number: p.Issue.IID}
		if p.MergeRequest != nil {
			e.Number, e.Branch = p.MergeRequest.IID, p.MergeRequest.SourceBranch
		}
		return e, !a.System && commands(a.Note)
	case "issue":
		return Event{Kind: Issue, Number: a.IID}, dashboard(a.Description, p.before("description")) && !p.idle()
	case "pipeline":
		e := Event{Kind: Checks, Branch: a.Ref}
		if p.MergeRequest != nil { // its ref isn't a branch then
			e.Branch, e.Number = p.MergeRequest.SourceBranch, p.MergeRequest.IID
		}
		return e, !a.Tag && slices.Contains([]string{"success", "failed", "canceled", "skipped"}, a.Status)
	}
	return Event{}, false
}

// idle tells whether an update changed nothing of interest. Other actions always do.
func (p *gitlabPayload) idle() bool {
	if p.Attributes.Action != "update" || p.Attributes.OldRev != "" || len(p.Changes) == 0 {
		return false
	}
	for what := range p.Changes {
		switch what {
		case "labels", "assignees", "reviewers", "milestone_id", "updated_at", "updated_by_id", "last_edited_at", "last_edited_by_id",
			"time_estimate", "total_time_spent", "time_change", "weight", "due_date", "discussion_locked":
		default:
			return false
		}
	}
	return true
}

// before gives what a field of text was before the change.
func (p *gitlabPayload) before(field string) string {
	var change struct {
		Previous string `json:"previous"`
	}
	if err := json.Unmarshal(p.Changes[field], &change); err != nil {
		return "" // it wasn't changed, or holds no text
	}
	return change.Previous
}
