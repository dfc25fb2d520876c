package config

import (
	"net/url"
	"strings"
	"time"
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
}

// Auth says where a credential stands; the file itself never holds one.
type Auth struct {
	// Username of HTTP basic authentication for Git; the default is
	// x-access-token, which GitHub and Gitea take with a token.
	Username string `yaml:"username"`
	// TokenFile is a file that holds the token.
	TokenFile string `yaml:"tokenFile"`
	// TokenEnv is the name of an environment variable that holds it.
	TokenEnv string `yaml:"tokenEnv"`
	// App is a GitHub App, in place of a token.
	App *App `yaml:"app"`
	// CAFile holds PEM certificates of a private authority.
	CAFile string `yaml:"caFile"`
}

// App names a GitHub App's installation.
type App struct {
	ID             int64  `yaml:"id"`
	InstallationID int64  `yaml:"installationID"`
	PrivateKeyFile string `yaml:"privateKeyFile"`
}

// Forge says where pull requests are opened and statuses are set.
type Forge struct {
	// Type is github, gitea or plain (push only).
	Type string `yaml:"type"`
	// URL is the API's address; the default is made from the repository's URL.
	URL string `yaml:"url"`
}

// repository checks one repository and fills in its defaults; at names its place.
func (v *validation) repository(at string, r *Repository) {
	u, err := url.Parse(r.URL)
	valid := err == nil && u.Path != "" && (u.Scheme == "file" || (u.Scheme == "https" || u.Scheme == "http") && u.Host != "")
	v.check(valid, "%s.url %q isn't a repository's address", "such as https://github.com/acme/deploy", at, redact(u, r.URL))
	v.check(!valid || u.User == nil, "%s.url holds credentials", "put them under auth", at)
	if valid && r.Name == "" {
		r.Name = u.Host + u.Path
	}
	switch r.Forge.Type {
	case "github", "gitea", "plain":
	default:
		v.check(false, "%s.forge.type is %q", "github, gitea or plain", at, r.Forge.Type)
	}
	v.auth(at+".auth", r)
}

func (v *validation) auth(at string, r *Repository) {
	a := &r.Auth
	given := 0
	for _, set := range []bool{a.TokenFile != "", a.TokenEnv != "", a.App != nil} {
		if set {
			given++
		}
	}
	v.check(given <= 1, "%s names several credentials", "give one of tokenFile, tokenEnv and app", at)
	v.check(a.App == nil || r.Forge.Type == "github", "%s.app goes with a forge of the type github only", "use a token", at)
	v.check(a.App == nil || a.App.ID > 0 && a.App.InstallationID > 0 && a.App.PrivateKeyFile != "",
		"%s.app is incomplete", "it needs id, installationID and privateKeyFile", at)
	if a.Username == "" {
		a.Username = "x-access-token"
	}
}

// redact keeps a credential that was put into a URL out of the message about it, also
// where the scheme was forgotten, so that it isn't known as one.
func redact(u *url.URL, text string) string {
	if u == nil {
		return "[unreadable]"
	}
	text, _, _ = strings.Cut(text, "?")
	text, _, _ = strings.Cut(text, "#")
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return text[at+1:]
	}
	return text
}
