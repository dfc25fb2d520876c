package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func commitRoutes() []route {
	return []route{
		{"GET " + projectRoute + "/repository/compare", LevelNone, compare},
		{"GET " + projectRoute + "/repository/commits/{sha}/statuses", LevelNone, listStatuses},
		{"POST " + projectRoute + "/statuses/{sha}", LevelDeveloper, setStatus},
	}
}

// status is a report on a commit.
type status struct {
	id                       int
	name, state, description string
	link, ref                string
	by                       *user
	created, finished        time.Time
}

func (s *status) over() bool { return s.state != "pending" && s.state != "running" }

// latest gives the newest report of each name on a commit.
func (p *Project) latest(sha string) []*status {
	var out []*status
	for _, s := range slices.Backward(p.statuses[sha]) {
		if !slices.ContainsFunc(out, func(o *status) bool { return o.name == s.name }) {
			out = append(out, s)
		}
	}
	return out
}

func listStatuses(c *call) (answer, error) {
	sha := c.r.PathValue("sha")
	if c.p.bare.Resolve(sha) == "" {
		return answer{}, refusal(http.StatusNotFound, "404 Commit Not Found")
	}
	var out []*status
	for _, s := range c.p.latest(sha) {
		if name := c.r.URL.Query().Get("name"); name == "" || name == s.name {
			out = append(out, s)
		}
	}
	return listed(c, out, func(s *status) object { return c.status(s, sha) }), nil
}

func (c *call) status(s *status, sha string) object {
	return object{
		"id": s.id, "sha": sha, "ref": s.ref, "status": s.state, "name": s.name, "target_url": text(s.link), "description": text(s.description),
		"created_at": moment(s.created), "started_at": nil, "finished_at": moment(s.finished), "allow_failure": false, "coverage": nil,
		"pipeline_id": 1, "author": orNull(s.by, c.person),
	}
}

func setStatus(c *call) (answer, error) {
	sha := c.r.PathValue("sha")
	var in struct {
		State       string `json:"state"`
		Name        string `json:"name"`
		Context     string `json:"context"`
		Description string `json:"description"`
		TargetURL   string `json:"target_url"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Name == "" {
		in.Name = in.Context
	}
	s, err := c.p.report(sha, status{name: in.Name, state: in.State, description: in.Description, link: in.TargetURL, by: c.user})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: c.status(s, sha)}, nil
}

// report takes a report. One that isn't over is changed by the same user's next of its
// name, where GitLab's state machine allows that; after one that is over there is a new one.
func (p *Project) report(sha string, in status) (*status, error) {
	if p.bare.Resolve(sha) == "" {
		return nil, refusal(http.StatusNotFound, "404 Commit Not Found")
	}
	if !slices.Contains([]string{"pending", "running", "success", "failed", "canceled", "skipped"}, in.state) {
		return nil, &apiError{http.StatusBadRequest, object{"error": "state does not have a valid value"}}
	}
	for name, ref := range p.refs {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok && in.ref == "" && p.bare.Contains(ref, sha) {
			in.ref = branch
		}
	}
	if in.ref == "" {
		return nil, refusal(http.StatusNotFound, "404 References for commit Not Found")
	}
	now := p.s.clock()
	var s *status
	for _, known := range p.latest(sha) {
		if known.name == in.name && known.by == in.by && !known.over() {
			s = known
		}
	}
	switch {
	case s == nil:
		in.id, in.created = p.s.id(), now
		s = &in
		p.statuses[sha] = append(p.statuses[sha], s)
	case in.state == s.state, in.state == "pending":
		return nil, refusal(http.StatusBadRequest, fmt.Sprintf("Cannot transition status via :enqueue from :%s (Reason(s): Status cannot transition via \"enqueue\")", s.state))
	default:
		s.state, s.description, s.link = in.state, in.description, in.link
	}
	if s.over() {
		s.finished = now
	}
	p.merge()
	return s, nil
}

// compare tells what one ref has that another lacks.
func compare(c *call) (answer, error) {
	query := c.r.URL.Query()
	from, to := c.p.ref(query.Get("from")), c.p.ref(query.Get("to"))
	if from == "" || to == "" {
		return answer{}, refusal(http.StatusNotFound, "404 Ref Not Found")
	}
	out, err := c.git.Run(c.p.bare.Dir, nil, "rev-list", "--reverse", "--max-count=1000", from+".."+to)
	if err != nil {
		return answer{}, err
	}
	commits := []object{}
	for _, sha := range strings.Fields(out) {
		title, err := c.git.Run(c.p.bare.Dir, nil, "log", "-1", "--format=%s", sha)
		if err != nil {
			return answer{}, err
		}
		commits = append(commits, object{"id": sha, "short_id": sha[:8], "title": title, "message": title, "web_url": c.base + "/" + c.p.path + "/-/commit/" + sha})
	}
	var last any
	if len(commits) > 0 {
		last = commits[len(commits)-1]
	}
	return answer{body: object{
		"commit": last, "commits": commits, "diffs": []object{}, "compare_timeout": false, "compare_same_ref": from == to,
		"web_url": c.base + "/" + c.p.path + "/-/compare/" + from + "..." + to,
	}}, nil
}

// ref finds a branch, or a commit by its hash.
func (p *Project) ref(name string) string {
	if sha := p.refs["refs/heads/"+name]; sha != "" {
		return sha
	}
	if len(name) == 40 {
		return p.bare.Resolve(name)
	}
	return ""
}
