package reconciler

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

// Push is what a webhook says: a branch or a tag of a repository has moved, come or gone.
type Push struct {
	// URLs are the addresses that the forge knows the repository by.
	URLs []string
	// Branch is the branch's short name, "" for a tag.
	Branch string
	// Tag is the tag's short name, "" for a branch.
	Tag string
}

// Matches tells whether a source that stands at an address, and follows a Ref, may be
// concerned. The host is left out: inside a cluster a forge often goes by another name
// than it gives itself, and a source asked in vain costs one request.
func (p Push) Matches(address string, ref gitrepo.Ref) bool {
	switch ref.Kind {
	case gitrepo.KindBranch:
		if p.Branch != ref.Name {
			return false
		}
	case gitrepo.KindTag:
		if p.Tag != ref.Name {
			return false
		}
	case gitrepo.KindSemver:
		if p.Tag == "" {
			return false
		}
	case gitrepo.KindCommit: // any push may bring it
	}
	want := giturl.Tail(address)
	return slices.ContainsFunc(p.URLs, func(u string) bool {
		got := giturl.Tail(u)
		return got != "" && got == want
	})
}

// pushPayload is what the forges say of a push, as far as it matters here.
// https://docs.github.com/webhooks/webhook-events-and-payloads
// https://docs.gitlab.com/user/project/integrations/webhook_events/
type pushPayload struct {
	Kind       string `json:"object_kind"` // GitLab's
	Ref        string `json:"ref"`         // in full; of a creation or deletion the name alone
	RefType    string `json:"ref_type"`    // of a creation or deletion
	Repository struct {
		CloneURL string `json:"clone_url"`
		HTMLURL  string `json:"html_url"`
		URL      string `json:"url"`
	} `json:"repository"`
	Project struct {
		HTTPURL string `json:"git_http_url"`
		SSHURL  string `json:"git_ssh_url"`
		WebURL  string `json:"web_url"`
	} `json:"project"`
}

// parsePush reads a body, and tells whether it is of a kind that matters here. GitHub,
// Gitea and Forgejo tell by a header what it is, GitLab in the body.
func parsePush(h http.Header, body []byte) (push Push, known bool, err error) {
	kind := header(h, "X-GitHub-Event", "X-Gitea-Event", "X-Forgejo-Event")
	gitlab := kind == "" && h.Get("X-Gitlab-Event") != ""
	if !gitlab && kind != "push" && kind != "create" && kind != "delete" {
		return Push{}, false, nil
	}
	var payload pushPayload
	if err := json.Unmarshal(body, &payload); err != nil {
		return Push{}, false, errors.New("the body isn't the JSON of a push (hint: set the webhook's content type to application/json)")
	}
	if gitlab && payload.Kind != "push" && payload.Kind != "tag_push" {
		return Push{}, false, nil
	}
	return payload.push(), true, nil
}

func (p *pushPayload) push() Push {
	var push Push
	for _, u := range []string{
		p.Repository.CloneURL, p.Repository.HTMLURL, p.Repository.URL, p.Project.HTTPURL, p.Project.SSHURL, p.Project.WebURL,
	} {
		if u != "" && !slices.Contains(push.URLs, u) {
			push.URLs = append(push.URLs, u)
		}
	}
	branch, isBranch := strings.CutPrefix(p.Ref, "refs/heads/")
	tag, isTag := strings.CutPrefix(p.Ref, "refs/tags/")
	switch {
	case isBranch || p.RefType == "branch":
		push.Branch = branch
	case isTag || p.RefType == "tag":
		push.Tag = tag
	}
	return push
}
