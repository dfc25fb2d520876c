package gitlab

import (
	"context"
	"errors"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// classify turns the SDK's error into the forge's.
func (f *Forge) classify(ctx context.Context, op string, resp *gitlab.Response, err error) error {
	failure := api.Failure{Op: op, Err: err, Now: f.now()}
	if resp != nil && resp.Response != nil {
		failure.Status, failure.Header = resp.StatusCode, limits(resp.Header)
	}
	var refused *gitlab.ErrorResponse
	if errors.As(err, &refused) {
		failure.Message = refused.Message
	}
	return api.Classify(ctx, failure)
}

// limits gives GitLab's rate limit headers the names of the common ones.
func limits(header http.Header) http.Header {
	remaining := header.Get("RateLimit-Remaining")
	if remaining == "" {
		return header
	}
	out := header.Clone()
	out.Set("X-RateLimit-Remaining", remaining)
	out.Set("X-RateLimit-Reset", header.Get("RateLimit-Reset"))
	return out
}

// status gives the HTTP status of a classified error, or 0.
func status(err error) int {
	var failed *forge.Error
	if errors.As(err, &failed) {
		return failed.Status
	}
	return 0
}

// as gives the error another meaning.
func as(err, meaning error) error {
	var failed *forge.Error
	if !errors.As(err, &failed) {
		return err
	}
	known := *failed
	known.Err = meaning
	return &known
}

// isThere gives the error the other meaning if the project is there and the token may
// see it: then something else was meant.
func (f *Forge) isThere(ctx context.Context, err, meaning error) error {
	if _, _, lookErr := f.client.Projects.GetProject(f.project, nil, gitlab.WithContext(ctx)); lookErr != nil {
		return err
	}
	return as(err, meaning)
}

// refused makes an error for what is known without a call.
func refused(op, why string, err error) error {
	return &forge.Error{Op: op, Message: why, Err: err}
}
