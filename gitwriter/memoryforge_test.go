package gitwriter_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// memoryForge keeps pull requests as a forge does: one open one for each head and
// base, heads looked up in Git, dates by the second, and no memory of who asks.
type memoryForge struct {
	git *gitrepotest.Server

	mu       sync.Mutex
	now      time.Time
	pulls    []forge.PullRequest
	comments map[int][]forge.Comment
	ready    map[int]forge.Readiness // by number; HeadSHA is looked up
	itself   bool                    // it merges by itself
	merged   []forge.MergeRequest
	issues   []forge.Issue
	calls    []string
}

// called notes a call, and lets a second pass.
func (f *memoryForge) called(name string) func() {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	f.now = f.now.Add(time.Second)
	for i := range f.pulls {
		pull := &f.pulls[i]
		if pull.State != forge.StateOpen {
			continue
		}
		if head := f.git.Head(repoName, pull.Head); head != pull.HeadSHA {
			pull.HeadSHA, pull.UpdatedAt = head, f.now
		}
	}
	return f.mu.Unlock
}

// touch dates a pull request.
func (f *memoryForge) touch(number int) {
	f.now = f.now.Add(time.Second)
	f.pulls[number-1].UpdatedAt = f.now
}

func (f *memoryForge) List(_ context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	defer f.called("list")()
	var found []forge.PullRequest
	for _, pull := range f.pulls {
		if filter.Matches(pull) {
			found = append(found, pull)
		}
	}
	slices.Reverse(found)
	return found, nil
}

func (f *memoryForge) Create(_ context.Context, n forge.NewPullRequest) (forge.PullRequest, error) {
	defer f.called("create")()
	head := f.git.Head(repoName, n.Head)
	if head == "" || head == f.git.Head(repoName, n.Base) {
		return forge.PullRequest{}, &forge.Error{Op: "creating", Err: forge.ErrInvalid}
	}
	for _, pull := range f.pulls {
		if pull.State == forge.StateOpen && pull.Head == n.Head && pull.Base == n.Base {
			return forge.PullRequest{}, &forge.Error{Op: "creating", Err: forge.ErrExists}
		}
	}
	pull := forge.PullRequest{
		Number: len(f.pulls) + 1, Title: n.Title, Body: n.Body, Head: n.Head, Base: n.Base, Draft: n.Draft,
		HeadSHA: head, State: forge.StateOpen, Author: "towline", Labels: n.Labels, Milestone: n.Milestone, CreatedAt: f.now, UpdatedAt: f.now,
	}
	f.pulls = append(f.pulls, pull)
	return pull, nil
}

// pull gives one to change, and dates it.
func (f *memoryForge) pull(op string, number int) (*forge.PullRequest, error) {
	if number < 1 || number > len(f.pulls) {
		return nil, &forge.Error{Op: op, Err: forge.ErrNotFound}
	}
	f.touch(number)
	return &f.pulls[number-1], nil
}

func (f *memoryForge) Update(_ context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	defer f.called("update")()
	pull, err := f.pull("updating", number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	if change.Title != nil {
		pull.Title = *change.Title
	}
	if change.Body != nil {
		pull.Body = *change.Body
	}
	if change.State != nil {
		pull.State, pull.ClosedAt = *change.State, f.now
	}
	return *pull, nil
}

func (f *memoryForge) Decorate(_ context.Context, number int, d forge.Decoration) (forge.PullRequest, error) {
	defer f.called("decorate")()
	pull, err := f.pull("decorating", number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	for _, label := range d.Labels {
		if !slices.Contains(pull.Labels, label) {
			pull.Labels = append(slices.Clone(pull.Labels), label)
		}
	}
	return *pull, nil
}

func (f *memoryForge) Comment(context.Context, int, string) error            { return nil }
func (f *memoryForge) SetStatus(context.Context, string, forge.Status) error { return nil }
func (f *memoryForge) Links() forge.Links {
	return forge.Links{Commit: func(sha string) string { return "https://git.example.com/commit/" + sha }}
}

func (f *memoryForge) Comments(_ context.Context, number int, _ time.Time) ([]forge.Comment, error) {
	defer f.called("comments")()
	return slices.Clone(f.comments[number]), nil
}

// Permission lets everybody write but those called "stranger".
func (f *memoryForge) Permission(_ context.Context, login string) (forge.Permission, error) {
	defer f.called("permission")()
	if login == "stranger" {
		return forge.PermissionRead, nil
	}
	return forge.PermissionWrite, nil
}

func (f *memoryForge) Readiness(_ context.Context, number int) (forge.Readiness, error) {
	defer f.called("readiness")()
	ready := f.ready[number]
	ready.HeadSHA = f.git.Head(repoName, f.pulls[number-1].Head)
	return ready, nil
}

func (f *memoryForge) Merge(_ context.Context, number int, m forge.MergeRequest) (forge.PullRequest, error) {
	defer f.called("merge")()
	pull, err := f.pull("merging", number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	if m.SHA != f.git.Head(repoName, pull.Head) {
		return forge.PullRequest{}, &forge.Error{Op: "merging", Err: forge.ErrNotReady}
	}
	f.merged = append(f.merged, m)
	pull.State, pull.ClosedAt, pull.HeadSHA = forge.StateMerged, f.now, m.SHA
	f.git.Git(repoName, "update-ref", "refs/heads/"+pull.Base, m.SHA)
	return *pull, nil
}

func (f *memoryForge) Automerge(_ context.Context, number int, _ forge.MergeRequest) error {
	defer f.called("automerge")()
	if !f.itself {
		return &forge.Error{Op: "asking for a merge", Err: forge.ErrUnsupported}
	}
	pull, err := f.pull("asking for a merge", number)
	if err == nil {
		pull.Automerge, pull.AutomergeBy = true, pull.Author
	}
	return err
}

func (f *memoryForge) CancelAutomerge(_ context.Context, number int) error {
	defer f.called("cancel")()
	pull, err := f.pull("taking back a merge", number)
	if err == nil {
		pull.Automerge, pull.AutomergeBy = false, ""
	}
	return err
}

func (f *memoryForge) ListIssues(_ context.Context, label string) (found []forge.Issue, _ error) {
	defer f.called("list issues")()
	for _, issue := range slices.Backward(f.issues) {
		if issue.State == forge.StateOpen && slices.Contains(issue.Labels, label) {
			found = append(found, issue)
		}
	}
	return found, nil
}

func (f *memoryForge) Issue(_ context.Context, number int) (forge.Issue, error) {
	defer f.called("issue")()
	return f.issues[number-1], nil
}

func (f *memoryForge) CreateIssue(_ context.Context, n forge.NewIssue) (forge.Issue, error) {
	defer f.called("create issue")()
	f.issues = append(f.issues, forge.Issue{Number: len(f.issues) + 1, Title: n.Title, Body: n.Body, Labels: n.Labels, State: forge.StateOpen, UpdatedAt: f.now})
	return f.issues[len(f.issues)-1], nil
}

func (f *memoryForge) UpdateIssue(_ context.Context, number int, change forge.Change) (forge.Issue, error) {
	defer f.called("update issue")()
	issue := &f.issues[number-1]
	if change.Title != nil {
		issue.Title = *change.Title
	}
	if change.Body != nil {
		issue.Body = *change.Body
	}
	if change.State != nil {
		issue.State = *change.State
	}
	issue.UpdatedAt = f.now
	return *issue, nil
}

// set does what a person does with the button below the conversation.
func (f *memoryForge) set(number int, state forge.State) {
	f.touch(number)
	f.pulls[number-1].State, f.pulls[number-1].ClosedAt = state, time.Time{}
	if state != forge.StateOpen {
		f.pulls[number-1].ClosedAt = f.now
	}
}

// say adds a comment.
func (f *memoryForge) say(number int, login, text string) {
	f.touch(number)
	if f.comments == nil {
		f.comments = map[int][]forge.Comment{}
	}
	f.comments[number] = append(f.comments[number], forge.Comment{
		ID: int64(len(f.comments[number]) + 1), Author: login, Body: text, CreatedAt: f.now, UpdatedAt: f.now,
	})
}

func (f *memoryForge) takeCalls() (calls []string) { calls, f.calls = f.calls, nil; return calls }

// open gives the numbers of the open pull requests.
func (f *memoryForge) open() (numbers []int) {
	for _, pull := range f.pulls {
		if pull.State == forge.StateOpen {
			numbers = append(numbers, pull.Number)
		}
	}
	return numbers
}

// titles gives the open pull requests' titles with their states.
func (f *memoryForge) titles() (all []string) {
	for _, pull := range f.pulls {
		all = append(all, fmt.Sprintf("#%d %s %s", pull.Number, pull.State, pull.Title))
	}
	return all
}
