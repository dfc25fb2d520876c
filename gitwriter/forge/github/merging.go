package github

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Merge merges once and never again: after an answer that was cut off, a second try
// would be refused because of the first.
func (f *Forge) Merge(ctx context.Context, number int, m forge.MergeRequest) (forge.PullRequest, error) {
	const op = "merging a pull request"
	if m.SHA == "" {
		return forge.PullRequest{}, &forge.Error{Op: op, Message: "it isn't said which commit", Err: forge.ErrInvalid}
	}
	result, resp, err := f.sdk().PullRequests.Merge(ctx, f.owner, f.repo, number, m.Message, &github.PullRequestOptions{
		CommitTitle: m.Title, SHA: m.SHA, MergeMethod: string(m.Method),
	})
	if err == nil && !result.GetMerged() {
		err = errors.New("the answer doesn't say that it was merged")
	}
	if err != nil {
		return forge.PullRequest{}, notReady(f.classify(ctx, op, resp, err))
	}
	f.log.InfoContext(ctx, "merged a pull request", "owner", f.owner, "repo", f.repo, "number", number)
	raw, err := f.get(ctx, number, "reading a pull request after its merge")
	if err != nil {
		// The merge stands; what is known of it is what matters.
		f.log.WarnContext(ctx, "a merged pull request can't be read", "owner", f.owner, "repo", f.repo, "number", number, "error", err)
		return forge.PullRequest{Number: number, State: forge.StateMerged, HeadSHA: m.SHA, MergeSHA: result.GetSHA()}, nil
	}
	return convert(raw), nil
}

// notReady reads GitHub's refusals to merge: 405 for rules and conflicts, 409 for a
// head that has moved.
func notReady(err error) error {
	var refused *forge.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusMethodNotAllowed && refused.Status != http.StatusConflict {
		return err
	}
	known := *refused
	known.Err = forge.ErrNotReady
	return &known
}

// standingQuery asks for what decides whether a pull request can be set to merge by
// itself. The mutation's refusals differ in English alone, so that the question is
// put before.
const standingQuery = `query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    autoMergeAllowed
    pullRequest(number: $number) { id state headRefOid mergeStateStatus autoMergeRequest { mergeMethod } }
  }
}`

const enableMutation = `mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { clientMutationId }
}`

const disableMutation = `mutation($input: DisablePullRequestAutoMergeInput!) {
  disablePullRequestAutoMerge(input: $input) { clientMutationId }
}`

// automergeStanding is the answer to standingQuery.
type automergeStanding struct {
	Repository struct {
		AutoMergeAllowed bool
		PullRequest      struct {
			ID               string
			State            string
			HeadRefOid       string
			MergeStateStatus string
			AutoMergeRequest *struct{ MergeMethod string }
		}
	}
}

// Automerge asks by GraphQL, since the REST API can't.
func (f *Forge) Automerge(ctx context.Context, number int, m forge.MergeRequest) error {
	const op = "setting a pull request to merge by itself"
	standing, err := f.automergeStanding(ctx, op, number)
	if err != nil {
		return err
	}
	done, err := standing.refusal(op, m.SHA)
	if done || err != nil {
		return err
	}
	input := map[string]any{
		"pullRequestId": standing.Repository.PullRequest.ID, "mergeMethod": mergeMethod(m.Method), "expectedHeadOid": m.SHA,
	}
	if m.Title != "" {
		input["commitHeadline"] = m.Title
	}
	if m.Message != "" {
		input["commitBody"] = m.Message
	}
	if err := f.query(ctx, op, enableMutation, map[string]any{"input": input}, &struct{}{}); err != nil {
		return err
	}
	f.log.InfoContext(ctx, "set a pull request to merge by itself", "owner", f.owner, "repo", f.repo, "number", number)
	return nil
}

// CancelAutomerge looks first whether there is anything to end: the mutation's refusal
// of that differs from others in English alone.
func (f *Forge) CancelAutomerge(ctx context.Context, number int) error {
	const op = "ending a pull request's merge by itself"
	standing, err := f.automergeStanding(ctx, op, number)
	if err != nil || standing.Repository.PullRequest.AutoMergeRequest == nil {
		return err
	}
	input := map[string]any{"pullRequestId": standing.Repository.PullRequest.ID}
	if err := f.query(ctx, op, disableMutation, map[string]any{"input": input}, &struct{}{}); err != nil {
		return err
	}
	f.log.InfoContext(ctx, "set a pull request not to merge by itself", "owner", f.owner, "repo", f.repo, "number", number)
	return nil
}

func (f *Forge) automergeStanding(ctx context.Context, op string, number int) (standing automergeStanding, err error) {
	err = f.query(ctx, op, standingQuery, map[string]any{"owner": f.owner, "name": f.repo, "number": number}, &standing)
	return standing, err
}

// refusal tells what stands against the mutation, or that it was made before.
func (s automergeStanding) refusal(op, sha string) (done bool, err error) {
	refuse := func(cause error, message string) (bool, error) {
		return false, &forge.Error{Op: op, Message: message, Err: cause}
	}
	pr := s.Repository.PullRequest
	switch {
	case !s.Repository.AutoMergeAllowed:
		return refuse(forge.ErrUnsupported, "the repository's settings don't allow auto-merge")
	case pr.State != "OPEN":
		return refuse(forge.ErrNotReady, "it isn't open")
	case pr.HeadRefOid != sha:
		return refuse(forge.ErrNotReady, "its head has moved")
	case pr.AutoMergeRequest != nil:
		return true, nil
	}
	switch pr.MergeStateStatus {
	case "CLEAN", "HAS_HOOKS", "UNSTABLE":
		return refuse(forge.ErrNotReady, "it waits for nothing")
	case "DIRTY":
		return refuse(forge.ErrNotReady, "it conflicts with its base")
	}
	return false, nil
}

// mergeMethod gives GraphQL's name of a method.
func mergeMethod(m forge.MergeMethod) string {
	switch m {
	case forge.MergeSquash:
		return "SQUASH"
	case forge.MergeRebase:
		return "REBASE"
	default:
		return "MERGE"
	}
}
