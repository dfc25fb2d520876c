// Package openapi holds what passes between a client and a server of GitHub's
// REST API against GitHub's own OpenAPI description of it, cut down to the paths
// that Towline's tests use (testdata/NOTICE.md says where it comes from).
//
// A fake that merely satisfies its author proves nothing; one whose every answer
// fits GitHub's description is wrong in fewer ways.
package openapi

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // for the description
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed testdata/github.json.gz
var description []byte

// Description is GitHub's description, ready for use by many at once.
type Description struct {
	router  routers.Router
	basic   *openapi3.Schema // of an error that a path doesn't describe
	graphql *ast.Schema
}

// Load reads the description, which takes a tenth of a second.
func Load() (*Description, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(description))
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	basic := doc.Components.Schemas["basic-error"]
	if basic == nil {
		return nil, errors.New("reading GitHub's description: it has no basic-error")
	}
	schema, err := loadGraphQL()
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's GraphQL schema: %w", err)
	}
	return &Description{router: router, basic: basic.Value, graphql: schema}, nil
}

// Violation is something that doesn't fit the description.
type Violation struct {
	Method, Path string
	Status       int // 0 for a request
	Err          error
}

// Error tells what was said, and why it doesn't fit.
func (v Violation) Error() string {
	if v.Status == 0 {
		return fmt.Sprintf("the request %s %s doesn't fit GitHub's description: %v", v.Method, v.Path, v.Err)
	}
	return fmt.Sprintf("the answer %d to %s %s doesn't fit GitHub's description: %v", v.Status, v.Method, v.Path, v.Err)
}

// Unwrap gives the reason.
func (v Violation) Unwrap() error { return v.Err }

// Transport passes requests on, and reports what doesn't fit. The request is
// made in any case.
type Transport struct {
	Description *Description
	Prefix      string            // what the API's paths begin with, such as /api/v3
	Base        http.RoundTripper // nil means http.DefaultTransport
	Report      func(Violation)
}

// RoundTrip makes the request.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drain(req.Body)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	check := t.Description.Request
	if strings.HasSuffix(req.URL.Path, "/graphql") {
		check = t.Description.graphqlRequest
	}
	checked, problem := check(req.Context(), t.strip(req, body))
	if problem != nil {
		t.Report(Violation{Method: req.Method, Path: req.URL.Path, Err: problem})
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := drain(resp.Body)
	if err != nil {
		return nil, err // cut off, which no description covers
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if checked != nil {
		if problem := t.Description.answer(req.Context(), checked, resp, answer); problem != nil {
			t.Report(Violation{Method: req.Method, Path: req.URL.Path, Status: resp.StatusCode, Err: problem})
		}
	}
	return resp, nil
}

// strip copies the request with the path as the description has it.
func (t *Transport) strip(req *http.Request, body []byte) *http.Request {
	out := req.Clone(req.Context())
	out.URL.Path = strings.TrimPrefix(req.URL.Path, t.Prefix)
	out.URL.RawPath = strings.TrimPrefix(req.URL.RawPath, t.Prefix)
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/labels") && bytes.HasPrefix(body, []byte("[")) {
		// The description of this parameter allows a bare list in its words, its
		// schema doesn't. go-github sends one.
		body = slices.Concat([]byte(`{"labels":`), body, []byte("}"))
		out.ContentLength = int64(len(body))
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	return out
}

func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return data, err
}

// Request checks a request, whose body it uses up. What it returns beside the
// error is for the answer's check; nil where the path isn't described.
func (d *Description) Request(ctx context.Context, req *http.Request) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, RejectWhenRequestBodyNotSpecified: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	return input, openapi3filter.ValidateRequest(ctx, input)
}

func (d *Description) answer(ctx context.Context, input *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusNotModified && len(body) == 0 {
		return nil // GitHub gives it on every path that has an ETag, and describes it on few
	}
	if resp.StatusCode >= 400 && input.Route.Operation.Responses.Status(resp.StatusCode) == nil {
		return d.undescribed(body)
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
}

// undescribed checks an error that GitHub gives on every path, such as 401 or a
// rate limit, and therefore describes on few: it has the basic shape.
func (d *Description) undescribed(body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("an error whose body isn't JSON: %w", err)
	}
	if err := d.basic.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return err
	}
	fields, _ := value.(map[string]any)
	if message, _ := fields["message"].(string); message == "" {
		return errors.New("an error without a message")
	}
	return nil
}
