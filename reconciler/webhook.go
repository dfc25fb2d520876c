package reconciler

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/towline-dev/towline/internal/hook"
	"github.com/towline-dev/towline/internal/secret"
)

// Bounds of a webhook. GitHub sends up to 25 MiB, but for pushes of thousands of
// commits only; those are found by polling.
const (
	maxWebhook = 5 << 20
	// webhooksAtOnce bounds the memory that anybody can have us use: a body must be
	// read whole before its signature can be checked.
	webhooksAtOnce = 32
)

// Webhook answers the push webhooks of GitHub, GitLab, Gitea and Forgejo. A request is
// believed only if it shows the shared key: by the HMAC-SHA256 of its body, or as GitLab
// does, by the key itself in X-Gitlab-Token or by a signature of Standard Webhooks, for
// which the key is GitLab's signing token, whsec_BASE64. Nothing of the body is looked at
// before that.
//
// It answers 202 to pushes and to events that don't matter here, 401 to a missing
// or wrong signature, 405, 408, 413 and 400 to what else is wrong, and 429 where more come
// at once than it has memory for. A delivery that comes again is answered alike and
// triggers nothing.
type Webhook struct {
	key        secret.String
	standard   hook.StandardKey // the zero one where key isn't a signing token
	trigger    func(Push) int
	answer     func(code int)
	now        func() time.Time
	endpoint   *hook.Endpoint
	deliveries hook.Deliveries
}

// NewWebhook gives a handler that calls trigger for each push; trigger tells how
// many sources it concerned. An empty key is an error: it would let in anybody.
func NewWebhook(key secret.String, trigger func(Push) int) (*Webhook, error) {
	if key.IsZero() {
		return nil, errors.New("a webhook needs a secret")
	}
	h := &Webhook{key: key, trigger: trigger, answer: func(int) {}, now: time.Now}
	if standard, err := hook.ParseStandardKey(key.Reveal()); err == nil {
		h.standard = standard
	}
	var err error
	h.endpoint, err = hook.New(hook.Config{
		MaxBody: maxWebhook, AtOnce: webhooksAtOnce, Admit: h.admit, Tell: h.tell,
		Observe: func(a hook.Answer) { h.answer(a.Code) },
	})
	return h, err
}

// ServeHTTP implements http.Handler.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.endpoint.ServeHTTP(w, r) }

// admit refuses what can't show the key, without reading it.
func (h *Webhook) admit(_ http.ResponseWriter, r *http.Request) hook.Answer {
	_, signed := signatureOf(r.Header)
	if !signed && r.Header.Get("Webhook-Signature") == "" && !h.token(r.Header) {
		return unsigned()
	}
	return hook.Answer{}
}

// signatureOf finds the signature: those of older Gitea and Forgejo have headers of their own.
func signatureOf(h http.Header) (hook.Signature, bool) {
	return hook.SignatureOf(h, "X-Gitea-Signature", "X-Forgejo-Signature")
}

// token tells whether the key itself is shown, as GitLab does where it has no signing token.
func (h *Webhook) token(header http.Header) bool {
	text := header.Get("X-Gitlab-Token")
	return text != "" && hook.Same(text, h.key.Reveal())
}

// shown tells whether the sender has the key.
func (h *Webhook) shown(header http.Header, body []byte) bool {
	if signature, ok := signatureOf(header); ok {
		return signature.Of(body, h.key.Reveal())
	}
	if header.Get("Webhook-Signature") != "" {
		return h.standard.Signed(header, body, h.now())
	}
	return h.token(header)
}

func unsigned() hook.Answer {
	return hook.Answer{Result: hook.Unauthorized, Code: http.StatusUnauthorized, Text: "no valid signature"}
}

// tell acts on a body, once it is known whose it is.
func (h *Webhook) tell(_ http.ResponseWriter, r *http.Request, body []byte) hook.Answer {
	if !h.shown(r.Header, body) {
		return unsigned()
	}
	push, known, err := parsePush(r.Header, body)
	switch {
	case err != nil:
		return hook.Answer{Result: hook.Malformed, Code: http.StatusBadRequest, Text: err.Error()}
	case !known:
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "nothing to do"}
	case push.Branch == "" && push.Tag == "":
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "neither a branch nor a tag"}
	}
	id := header(r.Header, "X-GitHub-Delivery", "X-Gitea-Delivery", "X-Forgejo-Delivery", "Webhook-Id", "X-Gitlab-Event-UUID")
	if !h.deliveries.Fresh(id, body) {
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "known already"}
	}
	return hook.Answer{Result: hook.Accepted, Code: http.StatusAccepted, Text: fmt.Sprintf("asking %d sources", h.trigger(push))}
}

func header(h http.Header, names ...string) string {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}
