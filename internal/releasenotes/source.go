package releasenotes

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

const (
	maxLabel = 500 // bytes of an address in a label
	maxParts = 8   // of a project's path; GitLab nests groups
)

// project is one project of a known host.
type project struct {
	*site
	path string // OWNER/NAME, at GitLab with groups in groups; of plain parts
}

func (p project) key() string { return p.name + "/" + strings.ToLower(p.path) }

// names are what may stand before a version in a release's name.
func (p project) names(image string) []string {
	return []string{path.Base(image), path.Base(p.path), "release", "version"}
}

// project finds the project that an image's labels name: the source's, or where that is
// missing another label's at a host that is known.
func (f *Finder) project(i Image) (project, bool) {
	for _, label := range []string{LabelSource, LabelURL, LabelDocumentation} {
		host, parts, ok := splitAddress(i.Labels[label])
		if !ok {
			continue
		}
		if s := f.hosts[host]; s != nil {
			return project{site: s, path: s.projectPath(parts)}, true
		}
		if label == LabelSource {
			return project{}, false // it is known where the source is, and it isn't here
		}
	}
	return project{}, false
}

// splitAddress reads the address of a project as people write it: a page, a clone's
// address, or the host and the path alone.
func splitAddress(address string) (host string, parts []string, ok bool) {
	address = strings.TrimSpace(address)
	if address == "" || len(address) > maxLabel {
		return "", nil, false
	}
	if m := regexp.MustCompile(`^[\w.-]+@([\w.-]+):([^/].*)$`).FindStringSubmatch(address); m != nil { // as scp has it
		address = "ssh://" + m[1] + "/" + m[2]
	}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", nil, false
	}
	host = strings.ToLower(u.Host)
	if strings.Contains(u.Scheme, "ssh") || u.Scheme == "https" && u.Port() == "443" {
		host = strings.ToLower(u.Hostname()) // another port tells nothing of the pages'
	}
	parts = strings.Split(strings.Trim(u.Path, "/"), "/")
	plain := regexp.MustCompile(`^[A-Za-z0-9_][\w.-]*$`)
	for i, part := range parts {
		if part == "-" || i == maxParts { // GitLab's pages of a project begin there
			parts = parts[:i]
			break
		}
		parts[i] = strings.TrimSuffix(part, ".git")
		if !plain.MatchString(parts[i]) {
			parts = parts[:i]
			break
		}
	}
	return host, parts, len(parts) >= 2
}

// projectPath tells which parts of a page's path name the project.
func (s *site) projectPath(parts []string) string {
	if s.Kind != GitLab {
		return strings.Join(parts[:2], "/")
	}
	// Old pages lack the "-" between the project and what is shown of it.
	for i, part := range parts {
		if i >= 2 && (part == "tree" || part == "blob" || part == "commit") {
			parts = parts[:i]
			break
		}
	}
	return strings.Join(parts, "/")
}

// claimed is what an image names as its source, where that looks like an address.
func claimed(i Image) string {
	if _, _, ok := splitAddress(i.Labels[LabelSource]); ok {
		return strings.TrimSpace(i.Labels[LabelSource])
	}
	return ""
}

// revision is the commit that an image says it was built from.
func revision(i Image) string {
	if r := strings.ToLower(i.Labels[LabelRevision]); regexp.MustCompile(`^[0-9a-f]{7,64}$`).MatchString(r) {
		return r
	}
	return ""
}
