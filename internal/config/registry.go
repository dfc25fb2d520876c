package config

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Registry is what one registry host may be asked, and how it is reached.
type Registry struct {
	Host string `yaml:"host"` // host[:port]
	// PlainHTTP speaks HTTP without TLS; loopback addresses need no asking.
	PlainHTTP bool `yaml:"plainHTTP"`
	// RequestsPerSecond is the host's budget; 0 is the registry package's default.
	RequestsPerSecond float64 `yaml:"requestsPerSecond"`
	// Connections is how many may be open at a time; 0 is the registry package's default.
	Connections int `yaml:"connections"`

	// CAFile holds PEM certificates of a private authority, trusted as well as the system's.
	CAFile string `yaml:"caFile"`
	// CertFile and KeyFile are a client certificate and its key, PEM; both or neither.
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
	// Proxy is the URL of an HTTP, HTTPS or SOCKS5 proxy; the default is what
	// HTTPS_PROXY, HTTP_PROXY and NO_PROXY say.
	Proxy string `yaml:"proxy"`
	// MirrorOf is a host that this one stands in for: it is asked first for that
	// host's repositories, below the path Prefix.
	MirrorOf string `yaml:"mirrorOf"`
	Prefix   string `yaml:"prefix"`
	// Auth says where the host's credentials stand; the default is docker's
	// configuration, then the cloud's own identity, then none.
	Auth *RegistryAuth `yaml:"auth"`
}

// RegistryAuth is one way to sign in to a registry.
type RegistryAuth struct {
	// Username, or UsernameEnv, goes with PasswordEnv or PasswordFile.
	Username     string `yaml:"username"`
	UsernameEnv  string `yaml:"usernameEnv"`
	PasswordEnv  string `yaml:"passwordEnv"`
	PasswordFile string `yaml:"passwordFile"`
	// DockerConfigFile is a docker configuration, with its credential helpers.
	DockerConfigFile string `yaml:"dockerConfigFile"`
	// PullSecret is a Secret with docker credentials in the cluster that the bot runs in.
	PullSecret *ObjectName `yaml:"pullSecret"`
	// ServiceAccount is one whose imagePullSecrets are used.
	ServiceAccount *ObjectName `yaml:"serviceAccount"`
	// Provider is the cloud whose identity is used: ecr, gcp or azure.
	Provider string `yaml:"provider"`
}

// ObjectName names an object in the cluster.
type ObjectName struct {
	Namespace string `yaml:"namespace"`
	Name      string `yaml:"name"`
}

// registries checks the hosts each, and then against one another.
func (v *validation) registries(all []Registry) {
	first := map[string]int{}
	for i, r := range all {
		at := fmt.Sprintf("registries[%d]", i)
		v.registry(at, r)
		host := canonical(r.Host)
		before, taken := first[host]
		// A host that stands in for several others has a further entry for each.
		further := r == Registry{Host: r.Host, MirrorOf: r.MirrorOf, Prefix: r.Prefix} && r.MirrorOf != ""
		v.check(!taken || host == "" || further, "registries[%d] and [%d] are both for %s",
			"put them into one; a further entry holds host, mirrorOf and prefix only", before, i, host)
		if !taken {
			first[host] = i
		}
	}
}

func (v *validation) registry(at string, r Registry) {
	v.check(r.Host != "", "%s has no host", "such as ghcr.io or registry.example.com:5000", at)
	v.check(r.Host == "" || canonical(r.Host) != "", "%s.host %q isn't a host with an optional port", "leave out scheme and path", at, redact(&url.URL{}, r.Host))
	v.check(r.RequestsPerSecond >= 0 && r.Connections >= 0, "%s has a negative limit", "leave it out for the default", at)
	v.check((r.CertFile == "") == (r.KeyFile == ""), "%s has one of certFile and keyFile", "a client certificate needs both", at)
	v.check(!r.PlainHTTP || r.CAFile == "" && r.CertFile == "", "%s has certificates and plainHTTP", "plain HTTP knows none", at)
	v.proxy(at, r.Proxy)
	v.mirror(at, r)
	if r.Auth != nil {
		v.registryAuth(at+".auth", *r.Auth)
	}
}

// proxy never repeats the URL: it may hold a password.
func (v *validation) proxy(at, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	valid := err == nil && u.Host != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
	v.check(valid, "%s.proxy isn't the URL of a proxy", "such as http://proxy.example.com:3128", at)
	v.check(!valid || strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == "", "%s.proxy has a path", "scheme, host and port are enough", at)
}

func (v *validation) mirror(at string, r Registry) {
	v.check(r.Prefix == "" || r.MirrorOf != "", "%s has a prefix and no mirrorOf", "a prefix is where a mirror keeps another host's repositories", at)
	if r.MirrorOf == "" {
		return
	}
	of := canonical(r.MirrorOf)
	v.check(of != "", "%s.mirrorOf %q isn't a host with an optional port", "such as docker.io", at, redact(&url.URL{}, r.MirrorOf))
	v.check(of == "" || of != canonical(r.Host), "%s is a mirror of itself", "name the host that it stands in for", at)
	prefix := strings.Trim(r.Prefix, "/")
	_, err := name.NewRepository("mirror.example.com/" + prefix + "/x")
	v.check(prefix == "" || err == nil && path.Clean("/"+prefix) == "/"+prefix, "%s.prefix %q can't begin a repository's path", "such as dockerhub", at, r.Prefix)
}

func (v *validation) registryAuth(at string, a RegistryAuth) {
	ways := map[string]bool{
		"a password":       a.PasswordEnv != "" || a.PasswordFile != "",
		"dockerConfigFile": a.DockerConfigFile != "", "pullSecret": a.PullSecret != nil,
		"serviceAccount": a.ServiceAccount != nil, "provider": a.Provider != "",
	}
	maps.DeleteFunc(ways, func(_ string, given bool) bool { return !given })
	named := a.Username != "" || a.UsernameEnv != ""
	v.check(len(ways) <= 1, "%s has several ways to sign in: %s", "give one", at, strings.Join(slices.Sorted(maps.Keys(ways)), ", "))
	v.check(len(ways) > 0 || named, "%s is empty", "give a password, dockerConfigFile, pullSecret, serviceAccount or provider", at)
	v.check(named == ways["a password"], "%s has half of a user and a password", "give username or usernameEnv, and passwordEnv or passwordFile", at)
	v.check(a.Username == "" || a.UsernameEnv == "", "%s has username and usernameEnv", "give one", at)
	v.check(a.PasswordEnv == "" || a.PasswordFile == "", "%s has passwordEnv and passwordFile", "give one", at)
	v.object(at+".pullSecret", a.PullSecret)
	v.object(at+".serviceAccount", a.ServiceAccount)
	v.check(slices.Contains([]string{"", "ecr", "gcp", "azure"}, a.Provider),
		"%s.provider is %q", "ecr, gcp or azure", at, a.Provider)
}

func (v *validation) object(at string, o *ObjectName) {
	v.check(o == nil || o.Namespace != "" && o.Name != "", "%s is incomplete", "it needs namespace and name", at)
}

// canonical spells a host as image names do; it is empty for what isn't one.
func canonical(host string) string {
	reg, err := name.NewRegistry(host)
	if err != nil || host == "" {
		return ""
	}
	return reg.RegistryStr()
}
