package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

const (
	maxRefsBytes   = 64 << 20 // the list of references: room for 500,000 of them
	maxReportBytes = 4 << 20  // the answer to a push, hooks' messages included
	maxHeadBytes   = 16 << 20 // what comes before a pack: room for 300,000 shallow commits
	maxErrorBytes  = 2 << 10  // an error page
	maxRedirects   = 5        // in a row; the error of go-git's own limit looks like the network's
)

// roundTripper is the only way by which a request of ours leaves. It adds the
// credentials, for the configured origin alone, bounds every body, and turns what
// isn't Git's answer into typed errors before go-git retells it as text.
type roundTripper struct {
	next         http.RoundTripper
	origin       *url.URL
	auth         Auth
	maxPackBytes int64
}

func newHTTPTransport(origin *url.URL, cfg Config) (transport.Transport, error) {
	next := cfg.Transport
	if next == nil {
		made, err := cfg.Auth.HTTPTransport()
		if err != nil {
			return nil, err
		}
		made.ResponseHeaderTimeout = 0 // a push waits for the server's hooks: Config.Timeout bounds it
		next = made
	}
	return githttp.NewClient(&http.Client{
		Transport:     &roundTripper{next: next, origin: origin, auth: cfg.Auth, maxPackBytes: cfg.MaxPackBytes},
		CheckRedirect: checkRedirect(origin),
	}), nil
}

// RoundTrip implements http.RoundTripper.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(t.origin, req.URL) {
		return nil, &redirectError{to: req.URL.Scheme + "://" + req.URL.Host}
	}
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", "git/towline")
	if err := t.authorize(req); err != nil {
		return nil, err
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	seen := observationOf(req.Context())
	if err := checkAnswer(req, res); err != nil {
		_ = res.Body.Close()
		seen.note(err)
		return nil, err
	}
	body := &watchedBody{ReadCloser: res.Body, left: t.limit(req), seen: seen}
	seen.answer(body)
	res.Body = body
	return res, nil
}

func (t *roundTripper) authorize(req *http.Request) error {
	if !t.auth.Bearer.IsZero() {
		req.Header.Set("Authorization", "Bearer "+t.auth.Bearer.Reveal())
		return nil
	}
	password := t.auth.Password
	if t.auth.Token != nil {
		token, err := t.auth.Token(req.Context())
		if err != nil {
			return &tokenError{err}
		}
		password = token
	}
	if password.IsZero() {
		return nil
	}
	user := t.auth.Username
	if user == "" {
		user = "x-access-token"
	}
	req.SetBasicAuth(user, password.Reveal())
	return nil
}

func (t *roundTripper) limit(req *http.Request) int64 {
	switch {
	case strings.HasSuffix(req.URL.Path, "/info/refs"):
		return maxRefsBytes
	case strings.HasSuffix(req.URL.Path, "/git-upload-pack"):
		return min(maxHeadBytes, t.maxPackBytes) // until the pack begins
	}
	return maxReportBytes
}

// checkAnswer lets redirects pass, for http.Client to ask checkRedirect.
func checkAnswer(req *http.Request, res *http.Response) error {
	if res.StatusCode >= 300 && res.StatusCode < 400 && res.Header.Get("Location") != "" {
		return nil
	}
	if res.StatusCode != http.StatusOK {
		return &statusError{
			status:     res.StatusCode,
			retryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
			message:    plainMessage(res),
		}
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "application/x-git-") {
		return fmt.Errorf("the answer is %q and not Git's smart protocol (hint: is %s a repository's URL?)", kind, req.URL.Redacted())
	}
	return nil
}

// plainMessage gives the first line of a plain-text error, printable characters only.
func plainMessage(res *http.Response) string {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != "text/plain" {
		return ""
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBytes))
	if err != nil {
		return ""
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	return printable(string(line), 200)
}

// printable keeps a remote's words from driving a terminal or filling a log.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strings.TrimSpace(text)
}

func checkRedirect(origin *url.URL) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch {
		case !sameOrigin(origin, req.URL):
			return &redirectError{to: req.URL.Scheme + "://" + req.URL.Host}
		case len(via) >= maxRedirects:
			return errRedirects
		}
		return nil
	}
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// observation collects what the transport saw during one try. It travels in the
// request's context because go-git takes no other companion along.
type observation struct {
	mu   sync.Mutex
	err  error
	body *watchedBody // the last answer's
}

type observationKey struct{}

func withObservation(ctx context.Context) (context.Context, *observation) {
	seen := &observation{}
	return context.WithValue(ctx, observationKey{}, seen), seen
}

func observationOf(ctx context.Context) *observation {
	seen, _ := ctx.Value(observationKey{}).(*observation)
	return seen
}

func (o *observation) note(err error) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

func (o *observation) answer(body *watchedBody) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.body = body
}

// packBegins lets an answer be as long as a pack may be. What comes before is held in
// memory, so it isn't. Whoever reads the pack calls it.
func (o *observation) packBegins(limit int64) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.body != nil {
		o.body.left = limit
	}
}

func (o *observation) problem() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// watchedBody bounds a body and notes the error that ended it early: go-git's
// decoders would call both a malformed answer.
type watchedBody struct {
	io.ReadCloser
	left int64
	seen *observation
}

func (b *watchedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		err := fmt.Errorf("reading the remote's answer: %w", ErrTooLarge)
		b.seen.note(err)
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.seen.note(err)
	}
	return n, err
}
