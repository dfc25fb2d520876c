package gitlab

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Links gives pages of GitLab.
func (f *Forge) Links() forge.Links {
	pages := f.web + "/-"
	return forge.Links{
		File: func(sha, path string, line int) string {
			address := pages + "/blob/" + url.PathEscape(sha) + "/" + escaped(path)
			if line > 0 {
				address += fmt.Sprintf("#L%d", line)
			}
			return address
		},
		Compare:     func(from, to string) string { return pages + "/compare/" + escaped(from) + "..." + escaped(to) },
		Commit:      func(sha string) string { return pages + "/commit/" + url.PathEscape(sha) },
		PullRequest: func(number int) string { return fmt.Sprintf("%s/merge_requests/%d", pages, number) },
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
