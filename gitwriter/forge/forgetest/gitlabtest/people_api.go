package gitlabtest

import "strings"

func getProject(c *call) (answer, error) {
	method := "merge"
	if c.p.settings.FastForward {
		method = "ff"
	}
	namespace, name := c.p.path[:strings.LastIndex(c.p.path, "/")], c.p.path[strings.LastIndex(c.p.path, "/")+1:]
	return answer{body: object{
		"id": c.p.id, "name": name, "path": name, "path_with_namespace": c.p.path, "default_branch": defaultBranch, "visibility": "public",
		"web_url": c.base + "/" + c.p.path, "http_url_to_repo": c.base + "/" + c.p.path + ".git", "description": nil, "archived": false,
		"merge_method": method, "squash_option": "default_off", "only_allow_merge_if_pipeline_succeeds": c.p.settings.PipelineMustSucceed,
		"namespace": object{"id": 1, "name": namespace, "path": namespace, "kind": "group", "full_path": namespace},
	}}, nil
}

func listUsers(c *call) (answer, error) {
	var out []*user
	for _, u := range c.users {
		if name := c.r.URL.Query().Get("username"); name == "" || strings.EqualFold(name, u.Username) {
			out = append(out, u)
		}
	}
	return listed(c, out, c.person), nil
}

// listMembers searches as GitLab does, for a part of the name.
func listMembers(c *call) (answer, error) {
	query := strings.ToLower(c.r.URL.Query().Get("query"))
	var out []*user
	for _, u := range c.users {
		if u.Level > LevelNone && strings.Contains(strings.ToLower(u.Username), query) {
			out = append(out, u)
		}
	}
	return listed(c, out, func(u *user) object {
		member := c.person(u)
		member["access_level"], member["expires_at"], member["created_at"] = int(u.Level), nil, moment(c.now())
		member["membership_state"] = "active"
		return member
	}), nil
}

func listMilestones(c *call) (answer, error) {
	var out []*milestone
	for _, m := range c.p.milestones {
		if title := c.r.URL.Query().Get("title"); title == "" || title == m.title {
			out = append(out, m)
		}
	}
	return listed(c, out, c.milestone), nil
}
