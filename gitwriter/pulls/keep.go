package pulls

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// ours gives what is kept of a pull request, if it is one of ours.
func (b *Book) ours(pr forge.PullRequest) (forge.PullRequest, bool) {
	if pr.Number <= 0 || !strings.HasPrefix(pr.Head, b.cfg.Prefix) {
		return forge.PullRequest{}, false
	}
	pr = clone(pr)
	for _, t := range []*time.Time{&pr.CreatedAt, &pr.UpdatedAt, &pr.ClosedAt} {
		*t = t.UTC()
	}
	if pr.State != forge.StateOpen {
		pr.Body = hiddenLines(pr.Body)
	}
	return pr, true
}

// hiddenLines gives the lines of a body that hold a comment of ours: all that matters of
// a pull request that is closed.
func hiddenLines(body string) string {
	var b strings.Builder
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if (strings.HasPrefix(line, "<!-- towline-") || strings.HasPrefix(line, "<!-- /towline-")) && strings.HasSuffix(line, "-->") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// same tells whether two pull requests are alike in all that is kept.
func same(x, y forge.PullRequest) bool {
	if !x.CreatedAt.Equal(y.CreatedAt) || !x.UpdatedAt.Equal(y.UpdatedAt) || !x.ClosedAt.Equal(y.ClosedAt) || !slices.Equal(x.Labels, y.Labels) {
		return false
	}
	for _, pr := range []*forge.PullRequest{&x, &y} {
		pr.CreatedAt, pr.UpdatedAt, pr.ClosedAt, pr.Labels = time.Time{}, time.Time{}, time.Time{}, nil
	}
	return reflect.DeepEqual(x, y)
}

func clone(pr forge.PullRequest) forge.PullRequest {
	pr.Labels = slices.Clone(pr.Labels)
	return pr
}
