package forgetest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func repoRoutes() []route {
	return []route{
		{"GET " + repoPath, PermissionNone, getRepo},
		{"GET " + repoPath + "/branches", PermissionNone, listBranches},
		{"GET " + repoPath + "/branches/{branch...}", PermissionNone, getBranch},
		{"GET " + repoPath + "/commits", PermissionNone, listCommits},
		{"GET " + repoPath + "/commits/{ref}", PermissionNone, getCommit},
		{"GET " + repoPath + "/commits/{ref}/status", PermissionNone, combinedStatus},
		{"GET " + repoPath + "/commits/{ref}/check-runs", PermissionNone, listCheckRuns},
		{"GET " + repoPath + "/collaborators/{login}/permission", PermissionWrite, getPermission},
		{"GET " + repoPath + "/commits/{ref}/statuses", PermissionNone, listStatuses},
		{"POST " + repoPath + "/statuses/{sha}", PermissionWrite, createStatus},
		{"GET " + repoPath + "/git/ref/{ref...}", PermissionNone, getRef},
		{"POST " + repoPath + "/git/refs", PermissionWrite, createRef},
		{"PATCH " + repoPath + "/git/refs/{ref...}", PermissionWrite, updateRef},
		{"DELETE " + repoPath + "/git/refs/{ref...}", PermissionWrite, deleteRef},
	}
}

func getRepo(c *call) (answer, error) {
	out := c.links().repo(c.repo)
	write := c.user != nil && c.user.Permission >= PermissionWrite
	admin := c.user != nil && c.user.Permission >= PermissionAdmin
	out["permissions"] = object{"admin": admin, "maintain": admin, "push": write, "triage": write, "pull": true}
	return answer{body: out}, nil
}

// getPermission tells what a user may do. Whoever has an account may read what is
// public, and GitHub says so.
func getPermission(c *call) (answer, error) {
	user := c.repo.s.userNamed(c.r.PathValue("login"))
	if user == nil {
		return answer{}, &apiError{status: http.StatusNotFound, message: c.r.PathValue("login") + " is not a user"}
	}
	permission := user.Permission
	if !c.repo.private {
		permission = max(permission, PermissionRead)
	}
	name := map[Permission]string{PermissionNone: "none", PermissionRead: "read", PermissionWrite: "write", PermissionAdmin: "admin"}[permission]
	who := c.links().user(user.Login)
	who["role_name"] = name
	who["permissions"] = object{
		"pull": permission >= PermissionRead, "triage": permission >= PermissionWrite, "push": permission >= PermissionWrite,
		"maintain": permission >= PermissionAdmin, "admin": permission >= PermissionAdmin,
	}
	return answer{body: object{"permission": name, "role_name": name, "user": who}}, nil
}

func listBranches(c *call) (answer, error) {
	var names []string
	for _, ref := range slices.Sorted(maps.Keys(c.repo.refs)) {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			names = append(names, name)
		}
	}
	return listed(c, names, func(name string) object {
		sha := c.repo.refs["refs/heads/"+name]
		return object{"name": name, "protected": false, "commit": object{"sha": sha, "url": c.links().api(c.repo, "/commits/", sha)}}
	}), nil
}

func getBranch(c *call) (answer, error) {
	name := c.r.PathValue("branch")
	sha := c.repo.refs["refs/heads/"+name]
	if sha == "" {
		return answer{}, &apiError{status: http.StatusNotFound, message: "Branch not found"}
	}
	commits := c.repo.log("-1", sha)
	if len(commits) == 0 {
		return answer{}, notFound()
	}
	self := c.links().api(c.repo, "/branches/", name)
	return answer{body: object{
		"name": name, "commit": c.links().commit(c.repo, commits[0]), "protected": false, "protection_url": self + "/protection",
		"protection": object{"enabled": false, "required_status_checks": object{"enforcement_level": "off", "contexts": []string{}, "checks": []object{}}},
		"_links":     object{"self": self, "html": c.links().html(c.repo, "/tree/", name)},
	}}, nil
}

// maxLog bounds what a listing of commits looks through.
const maxLog = "1000"

func listCommits(c *call) (answer, error) {
	start := c.r.URL.Query().Get("sha")
	if start == "" {
		start = defaultBranch
	}
	sha := c.repo.commit(start)
	if sha == "" {
		if len(c.repo.refs) == 0 {
			return answer{}, &apiError{status: http.StatusConflict, message: "Git Repository is empty."}
		}
		return answer{}, notFound()
	}
	return listed(c, c.repo.log("-n", maxLog, sha), func(commit commitInfo) object { return c.links().commit(c.repo, commit) }), nil
}

func getCommit(c *call) (answer, error) {
	sha := c.repo.commit(c.r.PathValue("ref"))
	if sha == "" {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.r.PathValue("ref")}
	}
	return answer{body: c.links().commit(c.repo, c.repo.log("-1", sha)[0])}, nil
}

// commit resolves what GitHub calls a ref: a branch, a tag, or a hash.
func (r *Repo) commit(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/"} {
		if sha := r.refs[prefix+ref]; sha != "" {
			return r.resolve(sha)
		}
	}
	if isHash(ref) {
		return r.resolve(ref)
	}
	return ""
}

func isHash(text string) bool {
	return len(text) == 40 && strings.Trim(text, "0123456789abcdef") == ""
}
