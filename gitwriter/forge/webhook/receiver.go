package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/towline-dev/towline/internal/hook"
	"github.com/towline-dev/towline/internal/secret"
)

// Bounds of a forge's webhook.
const (
	// MaxBody is how long a body may be, in bytes. GitHub may send 25 MiB, but only for
	// pushes of thousands of commits; those are found by polling.
	MaxBody = 5 << 20
	// AtOnce is how many bodies a receiver reads at a time.
	AtOnce = 8
)

// Config says how a Receiver works.
type Config struct {
	// Type is the sort of forge.
	Type Type
	// Auth is how the forge shows who it is; the default is the first of Type.Auths.
	Auth Auth
	// Secret is what the forge knows. A receiver without one would obey anybody, so there
	// is no default.
	Secret secret.String
	// Notify is called with the events of each request, one at least, by several
	// goroutines at a time. The forge waits for it.
	Notify func([]Event)
	// Observe is called with what became of each request; the default is nobody.
	Observe func(hook.Result)
	// Log gets a line for each event at level debug, and at level warn for each body of
	// a forge that is known, but not understood. The default discards.
	Log *slog.Logger
	// Timeout is how long a body may take to arrive; the default is 10 s.
	Timeout time.Duration
	// Now is the clock, for signatures that hold a time. The default is time.Now.
	Now func() time.Time
}

// Receiver is an http.Handler for the webhooks of one forge. It parses nothing of a body
// before it knows whose it is, and where that is shown by a token it doesn't read one
// from anybody else either.
//
// It answers 202 to events, also to those that it has seen before; 204 to what is of no
// interest; 401, 405, 408, 413, 415 and 400 to what is wrong; and 429 where more come at
// once than it has memory for. The answers have a short text, in which nothing of the
// request appears.
type Receiver struct {
	c          Config
	key        hook.StandardKey // of GitLab's signatures
	endpoint   *hook.Endpoint
	deliveries hook.Deliveries
}

// New makes a Receiver. An error means that the configuration can't work, or would let in
// anybody.
func New(c Config) (*Receiver, error) {
	auths := c.Type.Auths()
	if len(auths) == 0 {
		return nil, fmt.Errorf("a forge's webhook of the type %q isn't known; there are %q", c.Type, Types())
	}
	c.Auth = cmp.Or(c.Auth, auths[0])
	switch {
	case !slices.Contains(auths, c.Auth):
		return nil, fmt.Errorf("a webhook of the type %s can't authenticate by %q; it can by %q", c.Type, c.Auth, auths)
	case c.Secret.IsZero():
		return nil, errors.New("a forge's webhook needs a secret")
	case c.Notify == nil:
		return nil, errors.New("a forge's webhook needs somebody to notify")
	}
	if c.Observe == nil {
		c.Observe = func(hook.Result) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Receiver{c: c}
	var err error
	if c.Type == GitLab && c.Auth == HMAC {
		if r.key, err = signingKey(c.Secret.Reveal()); err != nil {
			return nil, err
		}
	}
	r.endpoint, err = hook.New(hook.Config{
		MaxBody: MaxBody, AtOnce: AtOnce, Timeout: c.Timeout,
		Admit: r.admit, Tell: r.tell, Observe: func(a hook.Answer) { c.Observe(a.Result) },
	})
	return r, err
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.endpoint.ServeHTTP(w, req) }

// admit answers what needs no body to be refused.
func (r *Receiver) admit(_ http.ResponseWriter, req *http.Request) hook.Answer {
	form := r.c.Type == GitHub && hook.IsForm(req.Header)
	switch {
	case !r.claims(req.Header):
		return r.unauthorized()
	case !form && !hook.IsJSON(req.Header):
		return unsupported("send JSON (hint: set the webhook's content type to application/json)")
	case !hook.IsPlain(req.Header):
		return unsupported("send the body as it is, without compression")
	}
	return hook.Answer{}
}

// claims tells whether the forge has shown who it is, or claims to by a signature of the
// body.
func (r *Receiver) claims(header http.Header) bool {
	switch {
	case r.c.Auth == Token:
		return hook.Same(header.Get("X-Gitlab-Token"), r.c.Secret.Reveal())
	case r.c.Type == GitLab:
		return header.Get("Webhook-Signature") != ""
	}
	_, ok := signatureOf(r.c.Type, header)
	return ok
}

// proves checks the signature of the body as it came.
func (r *Receiver) proves(header http.Header, body []byte) bool {
	switch {
	case r.c.Auth == Token:
		return true // it was checked before the body was read
	case r.c.Type == GitLab:
		return r.key.Signed(header, body, r.c.Now())
	}
	signature, ok := signatureOf(r.c.Type, header)
	return ok && signature.Of(body, r.c.Secret.Reveal())
}

// tell hands on what the body says, once it is known whose it is.
func (r *Receiver) tell(_ http.ResponseWriter, req *http.Request, body []byte) hook.Answer {
	if !r.proves(req.Header, body) {
		return r.unauthorized()
	}
	fresh := r.deliveries.Fresh(r.delivery(req.Header), body)
	if hook.IsForm(req.Header) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return r.malformed(req, errShape)
		}
		body = []byte(form.Get("payload"))
	}
	events, err := Parse(r.c.Type, req.Header, body)
	switch {
	case err != nil:
		return r.malformed(req, err)
	case len(events) == 0:
		return hook.Answer{Result: hook.Ignored, Code: http.StatusNoContent}
	case !fresh:
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "known already"}
	}
	for _, e := range events {
		r.c.Log.DebugContext(req.Context(), "a forge tells of an event", "type", r.c.Type, "event", e.Kind,
			"repository", e.Repository, "branch", e.Branch, "number", e.Number, "sender", e.Sender)
	}
	r.c.Notify(events)
	return hook.Answer{Result: hook.Accepted, Code: http.StatusAccepted, Text: "accepted"}
}

// delivery gives the name that the forge gave the delivery, which it keeps when it sends
// one again. GitLab's X-Gitlab-Event-UUID isn't it: several deliveries may share one.
func (r *Receiver) delivery(header http.Header) string {
	switch r.c.Type {
	case GitHub:
		return header.Get("X-GitHub-Delivery")
	case Gitea:
		return cmp.Or(header.Get("X-Gitea-Delivery"), header.Get("X-Forgejo-Delivery"))
	case GitLab:
		return cmp.Or(header.Get("Webhook-Id"), header.Get("Idempotency-Key"))
	}
	return ""
}

func (r *Receiver) unauthorized() hook.Answer {
	text := "no valid signature"
	if r.c.Auth == Token {
		text = "no valid token"
	}
	return hook.Answer{Result: hook.Unauthorized, Code: http.StatusUnauthorized, Text: text}
}

func (r *Receiver) malformed(req *http.Request, err error) hook.Answer {
	r.c.Log.WarnContext(req.Context(), "a forge's webhook isn't understood", "type", r.c.Type, "error", err)
	return hook.Answer{Result: hook.Malformed, Code: http.StatusBadRequest, Text: err.Error()}
}

func unsupported(text string) hook.Answer {
	return hook.Answer{Result: hook.Refused, Code: http.StatusUnsupportedMediaType, Text: text}
}
