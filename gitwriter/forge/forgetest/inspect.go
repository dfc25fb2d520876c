package forgetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// PullRequests gives all pull requests as they stand, oldest first, without a
// request that a log or a limit would count.
func (r *Repo) PullRequests() []forge.PullRequest {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.refresh(nil)
	var out []forge.PullRequest
	for _, p := range r.pulls {
		out = append(out, r.snapshot(p))
	}
	return out
}

func (r *Repo) snapshot(p *pull) forge.PullRequest {
	out := forge.PullRequest{
		Number: p.number, URL: links{r.s.address(nil)}.html(r, "/pull/", fmt.Sprint(p.number)), Title: p.title, Body: p.body,
		Head: p.head, Base: p.base, HeadSHA: p.headSHA, MergeSHA: p.mergeSHA, State: forge.State(p.state), Draft: p.draft,
		Author: p.author.Login, Automerge: p.auto != nil, AutomergeBy: p.auto.login(), CreatedAt: p.created, UpdatedAt: p.updated, ClosedAt: p.closed,
	}
	if !p.merged.IsZero() {
		out.State = forge.StateMerged
	}
	if p.milestone != nil {
		out.Milestone = p.milestone.title
	}
	out.Labels = p.labelNames()
	return out
}

// Merge merges a pull request as a person does with the button, by MergeCommit,
// MergeSquash or MergeRebase, and gives the commit on the base.
func (r *Repo) Merge(number int, method string) (sha string, err error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.refresh(nil)
	p := r.pullAt(number)
	if p == nil {
		return "", fmt.Errorf("merging pull request %d: there is none", number)
	}
	by := r.s.pageUser()
	if by == nil {
		return "", errors.New("merging: no user has write permission")
	}
	if err := r.merge(p, mergeRequest{Method: method}, by); err != nil {
		return "", fmt.Errorf("merging pull request %d: %w", number, err)
	}
	return p.mergeSHA, nil
}

// Comments gives the bodies of the comments on a pull request or issue, oldest first.
func (r *Repo) Comments(number int) []string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var out []string
	if i := r.issueAt(number); i != nil {
		for _, c := range i.comments {
			out = append(out, c.body)
		}
	}
	return out
}

// People gives who was asked to review a pull request (teams as org/team), and to
// whom it is assigned.
func (r *Repo) People(number int) (reviewers, assignees []string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pullAt(number)
	if p == nil {
		return nil, nil
	}
	reviewers = slices.Clone(p.reviewers)
	for _, team := range p.teams {
		reviewers = append(reviewers, r.owner+"/"+team)
	}
	return reviewers, slices.Clone(p.assignees)
}

// Statuses gives the newest status of each context of a commit.
func (r *Repo) Statuses(sha string) map[string]forge.Status {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	out := map[string]forge.Status{}
	for _, s := range r.latest(sha) {
		out[s.context] = forge.Status{Context: s.context, State: forge.StatusState(s.state), Description: s.description, URL: s.link}
	}
	return out
}

// pageUser is who merges by the pages' button. The caller holds the lock.
func (s *Server) pageUser() *User {
	for i, user := range s.config.Users {
		if user.Permission >= PermissionWrite && (s.config.PageUser == "" || s.config.PageUser == user.Login) {
			return &s.config.Users[i]
		}
	}
	return nil
}
