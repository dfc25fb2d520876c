package config

import "fmt"

// ReleaseNotes says where release notes for pull requests may be asked for.
type ReleaseNotes struct {
	// Enabled asks for them; the default is true. Without, pull requests show no notes, no
	// comparison of sources and no link to them.
	Enabled *bool `yaml:"enabled"`
	// Hosts are known beside github.com, gitlab.com and codeberg.org, or in their place
	// where one of these needs a token.
	Hosts []ReleaseHost `yaml:"hosts"`
}

// Asked tells whether release notes are asked for.
func (r ReleaseNotes) Asked() bool { return r.Enabled == nil || *r.Enabled }

// ReleaseHost is one host of projects that images name as their source.
type ReleaseHost struct {
	// Host is the host in the addresses of its projects, with a port where they have one.
	Host string `yaml:"host"`
	// Type is github, gitlab or gitea, which is also Forgejo.
	Type string `yaml:"type"`
	// URL is the API's address; the default is made from Host.
	URL string `yaml:"url"`
	// TokenFile or TokenEnv says where a token stands; the default is none. Notes of all
	// projects that it may read can end up in pull requests.
	TokenFile string `yaml:"tokenFile"`
	TokenEnv  string `yaml:"tokenEnv"`
}

// releaseNotes checks what the finder of release notes doesn't check itself.
func (v *validation) releaseNotes(r ReleaseNotes) {
	first := map[string]int{}
	for i, h := range r.Hosts {
		at := fmt.Sprintf("releaseNotes.hosts[%d]", i)
		host := canonical(h.Host)
		v.check(host != "", "%s.host %q isn't a host with an optional port", "such as git.example.com", at, redact(nil, h.Host))
		before, taken := first[host]
		v.check(!taken || host == "", "releaseNotes.hosts[%d] and [%d] are both for %s", "put them into one", before, i, host)
		first[host] = i
		switch h.Type {
		case "github", "gitlab", "gitea":
		default:
			v.check(false, "%s.type is %q", "github, gitlab or gitea", at, h.Type)
		}
		v.check(h.TokenFile == "" || h.TokenEnv == "", "%s has tokenFile and tokenEnv", "give one", at)
	}
}
