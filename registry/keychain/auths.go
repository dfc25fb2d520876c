package keychain

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Auths are the credentials that stand in a docker configuration or a pull secret
// themselves. Helpers that it names aren't among them, and aren't run.
type Auths struct{ entries []entry }

type entry struct {
	host  string // as go-containerregistry spells it
	path  string // of the repositories that it is for; "" is all
	creds authn.AuthConfig
}

// ParseAuths reads the field auths of a docker configuration, which is also what a
// Secret of the type kubernetes.io/dockerconfigjson holds. Its errors don't show
// what was read.
func ParseAuths(data []byte) (Auths, error) {
	var file struct {
		Auths map[string]authn.AuthConfig `json:"auths"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return Auths{}, unreadable(err)
	}
	return newAuths(file.Auths), nil
}

// ParseDockercfg reads the older form, which kubernetes.io/dockercfg holds: the
// content of auths alone.
func ParseDockercfg(data []byte) (Auths, error) {
	var auths map[string]authn.AuthConfig
	if err := json.Unmarshal(data, &auths); err != nil {
		return Auths{}, unreadable(err)
	}
	return newAuths(auths), nil
}

// unreadable tells where the document is wrong, and nothing of what stands there.
func unreadable(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("reading credentials: not JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("reading credentials: the field %q isn't of its type", kind.Field)
	}
	return errors.New("reading credentials: an entry's auth isn't the base64 of user:password")
}

func newAuths(auths map[string]authn.AuthConfig) Auths {
	var a Auths
	for key, creds := range auths {
		host, path := splitKey(key)
		creds.Auth = "" // it has been read into username and password
		if host != "" && creds != (authn.AuthConfig{}) {
			a.entries = append(a.entries, entry{host, path, creds})
		}
	}
	slices.SortFunc(a.entries, func(x, y entry) int { // the nearest path first, and always in the same order
		if n := len(y.path) - len(x.path); n != 0 {
			return n
		}
		return strings.Compare(x.host+x.path+x.creds.Username, y.host+y.path+y.creds.Username)
	})
	return a
}

// splitKey reads a key of auths: "ghcr.io", "ghcr.io/acme", and
// "https://index.docker.io/v1/", where v1 is an API's version and not a path.
func splitKey(key string) (host, path string) {
	_, rest, found := strings.Cut(key, "://")
	if !found {
		rest = key
	}
	host, path, _ = strings.Cut(rest, "/")
	path = strings.Trim(path, "/")
	if path == "v1" || path == "v2" {
		path = ""
	}
	reg, err := name.NewRegistry(host)
	if err != nil || host == "" {
		return "", ""
	}
	return sameHub(reg.RegistryStr()), path
}

// sameHub makes one of the names of Docker Hub.
func sameHub(host string) string {
	if host == "registry-1.docker.io" {
		return name.DefaultRegistry
	}
	return host
}

// Match returns the credentials for a registry or a repository, those of the
// nearest path above it; the zero value where there are none. The host must be the
// same, with its port.
func (a Auths) Match(target authn.Resource) authn.AuthConfig {
	path := strings.TrimPrefix(strings.TrimPrefix(target.String(), target.RegistryStr()), "/")
	for _, e := range a.entries {
		if e.host == sameHub(target.RegistryStr()) && (e.path == "" || path == e.path || strings.HasPrefix(path, e.path+"/")) {
			return e.creds
		}
	}
	return authn.AuthConfig{}
}
