package reconciler

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
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

// Push is what a webhook says: a branch of a repository has moved.
type Push struct {
	// URLs are the addresses that the forge knows the repository by.
	URLs []string
	// Branch is the branch's short name.
	Branch string
}

// Webhook answers the push webhooks of GitHub, Gitea and Forgejo. A request is
// believed only if its body carries the HMAC-SHA256 of the shared key; nothing of
// the body is looked at before that.
//
// It answers 202 to pushes and to events that don't matter here, 401 to a missing
// or wrong signature, 405, 408, 413 and 400 to what else is wrong, and 429 where more come
// at once than it has memory for. A delivery that comes again is answered alike and
// triggers nothing.
type Webhook struct {
	key        secret.String
	trigger    func(Push) int
	answer     func(code int)
	endpoint   *hook.Endpoint
	deliveries hook.Deliveries
}

// NewWebhook gives a handler that calls trigger for each push; trigger tells how
// many sources it concerned. An empty key is an error: it would let in anybody.
func NewWebhook(key secret.String, trigger func(Push) int) (*Webhook, error) {
	if key.IsZero() {
		return nil, errors.New("a webhook needs a secret")
	}
	h := &Webhook{key: key, trigger: trigger, answer: func(int) {}}
	var err error
	h.endpoint, err = hook.New(hook.Config{
		MaxBody: maxWebhook, AtOnce: webhooksAtOnce, Admit: h.admit, Tell: h.tell,
		Observe: func(a hook.Answer) { h.answer(a.Code) },
	})
	return h, err
}

// ServeHTTP implements http.Handler.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.endpoint.ServeHTTP(w, r) }

// admit refuses what claims no signature, without reading it.
func (h *Webhook) admit(_ http.ResponseWriter, r *http.Request) hook.Answer {
	if _, ok := signatureOf(r.Header); !ok {
		return unsigned()
	}
	return hook.Answer{}
}

// signatureOf finds the signature: that of older Gitea has a header of its own.
func signatureOf(h http.Header) (hook.Signature, bool) {
	return hook.SignatureOf(h, "X-Gitea-Signature")
}

func unsigned() hook.Answer {
	return hook.Answer{Result: hook.Unauthorized, Code: http.StatusUnauthorized, Text: "no valid signature"}
}

// tell acts on a body, once it is known whose it is.
func (h *Webhook) tell(_ http.ResponseWriter, r *http.Request, body []byte) hook.Answer {
	if signature, _ := signatureOf(r.Header); !signature.Of(body, h.key.Reveal()) {
		return unsigned()
	}
	if kind := header(r.Header, "X-GitHub-Event", "X-Gitea-Event"); kind != "push" {
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "nothing to do"}
	}
	push, err := parsePush(body)
	if err != nil {
		return hook.Answer{Result: hook.Malformed, Code: http.StatusBadRequest, Text: err.Error()}
	}
	if push.Branch == "" {
		return hook.Answer{Result: hook.Ignored, Code: http.StatusAccepted, Text: "not a branch"}
	}
	if !h.deliveries.Fresh(header(r.Header, "X-GitHub-Delivery", "X-Gitea-Delivery"), body) {
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

func parsePush(body []byte) (Push, error) {
	var payload struct {
		Ref        string `json:"ref"`
		Repository struct {
			CloneURL string `json:"clone_url"`
			HTMLURL  string `json:"html_url"`
			URL      string `json:"url"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return Push{}, errors.New("the body isn't the JSON of a push (hint: set the webhook's content type to application/json)")
	}
	var push Push
	for _, u := range []string{payload.Repository.CloneURL, payload.Repository.HTMLURL, payload.Repository.URL} {
		if u != "" {
			push.URLs = append(push.URLs, u)
		}
	}
	push.Branch, _ = strings.CutPrefix(payload.Ref, "refs/heads/")
	if push.Branch == payload.Ref {
		push.Branch = ""
	}
	return push, nil
}

// Matches tells whether a source's address may be one of the push's. The host is
// left out: inside a cluster a forge often goes by another name than it gives
// itself, and a source asked in vain costs one request.
func (p Push) Matches(address, branch string) bool {
	if branch != p.Branch {
		return false
	}
	want := giturl.Tail(address)
	for _, u := range p.URLs {
		if got := giturl.Tail(u); got != "" && got == want {
			return true
		}
	}
	return false
}
