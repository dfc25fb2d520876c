package releasenotes

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is how a host is asked.
type Kind string

// The kinds. Forgejo is Gitea here.
const (
	GitHub Kind = "github"
	GitLab Kind = "gitlab"
	Gitea  Kind = "gitea"
)

const (
	maxTag  = 250
	perPage = 30 // releases of one request; Gitea gives 50 at most
	perTags = 50
)

// site is a host that may be asked.
type site struct {
	Host
	name string // in lower case
	api  *url.URL
	web  string // scheme and host of its pages

	mu   sync.Mutex
	shut time.Time // nothing is asked before: a limit is spent
}

func newSite(h Host) (*site, error) {
	s := &site{Host: h, name: strings.ToLower(h.Name)}
	if u, err := url.Parse("https://" + s.name); err != nil || u.Host != s.name || s.name == "" {
		return nil, errors.New("it isn't a host with an optional port")
	}
	api := h.API
	switch {
	case h.Kind != GitHub && h.Kind != GitLab && h.Kind != Gitea:
		return nil, fmt.Errorf("unknown kind %q", h.Kind)
	case api == "" && s.name == "github.com":
		api = "https://api.github.com"
	case api == "":
		api = "https://" + s.name + map[Kind]string{GitHub: "/api/v3", GitLab: "/api/v4", Gitea: "/api/v1"}[h.Kind]
	}
	u, err := url.Parse(api)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the API's address isn't an http or https URL without credentials and query")
	}
	s.api, s.web = u, u.Scheme+"://"+s.name
	return s, nil
}

// page is the project's page.
func (p project) page() string { return p.web + "/" + p.path }

// compare is the page of what lies between two commits or tags.
func (p project) compare(from, to string) string {
	if p.Kind == GitLab {
		return p.page() + "/-/compare/" + escapeRef(from) + "..." + escapeRef(to)
	}
	return p.page() + "/compare/" + escapeRef(from) + "..." + escapeRef(to)
}

// releasePage is the page of one release.
func (p project) releasePage(tag string) string {
	if p.Kind == GitLab {
		return p.page() + "/-/releases/" + url.PathEscape(tag)
	}
	return p.page() + "/releases/tag/" + escapeRef(tag)
}

// escapeRef leaves the slashes of a tag as they are, as the hosts' own pages do.
func escapeRef(ref string) string { return strings.ReplaceAll(url.PathEscape(ref), "%2F", "/") }

// listing is the address of one page of the releases, or of the tags.
func (p project) listing(what string, page int) string {
	query := url.Values{"page": {strconv.Itoa(page)}}
	count := perPage
	if what == "tags" {
		count = perTags
	}
	name := map[Kind]string{GitHub: "per_page", GitLab: "per_page", Gitea: "limit"}[p.Kind]
	query.Set(name, strconv.Itoa(count))
	path := "/repos/" + p.path + "/" + what
	switch {
	case p.Kind == GitLab && what == "tags":
		path = "/projects/" + url.PathEscape(p.path) + "/repository/tags"
	case p.Kind == GitLab:
		path = "/projects/" + url.PathEscape(p.path) + "/releases"
	case p.Kind == Gitea && what == "releases":
		query.Set("draft", "false")
	}
	return strings.TrimSuffix(p.api.String(), "/") + path + "?" + query.Encode()
}

// answered is a release as the three kinds tell it; what one lacks is zero. GitHub: REST
// API, releases; GitLab: Releases API; Gitea: its Swagger, Release.
type answered struct {
	Tag         string    `json:"tag_name"`
	Name        string    `json:"name"`
	Body        string    `json:"body"`        // GitHub, Gitea
	Description string    `json:"description"` // GitLab
	Draft       bool      `json:"draft"`
	Prerelease  bool      `json:"prerelease"`
	Upcoming    bool      `json:"upcoming_release"` // GitLab
	PublishedAt time.Time `json:"published_at"`
	ReleasedAt  time.Time `json:"released_at"` // GitLab
}

// sound tells whether a tag is one that Git could have: what breaks out of a page's path
// isn't.
func sound(tag string) bool {
	return tag != "" && len(tag) <= maxTag && !strings.Contains(tag, "..") && !strings.HasPrefix(tag, "/") &&
		!strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("~^:?*[\\", r) })
}

// tagged is a tag as all three tell it.
type tagged struct {
	Name string `json:"name"`
}
