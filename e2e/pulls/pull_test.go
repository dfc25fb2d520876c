package pulls_test

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pullRequest is what GitHub and Gitea both say of one.
type pullRequest struct {
	Number int    `json:"number"`
	State  string `json:"state"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	Draft  bool   `json:"draft"`
	Merged string `json:"merged_at"`
	Head   struct {
		Ref   string `json:"ref"`
		Label string `json:"label"`
		SHA   string `json:"sha"`
	} `json:"head"`
	Labels []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"labels"`
	Milestone *struct {
		Title string `json:"title"`
	} `json:"milestone"`
	Automerge *struct{} `json:"auto_merge"` // at GitHub alone
	Reviewers []login   `json:"requested_reviewers"`
	Assignees []login   `json:"assignees"`
}

type login struct {
	Login string `json:"login"`
}

// branch is the head's branch, also where Gitea has forgotten it since it was deleted.
func (p pullRequest) branch() string {
	if strings.HasPrefix(p.Head.Ref, "refs/") {
		return p.Head.Label
	}
	return p.Head.Ref
}

// pullsOf gives all pull requests, oldest first.
func pullsOf(t *testing.T, p place) []pullRequest {
	t.Helper()
	var all []pullRequest
	must(t, p, apiCall{method: http.MethodGet, path: "/pulls?state=all&per_page=100&limit=50", who: bob, out: &all})
	slices.SortFunc(all, func(a, b pullRequest) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

func pullOf(t *testing.T, p place, number int) pullRequest {
	t.Helper()
	var one pullRequest
	must(t, p, apiCall{method: http.MethodGet, path: pullPath(number), who: bob, out: &one})
	return one
}

// hiddenWords are what a body's comments say for a later round.
func hiddenWords(body string) string {
	words := ""
	if key := keyOf(body); key != "" {
		words = " key " + key
	}
	if m := regexp.MustCompile(`<!-- towline-closed: (\S+) -->`).FindStringSubmatch(body); m != nil {
		words += " closed for " + m[1]
	}
	if strings.Contains(body, "**Supersedes**") {
		words += " supersedes"
	}
	return words
}

// keyOf is a body's hidden key.
func keyOf(body string) string {
	m := regexp.MustCompile(`<!-- towline-key: ([0-9a-f]{64}) -->`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return m[1]
}

// stateBlock is the visible part of what a bot says at the top of a body.
func stateBlock(body string) (lines []string) {
	_, rest, _ := strings.Cut(body, "<!-- towline-state -->")
	block, _, _ := strings.Cut(rest, "<!-- /towline-state -->")
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); line != "" && line != ">" {
			lines = append(lines, line)
		}
	}
	return lines
}
