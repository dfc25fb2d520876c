package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/internal/hook"
	"github.com/towline-dev/towline/internal/secret"
)

// Bounds of a webhook.
const (
	// MaxBody is how long a body may be, in bytes. GitHub may send 25 MiB, but events of
	// packages have some thousand bytes, unless somebody puts a book into a README.
	MaxBody = 1 << 20
	// AtOnce is how many bodies a receiver reads at a time.
	AtOnce = 16
)

// Config says how a Receiver works.
type Config struct {
	// Kind is the sender's format.
	Kind Kind
	// Registry is the registry's host[:port] as image names write it. It takes the place
	// of the host that the events name, which is needed where pushes go to another
	// address, and where the events name none. The default, "", leaves theirs.
	Registry string
	// Auth is how senders show who they are; the default is the first of Kind.Auths.
	Auth Auth
	// Username goes with Basic, and is needed there.
	Username string
	// Secret is what senders know. A receiver without one would obey anybody, so there
	// is no default.
	Secret secret.String
	// Notify is called with the pushes of each request, one at least, by several
	// goroutines at a time. The sender waits for it.
	Notify func([]Push)
	// Observe is called with what became of each request; the default is nobody.
	Observe func(Result)
	// Log gets a line for each push at level debug, and at level warn for each body of
	// a sender who is known, but not understood. The default discards.
	Log *slog.Logger
	// Timeout is how long a body may take to arrive; the default is 10 s.
	Timeout time.Duration
}

// Result is what became of a request.
type Result = hook.Result

// The results.
const (
	Accepted     = hook.Accepted
	Ignored      = hook.Ignored      // nothing of interest
	Unauthorized = hook.Unauthorized // the sender didn't show who it is
	Refused      = hook.Refused      // the wrong method or content, too long or too slow
	Malformed    = hook.Malformed    // not of the kind's shape
	Busy         = hook.Busy         // too many at once
)

// Receiver is an http.Handler for the webhooks of one sender. It looks at nothing of a
// body before it knows whose it is, and unless that is proved by the body's signature it
// doesn't read it either.
//
// It answers 202 to pushes and 204 to what is of no interest; 401, 405, 408, 413, 415
// and 400 to what is wrong; and 429 where more come at once than it has memory for. The
// answers have a short text, in which nothing of the request appears.
type Receiver struct {
	c        Config
	endpoint *hook.Endpoint
}

// New makes a Receiver. An error means that the configuration can't work, or would let
// in anybody.
func New(c Config) (*Receiver, error) {
	auths := c.Kind.Auths()
	if len(auths) == 0 {
		return nil, fmt.Errorf("a webhook of the kind %q isn't known; there are %q", c.Kind, Kinds())
	}
	c.Auth = cmp.Or(c.Auth, auths[0])
	switch {
	case !slices.Contains(auths, c.Auth):
		return nil, fmt.Errorf("senders of the kind %s can't authenticate by %q; they can by %q", c.Kind, c.Auth, auths)
	case c.Secret.IsZero():
		return nil, errors.New("a webhook needs a secret")
	case (c.Auth == Basic) != (c.Username != ""):
		return nil, errors.New("a webhook needs a user name where it authenticates by basic, and nowhere else")
	case c.Notify == nil:
		return nil, errors.New("a webhook needs somebody to notify")
	}
	if c.Registry != "" {
		if _, err := name.NewRegistry(c.Registry); err != nil || !isHost(c.Registry) {
			return nil, fmt.Errorf("the registry %q of a webhook isn't a host as image names write it", c.Registry)
		}
	}
	if c.Observe == nil {
		c.Observe = func(Result) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{c: c}
	var err error
	r.endpoint, err = hook.New(hook.Config{
		MaxBody: MaxBody, AtOnce: AtOnce, Timeout: c.Timeout,
		Admit: r.admit, Tell: r.tell, Observe: func(a hook.Answer) { c.Observe(a.Result) },
	})
	return r, err
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.endpoint.ServeHTTP(w, req) }

// tell hands on what the body says, once it is known whose it is.
func (r *Receiver) tell(w http.ResponseWriter, req *http.Request, body []byte) hook.Answer {
	if r.c.Auth == HMAC && !r.signed(req.Header, body) {
		return r.unauthorized(w)
	}
	pushes, err := Parse(r.c.Kind, r.c.Registry, req.Header, body)
	if err != nil {
		r.c.Log.WarnContext(req.Context(), "a registry's webhook isn't understood", "type", r.c.Kind, "error", err)
		return hook.Answer{Result: Malformed, Code: http.StatusBadRequest, Text: err.Error()}
	}
	if len(pushes) == 0 {
		return hook.Answer{Result: Ignored, Code: http.StatusNoContent}
	}
	for _, p := range pushes {
		r.c.Log.DebugContext(req.Context(), "a registry tells of a push", "type", r.c.Kind, "image", p.Repository, "tag", p.Tag, "digest", p.Digest)
	}
	r.c.Notify(pushes)
	return hook.Answer{Result: Accepted, Code: http.StatusAccepted, Text: "accepted"}
}
