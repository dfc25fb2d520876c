package webhook

import (
	"cmp"
	"net/http"
)

// parseGitea reads an event of Gitea or Forgejo. The shapes are GitHub's, and the names
// but for reviews, of which each verdict has one.
// https://docs.gitea.com/usage/webhooks
// https://forgejo.org/docs/latest/user/webhooks/
func parseGitea(header http.Header, body []byte) ([]Event, error) {
	name := cmp.Or(header.Get("X-Gitea-Event"), header.Get("X-Forgejo-Event"))
	switch name {
	case "pull_request_approved", "pull_request_rejected":
		name = "pull_request_review"
	case "status", "check_suite", "pull_request_review":
		return nil, nil // status names no branch, the others aren't Gitea's
	}
	return parseGitHub(name, body)
}
