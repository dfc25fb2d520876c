package github

import (
	"context"

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
			return f.token, nil
		}
		token, err := f.app.Token(ctx)
		if err != nil {
			return secret.String{}, f.classify(ctx, "getting a token for Git", nil, err)
		}
		return secret.New(token), nil
	}
}
