package gitea

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Links gives pages of Gitea, which Forgejo has at the same places.
func (f *Forge) Links() forge.Links {
	repo := strings.TrimSuffix(f.url.String(), "/") + "/" + f.owner + "/" + f.repo
	return forge.Links{
		File: func(sha, path string, line int) string {
			address := repo + "/src/commit/" + url.PathEscape(sha) + "/" + escaped(path)
			if line > 0 {
				address += fmt.Sprintf("#L%d", line)
			}
			return address
		},
		Compare:     func(from, to string) string { return repo + "/compare/" + escaped(from) + "..." + escaped(to) },
		Commit:      func(sha string) string { return repo + "/commit/" + url.PathEscape(sha) },
		PullRequest: func(number int) string { return fmt.Sprintf("%s/pulls/%d", repo, number) },
	}
}

// escaped escapes all of a path but its slashes.
func escaped(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
