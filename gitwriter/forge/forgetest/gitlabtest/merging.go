package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// detail is detailed_merge_status: the first thing that a merge waits for.
func (p *Project) detail(m *mergeRequest) string {
	pipeline := p.pipeline(m.sha)
	switch {
	case m.state != stateOpened:
		return "not_open"
	case m.sha == "" || p.refs["refs/heads/"+m.source] == "" || p.refs["refs/heads/"+m.target] == "":
		return "commits_status"
	case m.draft():
		return "draft_status"
	case p.conflicts(m):
		return "conflict"
	case p.settings.FastForward && !p.bare.Contains(m.sha, p.refs["refs/heads/"+m.target]):
		return "need_rebase"
	case p.settings.PipelineMustSucceed && (pipeline == "pending" || pipeline == "running"):
		return "ci_still_running"
	case p.settings.PipelineMustSucceed && pipeline != "success":
		return "ci_must_pass"
	case m.count("approved") < p.settings.Approvals:
		return "not_approved"
	}
	return "mergeable"
}

func (m *mergeRequest) count(state string) int {
	n := 0
	for _, r := range m.reviewers {
		if r.state == state {
			n++
		}
	}
	return n
}

func (p *Project) conflicts(m *mergeRequest) bool {
	_, err := p.bare.MergeTrees(p.refs["refs/heads/"+m.target], m.sha)
	return err != nil
}

// pipeline is the state of the reports on a commit taken together, "" without any. As
// in GitLab it isn't over before each of them is.
func (p *Project) pipeline(sha string) string {
	var states []string
	for _, s := range p.latest(sha) {
		states = append(states, s.state)
	}
	for _, state := range []string{"running", "pending", "failed", "canceled", "success"} {
		if slices.Contains(states, state) {
			return state
		}
	}
	return ""
}

func acceptMergeRequest(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		SHA     string `json:"sha"`
		Squash  bool   `json:"squash"`
		Message string `json:"merge_commit_message"`
		Squashy string `json:"squash_commit_message"`
		Auto    bool   `json:"auto_merge"`
		OldAuto bool   `json:"merge_when_pipeline_succeeds"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if c.user.Level < LevelDeveloper {
		return answer{}, refusal(http.StatusUnauthorized, "401 Unauthorized")
	}
	auto, detail, pipeline := in.Auto || in.OldAuto, c.p.detail(m), c.p.pipeline(m.sha)
	now := detail == "mergeable" && (!auto || pipeline == "success")
	waits := slices.Contains([]string{"mergeable", "ci_still_running", "not_approved"}, detail)
	later := auto && waits && (pipeline == "pending" || pipeline == "running" || pipeline == "success" && detail == "not_approved")
	switch {
	case !now && !later:
		return answer{}, refusal(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	case in.SHA != "" && in.SHA != m.sha:
		return answer{}, refusal(http.StatusConflict, "SHA does not match HEAD of source branch: "+m.sha)
	}
	m.squash, m.autoBy = in.Squash, c.user
	m.autoMessage = in.Message
	if in.Squash {
		m.autoMessage = in.Squashy
	}
	if !now {
		m.auto = true
		m.touch(c.clock())
		return answer{body: c.full(m)}, nil
	}
	if err := c.p.accept(m); err != nil {
		return answer{}, refusal(http.StatusUnprocessableEntity, "Branch cannot be merged")
	}
	return answer{body: c.full(m)}, nil
}

// cancelAutoMerge answers with 201 also where there is nothing to cancel.
func cancelAutoMerge(c *call) (answer, error) {
	m, err := c.mergeRequest()
	if err != nil {
		return answer{}, err
	}
	if c.user.Level < LevelDeveloper && c.user != m.author {
		return answer{}, refusal(http.StatusUnauthorized, "401 Unauthorized")
	}
	if !m.auto {
		return answer{status: http.StatusCreated, body: object{
			"status": "error", "message": "Can't cancel the automatic merge", "http_status": http.StatusNotAcceptable,
		}}, nil
	}
	m.auto, m.autoBy = false, nil
	c.say(&m.thread, c.user, "canceled the automatic merge")
	m.touch(c.clock())
	return answer{status: http.StatusCreated, body: object{"status": "success"}}, nil
}

// merge merges what was set to merge by itself and can be now. The caller holds the lock.
func (p *Project) merge() {
	for _, m := range p.merges {
		if m.auto && p.pipeline(m.sha) == "success" && p.detail(m) == "mergeable" {
			if err := p.accept(m); err != nil {
				p.s.log.Error("merging", "project", p.path, "number", m.iid, "error", err)
				m.auto = false
			}
		}
	}
}

// accept makes the commits of a merge: none for a fast-forward, one that holds all for
// a squash, and one with two parents where the project isn't fast-forward.
func (p *Project) accept(m *mergeRequest) error {
	branch := "refs/heads/" + m.target
	base, tip := p.refs[branch], m.sha
	tree, err := p.bare.MergeTrees(base, m.sha)
	if err != nil {
		return err
	}
	by := bare.Person{Name: m.autoBy.Username, Email: m.autoBy.email()}
	if m.squash {
		tip, err = p.commitTree(tree, []string{base}, cmp.Or(m.autoMessage, m.title)+"\n", by)
		if err != nil {
			return err
		}
		m.squashSHA = tip
	}
	merge := ""
	if !p.settings.FastForward {
		message := fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d", m.source, m.target, m.title, p.path, m.iid)
		if !m.squash {
			message = cmp.Or(m.autoMessage, message)
		}
		tip, err = p.commitTree(tree, []string{base, tip}, strings.TrimSpace(message)+"\n", by)
		if err != nil {
			return err
		}
		merge = tip
	}
	if err := p.bare.UpdateRef(branch, tip, base); err != nil {
		return err
	}
	m.setMerged(p.s.clock(), merge, m.autoBy)
	p.refresh()
	return nil
}
