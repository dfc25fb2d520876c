package gitlabtest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// moment writes a time as GitLab does, and no time as null.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// text writes an empty text as null, where GitLab has nothing to say.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// orNull renders what there may not be.
func orNull[T any](value *T, render func(*T) object) any {
	if value == nil {
		return nil
	}
	return render(value)
}

func (c *call) person(u *user) object {
	return object{
		"id": u.id, "username": u.Username, "name": u.Username, "state": "active", "locked": false,
		"avatar_url": nil, "web_url": c.base + "/" + u.Username,
	}
}

func (c *call) people(users []*user) []any {
	out := []any{}
	for _, u := range users {
		out = append(out, c.person(u))
	}
	return out
}

func (c *call) page(kind string, iid int) string {
	return fmt.Sprintf("%s/%s/-/%s/%d", c.base, c.p.path, kind, iid)
}

// shared renders what merge requests and issues have in common.
func (c *call) shared(t *thread, sign, kind string) object {
	notes := 0
	for _, n := range t.notes {
		if !n.system {
			notes++
		}
	}
	labels := slices.Sorted(slices.Values(t.labels))
	if labels == nil {
		labels = []string{}
	}
	reference := fmt.Sprintf("%s%d", sign, t.iid)
	out := object{
		"id": t.id, "iid": t.iid, "project_id": c.p.id, "title": t.title, "description": t.description, "state": t.state,
		"created_at": moment(t.created), "updated_at": moment(t.updated), "closed_at": nil, "closed_by": nil,
		"author": c.person(t.author), "labels": labels, "user_notes_count": notes, "upvotes": 0, "downvotes": 0,
		"web_url": c.page(kind, t.iid), "discussion_locked": nil,
		"references":             object{"short": reference, "relative": reference, "full": c.p.path + reference},
		"time_stats":             object{"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil, "human_total_time_spent": nil},
		"task_completion_status": object{"count": 0, "completed_count": 0},
	}
	if !t.closed.IsZero() {
		out["closed_at"], out["closed_by"] = moment(t.closed), c.person(t.author)
	}
	return out
}

// basic renders a merge request as lists have it.
func (c *call) basic(m *mergeRequest) object {
	out := c.shared(&m.thread, "!", "merge_requests")
	reviewers := []any{}
	for _, r := range m.reviewers {
		reviewers = append(reviewers, c.person(r.user))
	}
	var assignee any
	if len(m.assignees) > 0 {
		assignee = c.person(m.assignees[0])
	}
	detail := c.p.detail(m)
	maps.Copy(out, object{
		"source_branch": m.source, "target_branch": m.target, "source_project_id": c.p.id, "target_project_id": c.p.id,
		"sha": text(m.sha), "draft": m.draft(), "work_in_progress": m.draft(), "assignee": assignee, "assignees": c.people(m.assignees),
		"reviewers": reviewers, "milestone": orNull(m.milestone, c.milestone), "merge_when_pipeline_succeeds": m.auto,
		"merge_status": mergeStatus(detail), "detailed_merge_status": detail, "has_conflicts": detail == "conflict",
		"blocking_discussions_resolved": true, "merged_at": moment(m.merged), "merged_by": orNull(m.mergedBy, c.person), "merge_user": orNull(m.mergeUser(), c.person),
		"merge_commit_sha": text(m.mergeSHA), "squash_commit_sha": text(m.squashSHA), "squash": m.squash, "squash_on_merge": m.squash,
		"should_remove_source_branch": nil, "force_remove_source_branch": false, "reference": fmt.Sprintf("!%d", m.iid),
		"imported": false, "imported_from": "none", "prepared_at": moment(m.created), "merge_after": nil,
	})
	return out
}

func mergeStatus(detail string) string {
	if detail == "conflict" {
		return "cannot_be_merged"
	}
	return "can_be_merged"
}

// full renders a merge request as its own page has it.
func (c *call) full(m *mergeRequest) object {
	out := c.basic(m)
	base := c.p.refs["refs/heads/"+m.target]
	maps.Copy(out, object{
		"subscribed": false, "changes_count": nil, "merge_error": nil, "first_contribution": false, "rebase_in_progress": false,
		"latest_build_started_at": nil, "latest_build_finished_at": nil, "first_deployed_to_production_at": nil,
		"user":      object{"can_merge": c.user != nil && c.user.Level >= LevelDeveloper},
		"diff_refs": object{"base_sha": text(base), "head_sha": text(m.sha), "start_sha": text(base)},
		"pipeline":  nil, "head_pipeline": nil,
	})
	if pipeline := c.p.pipeline(m.sha); pipeline != "" {
		out["head_pipeline"] = object{
			"id": 1, "iid": 1, "project_id": c.p.id, "sha": m.sha, "ref": m.source, "status": pipeline, "source": "external",
			"created_at": moment(m.created), "updated_at": moment(m.updated), "tag": false, "web_url": c.base + "/" + c.p.path + "/-/pipelines/1",
		}
	}
	return out
}

func (c *call) milestone(m *milestone) object {
	return object{
		"id": m.id, "iid": m.iid, "project_id": c.p.id, "title": m.title, "description": "", "state": "active", "expired": false,
		"created_at": moment(m.created), "updated_at": moment(m.created), "due_date": nil, "start_date": nil, "web_url": c.page("milestones", m.iid),
	}
}

func (c *call) issue(i *issue) object {
	out := c.shared(&i.thread, "#", "issues")
	maps.Copy(out, object{
		"type": "ISSUE", "issue_type": "issue", "confidential": false, "assignee": nil, "assignees": []any{}, "milestone": nil,
		"due_date": nil, "has_tasks": false, "merge_requests_count": 0, "severity": "UNKNOWN", "moved_to_id": nil, "imported": false, "imported_from": "none",
	})
	return out
}

func (c *call) note(n *note, kind string, t *thread) object {
	return object{
		"id": n.id, "type": nil, "body": n.body, "attachment": nil, "author": c.person(n.author), "system": n.system,
		"created_at": moment(n.created), "updated_at": moment(n.updated), "noteable_id": t.id, "noteable_type": kind, "noteable_iid": t.iid, //nolint:misspell // GitLab's word
		"project_id": c.p.id, "resolvable": false, "confidential": false, "internal": false, "imported": false, "imported_from": "none",
		"commands_changes": object{},
	}
}
