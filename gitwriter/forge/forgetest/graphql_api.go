package forgetest

import (
	"errors"
	"strings"
)

// graphql answers the few things for which GitHub has no REST: whether pull requests
// may be set to merge by themselves, setting one, and taking that back. Refusals have status 200.
func (s *Server) graphql(c *call) (answer, error) {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if c.user == nil {
		return answer{}, &apiError{status: 401, message: "This endpoint requires you to be authenticated."}
	}
	op, err := parseOperation(in.Query, in.Variables)
	roots := map[string]object{
		"query": {"repository": func(args map[string]any) (any, error) { return s.graphRepository(c, args) }},
		"mutation": {
			"enablePullRequestAutoMerge":  func(args map[string]any) (any, error) { return s.enableAutomerge(c, args) },
			"disablePullRequestAutoMerge": func(args map[string]any) (any, error) { return s.disableAutomerge(c, args) },
		},
	}
	var data any
	if err == nil {
		data, err = selected(roots[op.kind], op.fields, strings.ToUpper(op.kind[:1])+op.kind[1:])
	}
	if err == nil {
		return answer{body: object{"data": data}}, nil
	}
	var refused *graphError
	if !errors.As(err, &refused) {
		return answer{}, err
	}
	told := object{"message": refused.message, "locations": []object{{"line": 1, "column": 1}}}
	out := object{"errors": []object{told}}
	if refused.kind != "" {
		told["type"], told["path"] = refused.kind, []string{op.fields[0].name}
		out["data"] = object{op.fields[0].name: nil}
	}
	if refused.extensions != nil {
		told["extensions"] = refused.extensions
	}
	return answer{body: out}, nil
}

func (s *Server) graphRepository(c *call, args map[string]any) (any, error) {
	owner, _ := args["owner"].(string)
	name, _ := args["name"].(string)
	repo := s.find(owner, name)
	if repo == nil || repo.private && c.user.Permission < PermissionRead {
		return nil, &graphError{kind: "NOT_FOUND", message: "Could not resolve to a Repository with the name '" + owner + "/" + name + "'."}
	}
	repo.refresh(c.user)
	return object{
		"id": nodeID("R", repo.id), "nameWithOwner": repo.FullName(), "autoMergeAllowed": repo.automerge,
		"pullRequest": func(args map[string]any) (any, error) {
			number, _ := args["number"].(float64)
			p := repo.pullAt(int(number))
			if p == nil {
				return nil, &graphError{kind: "NOT_FOUND", message: "Could not resolve to a PullRequest with that number."}
			}
			return repo.graphPull(p), nil
		},
	}, nil
}

// graphPull gives a pull request as GraphQL has it.
func (r *Repo) graphPull(p *pull) object {
	state := strings.ToUpper(p.state)
	if !p.merged.IsZero() {
		state = "MERGED"
	}
	var wish any
	if p.auto != nil {
		wish = object{"mergeMethod": strings.ToUpper(p.auto.method), "commitHeadline": p.auto.title, "commitBody": p.auto.message}
	}
	return object{
		"id": nodeID("PR", p.id), "number": p.number, "state": state, "isDraft": p.draft, "headRefOid": p.headSHA,
		"mergeStateStatus": strings.ToUpper(r.standing(p)), "autoMergeRequest": wish,
	}
}

// enableAutomerge refuses in GitHub's words.
func (s *Server) enableAutomerge(c *call, args map[string]any) (any, error) {
	in, _ := args["input"].(map[string]any)
	text := func(key string) string {
		value, _ := in[key].(string)
		return value
	}
	repo, p := s.pullByID(text("pullRequestId"))
	if p == nil {
		return nil, &graphError{kind: "NOT_FOUND", message: "Could not resolve to a node with the global id of '" + text("pullRequestId") + "'"}
	}
	if c.user.Permission < PermissionWrite {
		return nil, &graphError{kind: "FORBIDDEN", message: c.user.Login + " does not have the correct permissions to execute `EnablePullRequestAutoMerge`"}
	}
	method := strings.ToLower(text("mergeMethod"))
	if method == "" {
		method = MergeCommit
	}
	cannot := func(why string) error { return &graphError{kind: "UNPROCESSABLE", message: "Pull request " + why} }
	state := repo.standing(p)
	switch {
	case !repo.automerge:
		return nil, cannot("Auto merge is not allowed for this repository")
	case text("expectedHeadOid") != "" && text("expectedHeadOid") != p.headSHA:
		return nil, cannot("Head sha is not the expected one")
	case p.state != stateOpen:
		return nil, cannot("is closed")
	case state == standsClean, state == standsUnstable, state == standsDirty:
		return nil, cannot("Pull request is in " + state + " status")
	}
	p.auto = &autoMerge{method: method, title: text("commitHeadline"), message: text("commitBody"), by: c.user}
	repo.touched(p.issue, "auto_merge_enabled", c.user)
	return object{"clientMutationId": nil, "pullRequest": repo.graphPull(p)}, nil
}

// disableAutomerge refuses as GitHub does, where there is nothing to disable, too.
func (s *Server) disableAutomerge(c *call, args map[string]any) (any, error) {
	in, _ := args["input"].(map[string]any)
	id, _ := in["pullRequestId"].(string)
	repo, p := s.pullByID(id)
	switch {
	case p == nil:
		return nil, &graphError{kind: "NOT_FOUND", message: "Could not resolve to a node with the global id of '" + id + "'"}
	case c.user.Permission < PermissionWrite && c.user != p.author:
		return nil, &graphError{kind: "FORBIDDEN", message: c.user.Login + " does not have the correct permissions to execute `DisablePullRequestAutoMerge`"}
	case p.auto == nil:
		return nil, &graphError{kind: "UNPROCESSABLE", message: "Can't disable auto-merge for this pull request"}
	}
	p.auto = nil
	repo.touched(p.issue, "auto_merge_disabled", c.user)
	return object{"clientMutationId": nil, "pullRequest": repo.graphPull(p)}, nil
}

// pullByID finds a pull request by GraphQL's name for it.
func (s *Server) pullByID(id string) (*Repo, *pull) {
	for _, repo := range s.repos {
		for _, p := range repo.pulls {
			if nodeID("PR", p.id) == id {
				return repo, p
			}
		}
	}
	return nil, nil
}
