package forgetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// labelRoutes are about labels and assignees, of issues and pull requests alike.
func labelRoutes() []route {
	const one = repoPath + "/issues/{number}"
	return []route{
		{"GET " + one + "/labels", PermissionNone, listLabels},
		{"POST " + one + "/labels", PermissionWrite, addLabels},
		{"PUT " + one + "/labels", PermissionWrite, setLabels},
		{"DELETE " + one + "/labels/{name}", PermissionWrite, dropLabel},
		{"POST " + one + "/assignees", PermissionWrite, addAssignees},
		{"DELETE " + one + "/assignees", PermissionWrite, dropAssignees},
	}
}

func listLabels(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	return listed(c, i.labels, func(b *label) object { return c.links().label(c.repo, b) }), nil
}

// labelNames reads the two forms that GitHub documents, {"labels": [...]} and a
// bare list.
func (c *call) labelNames() ([]string, error) {
	var raw json.RawMessage
	if err := c.read(&raw); err != nil {
		return nil, err
	}
	var in struct{ Labels []string }
	if json.Unmarshal(raw, &in) != nil && json.Unmarshal(raw, &in.Labels) != nil {
		return nil, &apiError{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	return in.Labels, checkLabels(in.Labels)
}

func checkLabels(names []string) error {
	for _, name := range names {
		if name == "" || len(name) > 50 {
			return invalid(badField("Label", "name", "invalid"))
		}
	}
	return nil
}

func addLabels(c *call) (answer, error) { return changeLabels(c, false) }
func setLabels(c *call) (answer, error) { return changeLabels(c, true) }

func changeLabels(c *call, replace bool) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	names, err := c.labelNames()
	if err != nil {
		return answer{}, err
	}
	if replace {
		i.labels = nil
	}
	for _, name := range names {
		i.labels = add(i.labels, c.repo.label(name))
	}
	c.repo.touched(i, "labeled", c.user)
	return answer{body: c.links().labels(c.repo, i.labels)}, nil
}

func dropLabel(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	before := len(i.labels)
	i.labels = slices.DeleteFunc(i.labels, func(b *label) bool { return strings.EqualFold(b.name, c.r.PathValue("name")) })
	if len(i.labels) == before {
		return answer{}, &apiError{status: http.StatusNotFound, message: "Label does not exist"}
	}
	c.repo.touched(i, "unlabeled", c.user)
	return answer{body: c.links().labels(c.repo, i.labels)}, nil
}

// known tells whether there is such a user, who then may be assigned or asked.
func (s *Server) known(login string) bool {
	return s.userNamed(login) != nil
}

func addAssignees(c *call) (answer, error) {
	i, logins, err := c.assignees()
	if err != nil {
		return answer{}, err
	}
	for _, login := range logins {
		if c.repo.s.known(login) { // others are passed over in silence
			i.assignees = add(i.assignees, login)
		}
	}
	c.repo.touched(i, "assigned", c.user)
	return answer{status: http.StatusCreated, body: c.links().issue(c.repo, i)}, nil
}

func dropAssignees(c *call) (answer, error) {
	i, logins, err := c.assignees()
	if err != nil {
		return answer{}, err
	}
	i.assignees = slices.DeleteFunc(i.assignees, func(login string) bool { return slices.Contains(logins, login) })
	c.repo.touched(i, "unassigned", c.user)
	return answer{body: c.links().issue(c.repo, i)}, nil
}

func (c *call) assignees() (*issue, []string, error) {
	i, err := c.issue()
	if err != nil {
		return nil, nil, err
	}
	var in struct{ Assignees []string }
	if err := c.read(&in); err != nil {
		return nil, nil, err
	}
	return i, in.Assignees, nil
}
