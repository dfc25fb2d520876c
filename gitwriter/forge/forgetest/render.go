package forgetest

import (
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"time"
)

// links makes addresses; it is what renderings need to know of the server.
type links struct{ base string }

func (c *call) links() links { return links{c.base} }

// apiBase is the address that stands in answers. GitHub names one API address,
// whichever way it was called; here it is the one of GitHub Enterprise Server.
func (c *call) apiBase() string {
	if strings.HasPrefix(c.r.RequestURI, "/api/v3/") {
		return c.base + "/api/v3"
	}
	return c.base
}

func (l links) html(r *Repo, parts ...string) string {
	return l.base + "/" + r.FullName() + strings.Join(parts, "")
}

func (l links) api(r *Repo, parts ...string) string {
	return l.base + "/api/v3/repos/" + r.FullName() + strings.Join(parts, "")
}

// nodeID stands for GraphQL's opaque names.
func nodeID(kind string, id int64) string { return fmt.Sprintf("%s_%d", kind, id) }

// userID gives logins, which have no other identity here, a stable number.
func userID(login string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(login)))
	return int64(h.Sum32())
}

// moment renders a time as GitHub does; null for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// utc turns a commit's time, which is in its author's zone, into GitHub's form.
func utc(text string) any {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return moment(t)
}

func (l links) user(login string) object {
	self := l.base + "/api/v3/users/" + url.PathEscape(login)
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	id := userID(login)
	return object{
		"login": login, "id": id, "node_id": nodeID("U", id), "gravatar_id": "", "type": kind, "site_admin": false,
		"avatar_url": l.base + "/avatars/" + url.PathEscape(login), "url": self, "html_url": l.base + "/" + url.PathEscape(login),
		"followers_url": self + "/followers", "following_url": self + "/following{/other_user}", "gists_url": self + "/gists{/gist_id}",
		"starred_url": self + "/starred{/owner}{/repo}", "subscriptions_url": self + "/subscriptions", "organizations_url": self + "/orgs",
		"repos_url": self + "/repos", "events_url": self + "/events{/privacy}", "received_events_url": self + "/received_events",
	}
}

func (c *call) fullUser(u *User) object {
	out := c.links().user(u.Login)
	for key, value := range (object{
		"user_view_type": "public", "name": u.Login, "company": nil, "blog": "", "location": nil, "email": u.email(), "hireable": nil, "bio": nil,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
	}) {
		out[key] = value
	}
	return out
}

// suffixes are the addresses that follow from a repository's own.
func suffixes() map[string]string {
	return map[string]string{
		"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
		"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}",
		"commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}",
		"contributors_url": "/contributors", "deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events",
		"forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
		"hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
		"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages",
		"merges_url": "/merges", "milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
		"pulls_url": "/pulls{/number}", "releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
		"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
	}
}

func (l links) repo(r *Repo) object {
	open := 0
	for _, p := range r.pulls {
		if p.state == stateOpen {
			open++
		}
	}
	out := object{
		"id": r.id, "node_id": nodeID("R", r.id), "name": r.name, "full_name": r.FullName(), "owner": l.user(r.owner),
		"private": r.private, "fork": false, "archived": false, "disabled": false, "description": nil, "homepage": nil, "language": nil,
		"license": nil, "mirror_url": nil, "visibility": map[bool]string{true: "private", false: "public"}[r.private],
		"url": l.api(r), "html_url": l.html(r), "clone_url": l.html(r, ".git"), "svn_url": l.html(r),
		"git_url": strings.Replace(l.html(r, ".git"), "http", "git", 1), "ssh_url": "git@localhost:" + r.FullName() + ".git",
		"default_branch": defaultBranch, "size": 0, "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
		"open_issues": open, "open_issues_count": open, "network_count": 0, "subscribers_count": 0,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false, "has_discussions": false,
		"allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true, "allow_auto_merge": r.automerge, "delete_branch_on_merge": false,
		"topics": []string{}, "created_at": moment(r.created), "updated_at": moment(r.pushed), "pushed_at": moment(r.pushed),
	}
	for key, suffix := range suffixes() {
		out[key] = l.api(r, suffix)
	}
	return out
}

func (l links) label(r *Repo, b *label) object {
	return object{
		"id": b.id, "node_id": nodeID("LA", b.id), "name": b.name, "color": b.color, "description": b.about, "default": false,
		"url": l.api(r, "/labels/", url.PathEscape(b.name)),
	}
}

func (l links) labels(r *Repo, list []*label) []object {
	out := []object{}
	for _, b := range list {
		out = append(out, l.label(r, b))
	}
	return out
}

func (l links) users(logins []string) []object {
	out := []object{}
	for _, login := range logins {
		out = append(out, l.user(login))
	}
	return out
}

func (l links) status(r *Repo, sha string, s *status) object {
	var target any
	if s.link != "" {
		target = s.link
	}
	return object{
		"id": s.id, "node_id": nodeID("SC", s.id), "state": s.state, "context": s.context, "description": s.description, "target_url": target,
		"url": l.api(r, "/statuses/", sha), "avatar_url": l.base + "/avatars/" + url.PathEscape(s.creator.Login),
		"creator": l.user(s.creator.Login), "created_at": moment(s.created), "updated_at": moment(s.created),
	}
}
