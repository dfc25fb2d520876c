package forgetest

import (
	"net/http"
	"strconv"
)

func commentRoutes() []route {
	return []route{
		{"GET " + repoPath + "/issues/{number}/comments", PermissionNone, listComments},
		{"POST " + repoPath + "/issues/{number}/comments", PermissionRead, addComment},
		{"PATCH " + repoPath + "/issues/comments/{id}", PermissionWrite, editComment},
	}
}

// listComments lists from the oldest on; GitHub goes by when they were last changed.
func listComments(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	since, err := sinceOf(c)
	if err != nil {
		return answer{}, err
	}
	var out []*comment
	for _, m := range i.comments {
		if !second(m.updated).Before(since) {
			out = append(out, m)
		}
	}
	return listed(c, out, func(m *comment) object { return c.links().comment(c.repo, i, m) }), nil
}

// commentBody reads what is to be said.
func (c *call) commentBody() (string, error) {
	var in struct{ Body string }
	if err := c.read(&in); err != nil {
		return "", err
	}
	if in.Body == "" {
		return "", invalid(badField("IssueComment", "body", "missing_field"))
	}
	return in.Body, nil
}

func addComment(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	body, err := c.commentBody()
	if err != nil {
		return answer{}, err
	}
	m := c.repo.comment(i, body, c.user)
	return answer{status: http.StatusCreated, body: c.links().comment(c.repo, i, m)}, nil
}

func editComment(c *call) (answer, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return answer{}, notFound()
	}
	i, m, err := c.repo.findComment(id)
	if err != nil {
		return answer{}, notFound()
	}
	body, err := c.commentBody()
	if err != nil {
		return answer{}, err
	}
	c.repo.editComment(i, m, body, c.user)
	return answer{body: c.links().comment(c.repo, i, m)}, nil
}
