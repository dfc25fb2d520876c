package forgetest

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// pull renders a pull request as it stands in lists.
func (l links) pull(r *Repo, p *pull) object {
	number := fmt.Sprint(p.number)
	self, issue := l.api(r, "/pulls/", number), l.api(r, "/issues/", number)
	page := l.html(r, "/pull/", number)
	addresses := map[string]string{
		"self": self, "html": page, "issue": issue, "comments": issue + "/comments", "commits": self + "/commits",
		"review_comments": self + "/comments", "review_comment": l.api(r, "/pulls/comments{/number}"),
		"statuses": l.api(r, "/statuses/", p.headSHA),
	}
	around := object{}
	for key, address := range addresses {
		around[key] = object{"href": address}
	}
	side := func(branch, sha string) object {
		return object{"label": r.owner + ":" + branch, "ref": branch, "sha": sha, "user": l.user(r.owner), "repo": l.repo(r)}
	}
	var merge any
	if p.mergeSHA != "" {
		merge = p.mergeSHA
	}
	teams := []object{}
	for _, team := range p.teams {
		teams = append(teams, l.team(r, team))
	}
	out := l.conversation(r, p.issue)
	maps.Copy(out, object{
		"node_id": nodeID("PR", p.id), "draft": p.draft,
		"requested_reviewers": l.users(p.reviewers), "requested_teams": teams, "auto_merge": l.autoMerge(p.auto),
		"head": side(p.head, p.headSHA), "base": side(p.base, p.baseSHA), "merge_commit_sha": merge, "merged_at": moment(p.merged),
		"_links": around, "url": self, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "issue_url": issue,
		"comments_url": addresses["comments"], "commits_url": addresses["commits"], "statuses_url": addresses["statuses"],
		"review_comments_url": addresses["review_comments"], "review_comment_url": addresses["review_comment"],
	})
	return out
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (l links) team(r *Repo, slug string) object {
	id := userID(slug)
	self := l.base + "/api/v3/organizations/" + fmt.Sprint(userID(r.owner)) + "/team/" + fmt.Sprint(id)
	return object{
		"id": id, "node_id": nodeID("T", id), "name": slug, "slug": slug, "description": nil, "privacy": "closed", "permission": "pull",
		"notification_setting": "notifications_enabled", "type": "organization", "organization_id": userID(r.owner),
		"url": self, "html_url": l.base + "/orgs/" + r.owner + "/teams/" + slug,
		"members_url": self + "/members{/member}", "repositories_url": self + "/repos", "parent": nil,
	}
}

// fullPull adds what stands in a pull request's own answer only, and costs a look
// into the repository.
func (l links) fullPull(r *Repo, p *pull) object {
	out := l.pull(r, p)
	var mergedBy, mergeable any
	if p.mergedBy != nil {
		mergedBy = l.user(p.mergedBy.Login)
	}
	state := r.standing(p)
	if p.state == stateOpen {
		mergeable = state != standsDirty
	}
	additions, deletions, files := r.counts(p)
	maps.Copy(out, object{
		"merged": !p.merged.IsZero(), "merged_by": mergedBy, "mergeable": mergeable, "mergeable_state": state, "rebaseable": mergeable,
		"comments": len(p.comments), "review_comments": 0, "commits": len(r.commitsOf(p)), "maintainer_can_modify": false,
		"additions": additions, "deletions": deletions, "changed_files": files,
	})
	return out
}

// counts sums up the pull request's diff. Binary files count as files only.
func (r *Repo) counts(p *pull) (additions, deletions, files int) {
	out, err := r.s.git.RunFixed(r.dir, "diff", "--numstat", "-M", r.mergeBase(p), p.headSHA)
	if err != nil {
		return 0, 0, 0
	}
	for line := range strings.Lines(out) {
		columns := strings.SplitN(line, "\t", 3)
		if len(columns) < 3 {
			continue
		}
		files++
		plus, _ := strconv.Atoi(columns[0])
		minus, _ := strconv.Atoi(columns[1])
		additions, deletions = additions+plus, deletions+minus
	}
	return additions, deletions, files
}
