package github

import (
	"context"
	"errors"
	"net/http"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// classify turns go-github's and ghinstallation's errors into the forge's.
func (f *Forge) classify(ctx context.Context, op string, resp *github.Response, err error) error {
	failure := api.Failure{Op: op, Err: err, Now: f.now()}
	if resp != nil && resp.Response != nil {
		failure.Status, failure.Header = resp.StatusCode, resp.Header
	}
	var secondary *github.AbuseRateLimitError
	failure.Secondary = errors.As(err, &secondary)
	var refused *github.ErrorResponse
	if errors.As(err, &refused) {
		failure.Message = words(refused)
	}
	// The App's own token is fetched beneath the call, whose answer is nil then.
	var app *ghinstallation.HTTPError
	if errors.As(err, &app) && app.Response != nil {
		failure.Op = op + ": getting the GitHub App's token"
		failure.Status, failure.Header = app.Response.StatusCode, app.Response.Header
		if app.Response.StatusCode == http.StatusNotFound {
			return &forge.Error{Op: failure.Op, Status: http.StatusNotFound, Message: "no such installation", Err: forge.ErrUnauthorized}
		}
	}
	out := api.Classify(ctx, failure)
	var limited *forge.RateLimitError
	if errors.As(out, &limited) && failure.Secondary {
		f.quota.Hold(limited.RetryAfter) // the headers alone needn't tell it
	}
	return out
}

// words joins GitHub's message with the details of its list of errors.
func words(r *github.ErrorResponse) string {
	text := r.Message
	for _, detail := range r.Errors {
		switch {
		case detail.Message != "":
			text += "; " + detail.Message
		case detail.Field != "":
			text += "; " + detail.Field + ": " + detail.Code
		}
	}
	return text
}
