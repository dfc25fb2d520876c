package github

import (
	"context"
	"errors"
	"net/http"
	"time"

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
	// After a primary limit go-github answers by itself until the reset, with a
	// made-up response that has no headers.
	var primary *github.RateLimitError
	if errors.As(err, &primary) {
		wait := max(primary.Rate.Reset.Sub(f.now()), time.Second)
		if primary.Response.Header.Get("X-RateLimit-Reset") == "" {
			return &forge.RateLimitError{Op: op, RetryAfter: wait}
		}
	}
	var secondary *github.AbuseRateLimitError
	if errors.As(err, &secondary) {
		if secondary.RetryAfter != nil && secondary.Response.Header.Get("Retry-After") == "" {
			return &forge.RateLimitError{Op: op, RetryAfter: max(*secondary.RetryAfter, time.Second), Secondary: true}
		}
		failure.Secondary = true
	}
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
	return api.Classify(ctx, failure)
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
