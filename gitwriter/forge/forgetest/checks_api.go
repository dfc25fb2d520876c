package forgetest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// checkRun is what an App says of a commit, in GitHub's newer way. Only Apps may
// make them, so there is no route for it here; see Repo.CheckRun.
type checkRun struct {
	id                 int64
	name               string
	status, conclusion string // conclusion: "" until the status is completed
	started, completed time.Time
}

// The states of a single check, whether status or check run.
const (
	checkPending = "pending"
	checkSuccess = "success"
	checkFailure = "failure"
)

// CheckRun puts a check run on a commit, in place of the one of the same name.
func (r *Repo) CheckRun(sha, name string, state forge.Checks) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.resolve(sha) == "" {
		return fmt.Errorf("checking %q: there is no such commit", sha)
	}
	now := r.s.now()
	run := &checkRun{id: r.s.id(), name: name, status: "in_progress", started: now}
	switch state {
	case forge.ChecksPending:
	case forge.ChecksSuccess, forge.ChecksFailure:
		run.status, run.conclusion, run.completed = "completed", string(state), now
	default:
		return fmt.Errorf("checking %q: a check run can't be %q", sha, state)
	}
	list := slices.DeleteFunc(r.checkRuns[sha], func(old *checkRun) bool { return old.name == name })
	r.checkRuns[sha] = append(list, run)
	r.mergeByItself()
	return nil
}

// outcomes gives how each check of a commit stands: the newest status of each
// context, and each check run.
func (r *Repo) outcomes(sha string) map[string]string {
	out := map[string]string{}
	for _, s := range r.latest(sha) {
		out[s.context] = s.state
		if s.state == "error" {
			out[s.context] = checkFailure
		}
	}
	for _, run := range r.checkRuns[sha] {
		switch {
		case run.status != "completed":
			out[run.name] = checkPending
		case run.conclusion == checkSuccess:
			out[run.name] = checkSuccess
		default:
			out[run.name] = checkFailure
		}
	}
	return out
}

// green tells whether nothing failed and nothing is pending.
func (r *Repo) green(sha string) bool {
	for state := range maps.Values(r.outcomes(sha)) {
		if state != checkSuccess {
			return false
		}
	}
	return true
}

func listCheckRuns(c *call) (answer, error) {
	sha := c.repo.commit(c.r.PathValue("ref"))
	if sha == "" {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.r.PathValue("ref")}
	}
	all := c.repo.checkRuns[sha]
	part, header := page(c, all)
	runs := []object{}
	for _, run := range part {
		runs = append(runs, c.links().checkRun(c.repo, sha, run))
	}
	return answer{body: object{"total_count": len(all), "check_runs": runs}, header: header}, nil
}

func (l links) checkRun(r *Repo, sha string, run *checkRun) object {
	id := fmt.Sprint(run.id)
	self, page := l.api(r, "/check-runs/", id), l.html(r, "/runs/", id)
	return object{
		"id": run.id, "node_id": nodeID("CR", run.id), "name": run.name, "head_sha": sha, "external_id": "", "url": self, "html_url": page,
		"details_url": page, "status": run.status, "conclusion": nullable(run.conclusion),
		"started_at": moment(run.started), "completed_at": moment(run.completed), "check_suite": object{"id": run.id}, "app": nil, "pull_requests": []object{},
		"output": object{"title": nil, "summary": nil, "text": nil, "annotations_count": 0, "annotations_url": self + "/annotations"},
	}
}
