package gitlabtest

import (
	"cmp"
	"fmt"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// number finds a merge request. The caller holds the lock.
func (p *Project) number(iid int) (*mergeRequest, error) {
	if iid < 1 || iid > len(p.merges) {
		return nil, fmt.Errorf("looking for merge request %d: there is none", iid)
	}
	return p.merges[iid-1], nil
}

// MergeRequests counts the merge requests, in whatever state.
func (p *Project) MergeRequests() int {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return len(p.merges)
}

// Description gives the description of a merge request as it is kept.
func (p *Project) Description(iid int) string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m, err := p.number(iid)
	if err != nil {
		return ""
	}
	return m.description
}

// Merge merges as a person does with the button, and gives the commit on the base.
func (p *Project) Merge(iid int) (sha string, err error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.refresh()
	m, err := p.number(iid)
	if err != nil {
		return "", err
	}
	if detail := p.detail(m); detail != "mergeable" {
		return "", fmt.Errorf("merging merge request %d: it is %s", iid, detail)
	}
	m.autoBy = p.s.users[0]
	if err := p.accept(m); err != nil {
		return "", fmt.Errorf("merging merge request %d: %w", iid, err)
	}
	return cmp.Or(m.mergeSHA, m.squashSHA, m.sha), nil
}

// Comments gives the bodies of a merge request's notes that people wrote, oldest first.
func (p *Project) Comments(iid int) []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m, err := p.number(iid)
	if err != nil {
		return nil
	}
	var out []string
	for _, n := range m.notes {
		if !n.system {
			out = append(out, n.body)
		}
	}
	return out
}

// EditComment changes a note.
func (p *Project) EditComment(iid int, id int64, body string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m, err := p.number(iid)
	if err != nil {
		return err
	}
	for _, n := range m.notes {
		if int64(n.id) == id {
			n.body, n.updated = body, p.s.clock()
			return nil
		}
	}
	return fmt.Errorf("changing note %d: there is none", id)
}

// People gives who was asked to review a merge request, and to whom it is assigned.
func (p *Project) People(iid int) (reviewers, assignees []string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m, err := p.number(iid)
	if err != nil {
		return nil, nil
	}
	for _, r := range m.reviewers {
		reviewers = append(reviewers, r.Username)
	}
	for _, u := range m.assignees {
		assignees = append(assignees, u.Username)
	}
	return reviewers, assignees
}

// Statuses gives the newest report of each name on a commit, in the words of GitHub.
func (p *Project) Statuses(sha string) map[string]forge.Status {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	states := map[string]forge.StatusState{"success": forge.StatusSuccess, "failed": forge.StatusFailure, "canceled": forge.StatusFailure}
	out := map[string]forge.Status{}
	for _, s := range p.latest(sha) {
		out[s.name] = forge.Status{Context: s.name, State: cmp.Or(states[s.state], forge.StatusPending), Description: s.description, URL: s.link}
	}
	return out
}

// Report puts a report on a commit, as a service does that tests commits; states are
// pending, running, success, failed and canceled.
func (p *Project) Report(sha, name, state string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.refresh()
	if _, err := p.report(sha, status{name: name, state: state}); err != nil {
		return fmt.Errorf("reporting %s on %s: %w", name, sha, err)
	}
	return nil
}

// Review says what somebody thinks of a merge request: they approve it, or ask for
// changes. Whoever reviews becomes a reviewer.
func (p *Project) Review(iid int, who string, approve bool) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m, err := p.number(iid)
	if err != nil {
		return err
	}
	for _, u := range p.s.users {
		if u.Username != who {
			continue
		}
		r := m.reviewer(u)
		if r == nil {
			r = &reviewer{user: u, since: p.s.clock()}
			m.reviewers = append(m.reviewers, r)
		}
		r.state = "requested_changes"
		if approve {
			r.state = "approved"
		}
		p.merge()
		return nil
	}
	return fmt.Errorf("reviewing as %q: there is nobody of that name", who)
}

// CreateMilestone makes a milestone.
func (p *Project) CreateMilestone(title string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.milestones = append(p.milestones, &milestone{id: p.s.id(), iid: len(p.milestones) + 1, title: title, created: p.s.clock()})
}
