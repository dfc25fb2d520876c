package forgetest

import (
	"fmt"
	"maps"
	"strings"
)

// pushEvent renders what a webhook is told of a moved ref. GitHub lists up to
// 2048 commits; here it is 20, since no receiver of ours looks at more than head.
func (r *Repo) pushEvent(name, before, after string, by *User) object {
	l := links{r.s.address(nil)}
	login := "somebody"
	if by != nil {
		login = by.Login
	}
	commits := []object{}
	if after != "" {
		args := []string{"--reverse", "-n", "20", after}
		if before != "" {
			args = append(args, "^"+before)
		}
		for _, commit := range r.log(args...) {
			commits = append(commits, l.eventCommit(r, commit))
		}
	}
	var head any
	if len(commits) > 0 {
		head = commits[len(commits)-1]
	}
	return object{
		"ref": name, "before": orNone(before), "after": orNone(after), "base_ref": nil,
		"created": before == "", "deleted": after == "", "forced": before != "" && after != "" && !r.bare.Contains(after, before),
		"compare": l.html(r, "/compare/", orNone(before)[:12], "...", orNone(after)[:12]), "commits": commits, "head_commit": head,
		"repository": l.repo(r), "sender": l.user(login), "pusher": object{"name": login, "email": (&User{Login: login}).email()},
	}
}

func (l links) eventCommit(r *Repo, c commitInfo) object {
	out := object{
		"id": c.sha, "tree_id": c.tree, "distinct": true, "message": c.message, "timestamp": c.created, "url": l.html(r, "/commit/", c.sha),
		"author":    object{"name": c.authorName, "email": c.authorEmail},
		"committer": object{"name": c.committerName, "email": c.committerEmail},
		"added":     []string{}, "removed": []string{}, "modified": []string{},
	}
	from := emptyTree
	if len(c.parents) > 0 {
		from = c.parents[0]
	}
	names, err := r.s.git.Run(r.dir, nil, "diff", "--name-status", "-z", "--no-renames", from, c.sha)
	if err != nil {
		return out
	}
	fields := strings.Split(names, "\x00")
	for ; len(fields) >= 2; fields = fields[2:] {
		key := map[string]string{"A": "added", "D": "removed"}[fields[0]]
		if key == "" {
			key = "modified"
		}
		list, _ := out[key].([]string)
		out[key] = append(list, fields[1])
	}
	return out
}

// emptyTree is Git's name for a tree without entries.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// pullEvent renders what a webhook is told of a pull request.
func (r *Repo) pullEvent(action string, p *pull, by *User, more object) object {
	l := links{r.s.address(nil)}
	login := "somebody"
	if by != nil {
		login = by.Login
	}
	rendered := l.pull(r, p)
	rendered["merged"] = !p.merged.IsZero()
	rendered["merged_by"] = nil
	if p.mergedBy != nil {
		rendered["merged_by"] = l.user(p.mergedBy.Login)
	}
	out := object{
		"action": action, "number": p.number, "pull_request": rendered, "repository": l.repo(r), "sender": l.user(login),
	}
	maps.Copy(out, more)
	return out
}

// issueEvent renders what a webhook is told of an issue.
func (r *Repo) issueEvent(action string, i *issue, by *User, more object) object {
	l := links{r.s.address(nil)}
	out := object{"action": action, "issue": l.issue(r, i), "repository": l.repo(r), "sender": l.user(by.Login)}
	maps.Copy(out, more)
	return out
}

// commentEvent renders what a webhook is told of a comment, on a pull request too.
func (r *Repo) commentEvent(action string, i *issue, c *comment, by *User, more object) object {
	out := r.issueEvent(action, i, by, more)
	out["comment"] = links{r.s.address(nil)}.comment(r, i, c)
	return out
}

// describe names an event in a log line.
func describe(kind string, body object) string {
	if action, ok := body["action"]; ok {
		return fmt.Sprintf("%s %v", kind, action)
	}
	return kind
}
