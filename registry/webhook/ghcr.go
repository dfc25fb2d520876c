package webhook

import (
	"cmp"
	"strings"
)

// parseGHCR reads GitHub's webhook. Its kind stands in the header X-GitHub-Event:
// package where a repository or an organisation sends it, registry_package where an App
// does; both say the same:
//
//	{"action": "published", "package": {"package_type": "CONTAINER", "name", "owner": {"login"},
//	 "package_version": {"version": "sha256:…", "package_url": "ghcr.io/acme/web:1.2.0",
//	 "container_metadata": {"tag": {"name": "1.2.0", "digest"}}}}}
//
// The actions published and updated of container packages count. The rest, with the
// ping that GitHub sends when a webhook is made, is nothing of interest.
// https://docs.github.com/webhooks/webhook-events-and-payloads#package
func parseGHCR(m message) ([]image, error) {
	switch m.header.Get("X-GitHub-Event") {
	case "package", "registry_package":
	default:
		return nil, nil
	}
	var payload struct {
		Action          string         `json:"action"`
		Package         *githubPackage `json:"package"`
		RegistryPackage *githubPackage `json:"registry_package"`
	}
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	p := payload.Package
	if p == nil {
		p = payload.RegistryPackage
	}
	if p == nil {
		return nil, errShape
	}
	container := strings.EqualFold(p.Type, "container") || strings.EqualFold(p.Type, "docker")
	if !container || payload.Action != "published" && payload.Action != "updated" {
		return nil, nil
	}
	return []image{p.image()}, nil
}

type githubPackage struct {
	Name  string `json:"name"`
	Type  string `json:"package_type"`
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
	Version struct {
		Version    string `json:"version"`
		PackageURL string `json:"package_url"`
		Metadata   struct {
			Tag struct {
				Name   string `json:"name"`
				Digest string `json:"digest"`
			} `json:"tag"`
		} `json:"container_metadata"`
	} `json:"package_version"`
}

// image gives the image by its address, or where there is none by its owner and name.
// Accounts may be written with capitals, images never are.
func (p *githubPackage) image() image {
	tag := p.Version.Metadata.Tag
	i := reference(p.Version.PackageURL)
	if i.path == "" && p.Owner.Login != "" && p.Name != "" {
		i = image{host: "ghcr.io", path: p.Owner.Login + "/" + p.Name}
	}
	i.path = strings.ToLower(i.path)
	i.tag, i.digest = cmp.Or(tag.Name, i.tag), cmp.Or(tag.Digest, i.digest, p.Version.Version)
	return i
}
