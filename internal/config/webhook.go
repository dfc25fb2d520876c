package config

import (
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	forgehook "github.com/towline-dev/towline/gitwriter/forge/webhook"
	"github.com/towline-dev/towline/registry/webhook"
)

// Webhook is where one registry announces pushes, or one forge what happens at it.
type Webhook struct {
	// Type is the sender's format: one of webhook.Kinds for a registry, of
	// forgehook.Types, which begin with forge-, for a forge.
	Type string `yaml:"type"`
	// Path is where it sends to; the default is /webhooks/TYPE.
	Path string `yaml:"path"`
	// Registry is the host[:port] as image names write it, in place of the one that the
	// events name; the default is theirs. Forges have none.
	Registry string `yaml:"registry"`
	// Auth is how the sender shows who it is: hmac, token, basic or query; the default
	// is the first that the type can.
	Auth string `yaml:"auth"`
	// Username goes with basic; the default there is towline.
	Username string `yaml:"username"`
	// SecretEnv is the name of an environment variable that holds the secret.
	SecretEnv string `yaml:"secretEnv"`
	// SecretFile is a file that holds the secret.
	SecretFile string `yaml:"secretFile"`
}

// webhooks checks all webhooks and fills in their defaults.
func (v *validation) webhooks(b *Bot) {
	v.check(len(b.Webhooks) == 0 || b.Listen != "", "there are webhooks, but listen is empty", "they are served at the address of listen, such as :8080")
	paths := map[string]int{}
	for i := range b.Webhooks {
		w := &b.Webhooks[i]
		if w.Path == "" {
			w.Path = "/webhooks/" + w.Type
		}
		v.webhook(i, w)
		first, taken := paths[w.Path]
		v.check(!taken, "webhooks[%d] and [%d] have the same path %q", "give one a path of its own", first, i, w.Path)
		paths[w.Path] = i
	}
}

// Forge tells whether a forge sends, not a registry.
func (w Webhook) Forge() bool { return slices.Contains(forgehook.Types(), forgehook.Type(w.Type)) }

// auths are the ways in which the sender can show who it is, the default first; none for
// a type that isn't known.
func (w Webhook) auths() []string {
	if w.Forge() {
		return texts(forgehook.Type(w.Type).Auths())
	}
	return texts(webhook.Kind(w.Type).Auths())
}

func (v *validation) webhook(i int, w *Webhook) {
	auths := w.auths()
	if len(auths) == 0 {
		types := slices.Sorted(slices.Values(append(texts(webhook.Kinds()), texts(forgehook.Types())...)))
		v.check(false, "webhooks[%d].type is %q", "it must be one of "+strings.Join(types, ", "), i, w.Type)
		return
	}
	if w.Auth == "" {
		w.Auth = auths[0]
	}
	v.check(slices.Contains(auths, w.Auth), "webhooks[%d].auth is %q, which senders of the type %s can't do", "they can "+strings.Join(auths, ", "), i, w.Auth, w.Type)
	basic := w.Auth == string(webhook.Basic)
	v.check(basic || w.Username == "", "webhooks[%d].username goes with auth: basic only", "leave it out", i)
	if basic && w.Username == "" {
		w.Username = "towline"
	}
	v.check((w.SecretEnv == "") != (w.SecretFile == ""), "webhooks[%d] needs one of secretEnv and secretFile", "without a secret anybody could start scans", i)
	v.check(!w.Forge() || w.Registry == "", "webhooks[%d].registry is for registries, and %s is a forge", "leave it out", i, w.Type)
	v.check(validPath(w.Path), "webhooks[%d].path %q can't be served", "such as /webhooks/"+w.Type+"; /healthz, /readyz and /metrics are taken", i, w.Path)
	_, err := name.NewRegistry(w.Registry)
	v.check(w.Registry == "" || err == nil && strings.ContainsAny(w.Registry, ".:") || w.Registry == "localhost",
		"webhooks[%d].registry %q isn't a host", "host[:port] as image names write it, such as registry.example.com:5000", i, w.Registry)
}

// validPath admits a path as it stands in an address, which needs no escaping and no
// cleaning, and which nothing else is served at.
func validPath(p string) bool {
	switch p {
	case "/", "/healthz", "/readyz", "/metrics":
		return false
	}
	odd := func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`?#%{}<>"\^|`+"`", r)
	}
	return strings.HasPrefix(p, "/") && path.Clean(p) == p && !strings.ContainsFunc(p, odd)
}

func texts[T ~string](items []T) []string {
	var all []string
	for _, i := range items {
		all = append(all, string(i))
	}
	return all
}
