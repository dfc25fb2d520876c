package config

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

// Repository is one manifest repository and the forge that hosts it.
type Repository struct {
	// Name stands in logs and metrics; the default is the URL's host and path.
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
	// Branch is the base of the updates; the default is main.
	Branch string `yaml:"branch"`
	// Interval is how often the repository is looked at apart from its
	// policies' own schedules; the default is 1m.
	Interval time.Duration `yaml:"interval"`
	Auth     Auth          `yaml:"auth"`
	Forge    Forge         `yaml:"forge"`
	// Paths are folders of the repository; the bot looks nowhere else in it. The default
	// is none, which is everywhere.
	Paths []string `yaml:"paths"`
	// BranchPrefix begins the names of the branches that the bot pushes; the default is
	// what .towline.yaml says, or towline/.
	BranchPrefix string `yaml:"branchPrefix"`
	// Committer and Signing are the bot's own in this repository; the default is what
	// holds for all.
	Committer Committer `yaml:"committer"`
	Signing   *Signing  `yaml:"signing"`
}

// Forge says where pull requests are opened and statuses are set.
type Forge struct {
	// Type is github, gitlab, gitea, forgejo (which is spoken to as gitea is) or plain
	// (push only).
	Type string `yaml:"type"`
	// URL is the API's address; the default is made from the repository's URL.
	URL string `yaml:"url"`
}

// repository checks one repository and fills in its defaults; at names its place.
func (v *validation) repository(at string, r *Repository) {
	u, err := giturl.Parse(r.URL)
	leaky := errors.Is(err, giturl.ErrCredentials)
	v.check(!leaky, "%s.url holds credentials", "put them under auth", at)
	readable, _ := url.Parse(r.URL) // nil where it isn't
	v.check(err == nil || leaky, "%s.url %q isn't a repository's address: %v",
		"such as https://github.com/acme/deploy or git@github.com:acme/deploy", at, redact(readable, r.URL), err)
	if err == nil && r.Name == "" {
		r.Name = u.Host + "/" + strings.TrimPrefix(u.Path, "/")
	}
	switch r.Forge.Type {
	case "github", "gitlab", "gitea", "plain":
	case "forgejo":
		r.Forge.Type = "gitea"
	default:
		v.check(false, "%s.forge.type is %q", "github, gitlab, gitea, forgejo or plain", at, r.Forge.Type)
	}
	if err == nil {
		v.auth(at+".auth", r, u)
	}
}

// redact keeps a credential that was put into a URL out of the message about it, also
// where the scheme was forgotten, so that it isn't known as one.
func redact(u *url.URL, text string) string {
	if u == nil {
		return "[unreadable]"
	}
	// The @ first: a password may hold the others.
	text = text[strings.LastIndexByte(text, '@')+1:]
	text, _, _ = strings.Cut(text, "?")
	text, _, _ = strings.Cut(text, "#")
	return text
}
