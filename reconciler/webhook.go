package reconciler

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/towline-dev/towline/internal/secret"
)

// Bounds of a webhook. GitHub sends up to 25 MiB, but for pushes of thousands of
// commits only; those are found by polling.
const (
	maxWebhook      = 5 << 20
	knownDeliveries = 1024
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
// or wrong signature, 405, 413 and 400 to what else is wrong, and 503 where more come
// at once than it has memory for. A delivery that
// comes again is answered alike and triggers nothing.
type Webhook struct {
	key     secret.String
	trigger func(Push) int
	answer  func(code int)
	places  chan struct{}

	mu    sync.Mutex
	known map[string]bool
	order []string
}

// NewWebhook gives a handler that calls trigger for each push; trigger tells how
// many sources it concerned. An empty key is an error: it would let in anybody.
func NewWebhook(key secret.String, trigger func(Push) int) (*Webhook, error) {
	if key.IsZero() {
		return nil, errors.New("a webhook needs a secret")
	}
	return &Webhook{
		key: key, trigger: trigger, answer: func(int) {},
		places: make(chan struct{}, webhooksAtOnce), known: map[string]bool{},
	}, nil
}

// ServeHTTP implements http.Handler.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, text := h.handle(w, r)
	h.answer(code)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // a forge that went away needs no answer
}

func (h *Webhook) handle(w http.ResponseWriter, r *http.Request) (int, string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, "send a webhook by POST"
	}
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	default:
		return http.StatusServiceUnavailable, "too many at once"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, "too large"
	}
	if err != nil {
		return http.StatusBadRequest, "the body ended early"
	}
	if !h.signed(r.Header, body) {
		return http.StatusUnauthorized, "no valid signature"
	}
	if kind := header(r.Header, "X-GitHub-Event", "X-Gitea-Event"); kind != "push" {
		return http.StatusAccepted, "nothing to do"
	}
	push, err := parsePush(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	if push.Branch == "" {
		return http.StatusAccepted, "not a branch"
	}
	if !h.fresh(header(r.Header, "X-GitHub-Delivery", "X-Gitea-Delivery")) {
		return http.StatusAccepted, "known already"
	}
	return http.StatusAccepted, fmt.Sprintf("asking %d sources", h.trigger(push))
}

func header(h http.Header, names ...string) string {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// signed checks the signature. GitHub's header has the algorithm before it, that
// of older Gitea hasn't.
func (h *Webhook) signed(headers http.Header, body []byte) bool {
	text, ok := strings.CutPrefix(headers.Get("X-Hub-Signature-256"), "sha256=")
	if !ok {
		text = headers.Get("X-Gitea-Signature")
	}
	got, err := hex.DecodeString(text)
	if err != nil || len(got) != sha256.Size {
		return false
	}
	mac := hmac.New(sha256.New, []byte(h.key.Reveal()))
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}

// fresh tells whether a delivery is seen for the first time, as far as remembered.
func (h *Webhook) fresh(id string) bool {
	if id == "" {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known[id] {
		return false
	}
	if len(h.order) >= knownDeliveries {
		delete(h.known, h.order[0])
		h.order = h.order[1:]
	}
	h.known[id] = true
	h.order = append(h.order, id)
	return true
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
	want := repositoryPath(address)
	for _, u := range p.URLs {
		if got := repositoryPath(u); got != "" && got == want {
			return true
		}
	}
	return false
}

// repositoryPath gives OWNER/NAME, in lower case: the last two parts of the path,
// because a forge may live below a path of its host.
func repositoryPath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	clean := strings.TrimSuffix(strings.ToLower(path.Clean("/"+u.Path)), ".git")
	parts := strings.Split(strings.Trim(clean, "/"), "/")
	if parts[len(parts)-1] == "" {
		return ""
	}
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}
