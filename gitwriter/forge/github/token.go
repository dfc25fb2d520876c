package github

import (
	"context"
	"fmt"
	"net/http"

	"github.com/towline-dev/towline/internal/secret"
)

// GitUsername is the user name that goes with TokenSource's token in Git's basic
// authentication. GitHub asks for it with an App's token, and takes it with others.
const GitUsername = "x-access-token"

// TokenSource gives the credential for Git over HTTPS: the token as configured,
// or the App's current one, fetched anew a minute before it runs out. It is good
// for the host of the API's repositories only; internal/gitrepo sees to that.
func (f *Forge) TokenSource() func(context.Context) (secret.String, error) {
	return func(ctx context.Context) (secret.String, error) {
		if f.app == nil {
			return f.token(ctx)
		}
		token, err := f.app.Token(ctx)
		if err != nil {
			return secret.String{}, f.classify(ctx, "getting a token for Git", nil, err)
		}
		return secret.New(token), nil
	}
}

// bearer signs calls with a token that may change.
type bearer struct {
	next  http.RoundTripper
	token func(context.Context) (secret.String, error)
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := b.token(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as whoever ends a call early has to
		}
		return nil, fmt.Errorf("asking for a token: %w", err)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return b.next.RoundTrip(req)
}
