package github

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Links makes the addresses of pages.
func (f *Forge) Links() forge.Links {
	repo := pages(f.base) + "/" + f.owner + "/" + f.repo
	return forge.Links{
		File: func(sha, path string, line int) string {
			address := repo + "/blob/" + escape(sha) + "/" + escape(path)
			if line > 0 {
				address += "#L" + strconv.Itoa(line)
			}
			return address
		},
		Compare:     func(from, to string) string { return repo + "/compare/" + escape(from) + "..." + escape(to) },
		Commit:      func(sha string) string { return repo + "/commit/" + escape(sha) },
		PullRequest: func(number int) string { return repo + "/pull/" + strconv.Itoa(number) },
	}
}

// pages is where the pages stand to which an API belongs: https://github.com for
// api.github.com, https://TENANT.ghe.com for api.TENANT.ghe.com, and the same host
// for GitHub Enterprise Server.
func pages(rest *url.URL) string {
	host := rest.Host
	if !strings.HasSuffix(strings.TrimSuffix(rest.Path, "/"), "/api/v3") {
		host = strings.TrimPrefix(host, "api.")
	}
	return rest.Scheme + "://" + host
}

// escape keeps the slashes of a path or a branch.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
