package registry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// pings answers GET /v2/ from memory: go-containerregistry begins each
// repository with it, to learn how the registry wants credentials, and all of
// a host's repositories get the same answer. Only the two answers that tell are
// remembered, and for a while.
type pings struct {
	next     http.RoundTripper
	registry name.Registry
	now      func() time.Time
	memory   memo[string, *ping] // by URL

	mu     sync.Mutex
	scheme string // of the last that was answered
}

// ping is an answer to GET /v2/, to be given to several.
type ping struct {
	status int
	header http.Header
	body   []byte
	at     time.Time
}

const (
	// maxPing is how long an answer is remembered.
	maxPing = time.Hour
	// minPing is how long an answer is believed for certain: a registry that refuses
	// every login isn't asked again how it wants them.
	minPing = time.Minute
	// maxPingBody is as much as go-containerregistry reads of an error document.
	maxPingBody = 64 << 10
)

func newPings(next http.RoundTripper, reg name.Registry, now func() time.Time) *pings {
	p := &pings{next: next, registry: reg, now: now}
	p.memory.keep = func(got *ping, err error) bool { return err == nil && got.tells() }
	return p
}

func (p *ping) tells() bool { return p.status == http.StatusOK || p.status == http.StatusUnauthorized }

// RoundTrip implements http.RoundTripper.
func (p *pings) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.URL.Path != "/v2/" || !sameHost(req.URL.Host, p.registry.RegistryStr(), req.URL.Scheme) {
		return p.next.RoundTrip(req)
	}
	p.forget(maxPing)
	if known := p.answers(""); known != "" && known != req.URL.Scheme {
		return nil, fmt.Errorf("%s isn't asked by %s, since it answers by %s", req.URL.Host, req.URL.Scheme, known)
	}
	got, err := p.memory.get(req.Context(), req.URL.String(), func() (*ping, error) { return p.ask(req) })
	if err != nil {
		return nil, err
	}
	return got.response(req), nil
}

func (p *pings) ask(req *http.Request) (*ping, error) {
	resp, err := p.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got := &ping{status: resp.StatusCode, header: resp.Header, at: p.now()}
	if got.tells() {
		p.answers(req.URL.Scheme)
		return got, nil
	}
	defer func() { _ = resp.Body.Close() }() // it is in memory
	if got.body, err = io.ReadAll(io.LimitReader(resp.Body, maxPingBody)); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return got, nil
}

// forget forgets what is older than age, and tells whether that was anything.
func (p *pings) forget(age time.Duration) bool {
	old := p.now().Add(-age)
	if !p.memory.drop(func(got *ping) bool { return !got.at.After(old) }) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scheme = ""
	return true
}

// answers returns the scheme by which the registry answers, after noting one that isn't "".
func (p *pings) answers(scheme string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scheme = or(scheme, p.scheme)
	return p.scheme
}

func (p *ping) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(p.status), StatusCode: p.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.header.Clone(), Body: io.NopCloser(bytes.NewReader(p.body)), ContentLength: int64(len(p.body)), Request: req,
	}
}
