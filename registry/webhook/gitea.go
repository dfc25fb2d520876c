package webhook

import "strings"

// parseGitea reads the webhook that Gitea and Forgejo send for packages, with the header
// X-Gitea-Event: package:
//
//	{"action": "created", "package": {"type": "container", "name": "web", "version": "1.2.0",
//	 "owner": {"login"}, "html_url": "https://git.example.com/acme/-/packages/container/web/1.2.0"}}
//
// The version is the tag, or the digest where the image has none. The registry is the
// forge itself.
func parseGitea(m message) ([]image, error) {
	if m.header.Get("X-Gitea-Event") != "package" {
		return nil, nil
	}
	var payload struct {
		Action  string `json:"action"`
		Package struct {
			Type    string `json:"type"`
			Name    string `json:"name"`
			Version string `json:"version"`
			HTMLURL string `json:"html_url"`
			Owner   struct {
				Login string `json:"login"`
			} `json:"owner"`
		} `json:"package"`
	}
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	p := payload.Package
	if payload.Action != "created" || p.Type != "container" {
		return nil, nil
	}
	if p.Owner.Login == "" || p.Name == "" {
		return nil, errNoRepository
	}
	i := image{host: hostOf(p.HTMLURL), path: strings.ToLower(p.Owner.Login + "/" + p.Name)}
	if strings.Contains(p.Version, ":") {
		i.digest = p.Version
	} else {
		i.tag = p.Version
	}
	return []image{i}, nil
}
