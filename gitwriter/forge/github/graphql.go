package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// graphqlURL is where GraphQL stands beside the REST API: /graphql, or /api/graphql
// on GitHub Enterprise Server, whose REST API is under /api/v3.
func graphqlURL(rest *url.URL) string {
	out := *rest
	out.Path = strings.TrimSuffix(rest.Path, "/")
	if before, ok := strings.CutSuffix(out.Path, "/v3"); ok {
		out.Path = before
	}
	out.Path += "/graphql"
	return out.String()
}

// graphErrors are the errors of an answer that has status 200.
type graphErrors []struct {
	Type       string
	Message    string
	Extensions struct{ Code string }
}

// query makes one GraphQL request and decodes its data. Whatever Towline asks for may
// be asked for twice: questions, and a wish that is the same wish the second time.
func (f *Forge) query(ctx context.Context, op, document string, variables map[string]any, into any) error {
	sdk := f.sdk()
	request, err := sdk.NewRequest(http.MethodPost, graphqlURL(f.base), map[string]any{"query": document, "variables": variables})
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	var answer struct {
		Data   json.RawMessage
		Errors graphErrors
	}
	resp, err := sdk.Do(api.Repeatable(ctx), request, &answer)
	if err != nil {
		return f.classify(ctx, op, resp, err)
	}
	if len(answer.Errors) > 0 {
		return f.graphError(op, resp, answer.Errors)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return f.classify(ctx, op, resp, err)
	}
	return nil
}

// graphError goes by GitHub's type of the first error. An Enterprise Server too old
// to know a field says so by a code.
func (f *Forge) graphError(op string, resp *github.Response, errs graphErrors) error {
	first := errs[0]
	cause := forge.ErrInvalid
	switch first.Type {
	case "NOT_FOUND":
		cause = forge.ErrNotFound
	case "FORBIDDEN", "INSUFFICIENT_SCOPES":
		cause = forge.ErrForbidden
	case "UNPROCESSABLE":
		cause = forge.ErrNotReady
	case "INTERNAL", "SERVICE_UNAVAILABLE":
		cause = forge.ErrUnavailable
	case "RATE_LIMITED":
		return &forge.RateLimitError{Op: op, RetryAfter: max(resp.Rate.Reset.Sub(f.now()), time.Minute)}
	}
	if first.Extensions.Code == "undefinedField" {
		cause = forge.ErrUnsupported
	}
	return &forge.Error{Op: op, Status: resp.StatusCode, Message: forge.OneLine(first.Message), Err: cause}
}
