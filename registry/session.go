package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// session is one repository at one place, logged in to: by nothing, by
// credentials with each request, or by a token for that repository. It is kept
// from round to round until the token is about to expire, or the registry takes
// offence; and never for long, so that replaced credentials are taken up.
type session struct {
	at     name.Repository
	puller *remote.Puller
	client *http.Client // for what the puller can't ask

	until atomic.Int64 // when it is to be made anew, in Unix nanoseconds
	used  atomic.Bool
}

const (
	// maxSession is shorter than the life of any credentials that a cloud gives out.
	maxSession = 30 * time.Minute
	// maxTokenBody is go-containerregistry's bound.
	maxTokenBody = 64 << 10
	// maxTokenRequest bounds the address and the body of a request for a token, in
	// bytes. go-containerregistry asks for every scope that the registry has named since
	// the session began, and keeps them.
	maxTokenRequest = 16 << 10
)

// newSession reads the credentials, asks the registry how it wants them, and
// exchanges them for a token where it wants that.
func newSession(ctx context.Context, c Config, h *host, at name.Repository) (*session, error) {
	auth, err := keychain{hostConfig(c, at.RegistryStr()).Keychain}.ResolveContext(ctx, at)
	if err != nil {
		return nil, err
	}
	s := &session{at: at}
	s.until.Store(c.Now().Add(maxSession).UnixNano())
	tokens := &tokenWatch{next: h.transport, session: s, now: c.Now}
	login, err := transport.NewWithContext(ctx, at.Registry, auth,
		transport.NewUserAgent(tokens, c.UserAgent), []string{at.Scope(transport.PullScope)})
	if err != nil {
		return nil, err
	}
	// A transport that has logged in is used by the puller as it is: it neither logs
	// in again nor tries again, which is ours alone to do.
	if s.puller, err = remote.NewPuller(remote.WithTransport(login)); err != nil {
		return nil, err
	}
	s.client = &http.Client{Transport: login}
	return s, nil
}

func (s *session) expired(now time.Time) bool { return now.UnixNano() >= s.until.Load() }

// tokenWatch learns from the token server's answers how long the token lives:
// go-containerregistry would find out by being refused. It stands in the way of what
// go-containerregistry doesn't bound, and of an answer that it would quote in an error.
type tokenWatch struct {
	next    http.RoundTripper
	session *session
	now     func() time.Time
}

// RoundTrip implements http.RoundTripper.
func (w *tokenWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.isOurs(req) {
		return w.next.RoundTrip(req)
	}
	if size := int64(len(req.URL.RawQuery)); max(size, req.ContentLength) > maxTokenRequest {
		w.session.until.Store(0) // its scopes go with it
		return nil, fmt.Errorf("%w: the registry asks for a token of more scopes than fit in %d bytes", ErrBadAnswer, maxTokenRequest)
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK || resp.ContentLength > maxTokenBody {
		return resp, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	if err := w.learn(text); err != nil {
		return nil, err
	}
	return resp, nil
}

// learn reads a token server's answer. That it can't be read go-containerregistry says.
func (w *tokenWatch) learn(text []byte) error {
	var token struct {
		Token       string  `json:"token"`
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds; absent in many
	}
	readable := json.Unmarshal(text, &token) == nil
	switch {
	case readable && token.Token == "" && token.AccessToken == "":
		return fmt.Errorf("%w: the token server's answer holds no token", ErrBadAnswer)
	case readable && token.ExpiresIn > 0:
		// A tenth of its life is left for the call that it is used in.
		life := time.Duration(min(0.9*token.ExpiresIn, maxSession.Seconds()) * float64(time.Second))
		w.session.until.Store(w.now().Add(life).UnixNano())
	}
	return nil
}

// isOurs tells requests to the registry itself, and where it redirects them to, from
// those to the token server, which may be the same host.
func (w *tokenWatch) isOurs(req *http.Request) bool {
	at := w.session.at
	req = first(req)
	return sameHost(req.URL.Host, at.RegistryStr(), req.URL.Scheme) &&
		(req.URL.Path == "/v2/" || strings.HasPrefix(req.URL.Path, "/v2/"+at.RepositoryStr()+"/"))
}
