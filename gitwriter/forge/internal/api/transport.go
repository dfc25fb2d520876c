// Package api holds what all adapters of a forge's REST API share: a transport
// that is bounded in every direction and talks to one origin alone, and the
// table from HTTP answers to this module's errors. It knows no forge's formats.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
)

// Transport carries the calls of one adapter.
//
// It reads an answer as a whole before handing it on, so that an answer cut off
// half-way is a network error like any other: API answers are small, and one
// rule for trying again can then cover every way in which a call fails.
type Transport struct {
	Origin    *url.URL          // the only scheme and host that is ever called
	Base      http.RoundTripper // nil: http.DefaultTransport
	UserAgent string            // "" leaves the SDK's
	Timeout   time.Duration     // for one try, body included; 0: 30 seconds
	MaxBody   int64             // bytes of one answer; 0: 16 MiB
	Delay     time.Duration     // before the second try; 0: 500 ms
	Cache     *Cache            // nil: every answer is fetched as a whole
	Quota     *quota.Quota      // nil: limits that the server tells end no other call
	// Kind tells the quota what a request is; nil: of the API's calls, without content.
	Kind func(*http.Request) quota.Request
}

const (
	defaultTimeout = 30 * time.Second
	defaultMaxBody = 16 << 20
	defaultDelay   = 500 * time.Millisecond
)

// ParseOrigin reads the address of an API. Credentials in it are refused,
// because an address is shown in logs.
func ParseOrigin(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		// url.Error repeats the address, password and all.
		return nil, errors.New("the forge's address isn't a URL")
	case u.User != nil:
		return nil, errors.New("the forge's address holds credentials (give them as a token instead)")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("the forge's address %q isn't an http or https URL", u)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the forge's address %q has a query or fragment", u)
	}
	return u, nil
}

// SameOrigin tells whether both have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(hostPort(a), hostPort(b))
}

func hostPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "https":
		return u.Host + ":443"
	default:
		return u.Host + ":80"
	}
}

// ForeignOriginError says that a server pointed elsewhere (a redirect, a paging
// link), where the credential must not go.
type ForeignOriginError struct{ Host string }

// Error names the host that wasn't called.
func (e *ForeignOriginError) Error() string {
	return fmt.Sprintf("the forge sent us on to another host, %q, which gets no credential", e.Host)
}

// TooLargeError says that an answer was longer than Transport.MaxBody.
type TooLargeError struct{ Limit int64 }

// Error tells the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.Limit)
}

type repeatable struct{}

// Repeatable marks the calls made with the context as harmless to repeat. GET
// and HEAD need no mark.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatable{}, true)
}

func mayRepeat(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return false
	}
	marked, _ := req.Context().Value(repeatable{}).(bool)
	return marked || req.Method == http.MethodGet || req.Method == http.MethodHead
}

// RoundTrip makes the call, and once more where that is allowed and the first
// try ended in a network error or a 5xx answer.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !SameOrigin(req.URL, t.Origin) {
		return nil, &ForeignOriginError{Host: req.URL.Host}
	}
	req, known := t.Cache.ask(req)
	resp, err := t.tries(req)
	if err != nil {
		return nil, err
	}
	if err := t.Cache.answer(req, resp, known); err != nil {
		return nil, err
	}
	return resp.Response, nil
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body []byte
}

// tries makes the call, and once more where that is allowed.
func (t *Transport) tries(req *http.Request) (*answer, error) {
	resp, err := t.try(req)
	if !failed(resp, err) || !mayRepeat(req) || req.Context().Err() != nil {
		return resp, err
	}
	timer := time.NewTimer(orDefault(t.Delay, defaultDelay))
	defer timer.Stop()
	select {
	case <-req.Context().Done():
		return resp, err
	case <-timer.C:
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, bodyErr := req.GetBody()
		if bodyErr != nil {
			return resp, err
		}
		again.Body = body
	}
	return t.try(again)
}

func failed(resp *answer, err error) bool {
	var large *TooLargeError
	var limited *forge.RateLimitError
	if err != nil {
		return !errors.As(err, &large) && !errors.As(err, &limited)
	}
	return resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
}

// try makes one call, as soon as the quota allows, and reads its whole answer within
// the timeout.
func (t *Transport) try(req *http.Request) (*answer, error) {
	var kind quota.Request
	if t.Kind != nil {
		kind = t.Kind(req)
	}
	if err := t.Quota.Admit(req.Context(), kind); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as whoever ends a call early has to
		}
		return nil, err
	}
	resp, err := t.send(req)
	if err != nil {
		t.Quota.Unanswered()
		return nil, err
	}
	t.Quota.Answered(kind, resp.StatusCode, resp.Header)
	return resp, nil
}

func (t *Transport) send(req *http.Request) (*answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), orDefault(t.Timeout, defaultTimeout))
	defer cancel()
	req = req.Clone(ctx)
	if t.UserAgent != "" {
		req.Header.Set("User-Agent", t.UserAgent)
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req) //nolint:bodyclose // readAll closes it
	if err != nil {
		return nil, err
	}
	body, err := readAll(resp.Body, orDefault(t.MaxBody, defaultMaxBody))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return &answer{Response: resp, body: body}, nil
}

func readAll(body io.ReadCloser, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	if err == nil && int64(len(data)) > limit {
		err = &TooLargeError{Limit: limit}
	}
	return data, err
}

func orDefault[T time.Duration | int64](value, fallback T) T {
	if value > 0 {
		return value
	}
	return fallback
}
