package forgetest

import (
	"fmt"
	"maps"
)

// conversation renders what an issue and a pull request have in common.
func (l links) conversation(r *Repo, i *issue) object {
	var assignee, stone any
	if len(i.assignees) > 0 {
		assignee = l.user(i.assignees[0])
	}
	if i.milestone != nil {
		stone = l.milestone(r, i.milestone)
	}
	return object{
		"id": i.id, "number": i.number, "state": i.state, "locked": false, "title": i.title, "body": nullable(i.body),
		"user": l.user(i.author.Login), "author_association": association(i.author), "labels": l.labels(r, i.labels), "milestone": stone,
		"assignee": assignee, "assignees": l.users(i.assignees),
		"created_at": moment(i.created), "updated_at": moment(i.updated), "closed_at": moment(i.closed),
	}
}

// page is the address of the issue's page.
func (l links) page(r *Repo, i *issue) string {
	if i.pull != nil {
		return l.html(r, "/pull/", fmt.Sprint(i.number))
	}
	return l.html(r, "/issues/", fmt.Sprint(i.number))
}

// issue renders an issue, or a pull request as the issue that it also is.
func (l links) issue(r *Repo, i *issue) object {
	self := l.api(r, "/issues/", fmt.Sprint(i.number))
	out := l.conversation(r, i)
	maps.Copy(out, object{
		"node_id": nodeID("I", i.id), "url": self, "repository_url": l.api(r), "labels_url": self + "/labels{/name}", "comments_url": self + "/comments",
		"events_url": self + "/events", "html_url": l.page(r, i), "comments": len(i.comments),
	})
	if i.pull != nil {
		full := l.pull(r, i.pull)
		out["node_id"] = full["node_id"]
		out["pull_request"] = object{
			"url": full["url"], "html_url": full["html_url"], "diff_url": full["diff_url"], "patch_url": full["patch_url"], "merged_at": full["merged_at"],
		}
	}
	return out
}

func (l links) comment(r *Repo, i *issue, c *comment) object {
	id := fmt.Sprint(c.id)
	return object{
		"id": c.id, "node_id": nodeID("IC", c.id), "body": c.body, "user": l.user(c.author.Login), "author_association": association(c.author),
		"url": l.api(r, "/issues/comments/", id), "html_url": l.page(r, i) + "#issuecomment-" + id,
		"issue_url": l.api(r, "/issues/", fmt.Sprint(i.number)), "created_at": moment(c.created), "updated_at": moment(c.updated),
	}
}

func (l links) milestone(r *Repo, m *milestone) object {
	number := fmt.Sprint(m.number)
	open, closed := 0, 0
	for _, i := range r.numbers {
		switch {
		case i.milestone != m:
		case i.state == stateOpen:
			open++
		default:
			closed++
		}
	}
	self := l.api(r, "/milestones/", number)
	return object{
		"id": m.id, "node_id": nodeID("MI", m.id), "number": m.number, "title": m.title, "description": nil, "state": m.state,
		"creator": l.user(r.owner), "open_issues": open, "closed_issues": closed, "url": self, "html_url": l.html(r, "/milestone/", number),
		"labels_url": self + "/labels", "created_at": moment(m.created), "updated_at": moment(m.created), "closed_at": nil, "due_on": nil,
	}
}
