package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// webhooks hears of pull requests, as any receiver of GitHub's webhooks does.
type webhooks struct{ opened chan arrival }

type arrival struct {
	pr *github.PullRequest
	at time.Time
}

func newWebhooks() *webhooks { return &webhooks{opened: make(chan arrival, 16)} }

// ServeHTTP takes one delivery.
func (h *webhooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(io.LimitReader(r.Body, 5<<20))
	if err != nil {
		http.Error(w, "the body can't be read", http.StatusBadRequest)
		return
	}
	var e github.PullRequestEvent
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "the body isn't an event", http.StatusBadRequest)
		return
	}
	if e.GetAction() == "opened" {
		select {
		case h.opened <- arrival{pr: e.GetPullRequest(), at: at}:
		default: // the demo expects one
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// pull is what of a pull request the demo shows.
type pull struct {
	Number     int
	Title, URL string
}

// pullRequest waits until the forge tells that one was opened.
func (s *stage) pullRequest(ctx context.Context) (pull, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	select {
	case a := <-s.events.opened:
		return pull{Number: a.pr.GetNumber(), Title: a.pr.GetTitle(), URL: a.pr.GetHTMLURL()}, a.at, nil
	case <-s.bot.proc.Done():
		return pull{}, time.Time{}, fmt.Errorf("the bot has ended")
	case <-ctx.Done():
		return pull{}, time.Time{}, fmt.Errorf("waiting for the pull request: %w", ctx.Err())
	}
}

// person is the API as the person who merges uses it.
func (s *stage) person() (*github.Client, error) {
	return github.NewClient(nil).WithAuthToken(personToken).WithEnterpriseURLs(s.forgeURL+"/api/v3/", s.forgeURL+"/api/uploads/")
}

// diff shows the pull request's changes, file by file.
func (s *stage) diff(ctx context.Context, p pull) (string, error) {
	gh, err := s.person()
	if err != nil {
		return "", err
	}
	files, _, err := gh.PullRequests.ListFiles(ctx, repoOwner, repoName, p.Number, &github.ListOptions{PerPage: 100})
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s (+%d −%d)\n", f.GetFilename(), f.GetAdditions(), f.GetDeletions())
		for line := range strings.Lines(f.GetPatch()) {
			if strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-") {
				b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
			}
		}
	}
	return b.String(), nil
}

// merge merges as a person does and gives the commit on the base branch.
func (s *stage) merge(ctx context.Context, p pull) (string, error) {
	gh, err := s.person()
	if err != nil {
		return "", err
	}
	result, _, err := gh.PullRequests.Merge(ctx, repoOwner, repoName, p.Number, "", &github.PullRequestOptions{MergeMethod: "merge"})
	if err != nil {
		return "", err
	}
	return result.GetSHA(), nil
}

// commitStatus gives what the reconciler has reported on a commit. The report is the
// last step of a reconciliation, so it may come a moment after the Sync is healthy.
func (s *stage) commitStatus(ctx context.Context, sha string) (string, error) {
	gh, err := s.person()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for {
		combined, _, err := gh.Repositories.GetCombinedStatus(ctx, repoOwner, repoName, sha, nil)
		if err != nil {
			return "", err
		}
		for _, status := range combined.Statuses {
			if status.GetState() == "success" {
				return fmt.Sprintf("%s %s: %s", status.GetContext(), status.GetState(), status.GetDescription()), nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for a commit status: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
