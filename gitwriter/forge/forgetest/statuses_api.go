package forgetest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func createStatus(c *call) (answer, error) {
	var in struct {
		State, Context, Description string
		TargetURL                   string `json:"target_url"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	sha := c.r.PathValue("sha")
	if !isHash(sha) || c.repo.resolve(sha) == "" {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + sha}
	}
	target, err := url.Parse(in.TargetURL)
	switch {
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, in.State):
		return answer{}, invalid(badField("Status", "state", "invalid"))
	case len([]rune(in.Description)) > 140:
		return answer{}, invalid(inWords("Status", "description is too long (maximum is 140 characters)"))
	case in.TargetURL != "" && (err != nil || target.Scheme != "http" && target.Scheme != "https"):
		return answer{}, invalid(inWords("Status", "target_url must use http(s) scheme"))
	}
	s := &status{
		id: c.repo.s.id(), context: cmp.Or(in.Context, "default"), state: in.State, description: in.Description,
		link: in.TargetURL, creator: c.user, created: c.repo.s.now(),
	}
	c.repo.statuses[sha] = append(c.repo.statuses[sha], s)
	c.repo.mergeByItself()
	return answer{status: http.StatusCreated, body: c.links().status(c.repo, sha, s)}, nil
}

func listStatuses(c *call) (answer, error) {
	sha := c.repo.commit(c.r.PathValue("ref"))
	all := slices.Clone(c.repo.statuses[sha])
	slices.Reverse(all)
	return listed(c, all, func(s *status) object { return c.links().status(c.repo, sha, s) }), nil
}

// latest gives the newest status of each context, in the contexts' order.
func (r *Repo) latest(sha string) []*status {
	byContext := map[string]*status{}
	for _, s := range r.statuses[sha] {
		byContext[s.context] = s
	}
	var out []*status
	for _, s := range byContext {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *status) int { return strings.Compare(a.context, b.context) })
	return out
}

// combined is failure where anything failed, success where all succeeded, and
// else pending, which is also what a commit without statuses has.
func combined(list []*status) string {
	out := "success"
	for _, s := range list {
		switch s.state {
		case "error", "failure":
			return "failure"
		case "pending":
			out = "pending"
		}
	}
	if len(list) == 0 {
		return "pending"
	}
	return out
}

func combinedStatus(c *call) (answer, error) {
	sha := c.repo.commit(c.r.PathValue("ref"))
	if sha == "" {
		return answer{}, notFound()
	}
	list := c.repo.latest(sha)
	rendered := []object{}
	for _, s := range list {
		rendered = append(rendered, c.links().status(c.repo, sha, s))
	}
	return answer{body: object{
		"state": combined(list), "sha": sha, "total_count": len(list), "statuses": rendered, "repository": c.links().repo(c.repo),
		"commit_url": c.links().api(c.repo, "/commits/", sha), "url": c.links().api(c.repo, "/commits/", sha, "/status"),
	}}, nil
}
