package registry

import (
	"context"
	"net/http"
	"time"
)

// attempt sends one request and reads its whole answer before handing it on.
// So a body that breaks off or drips is this attempt's failure, which the retry
// around it can mend, and the connection is free again when RoundTrip returns.
type attempt struct {
	next    http.RoundTripper
	timeout time.Duration
	maxBody int64
}

// RoundTrip implements http.RoundTripper.
func (a *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), a.timeout)
	defer cancel()
	resp, err := a.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // what mattered has been read

	body, err := readBody(resp.Body, resp.ContentLength, a.maxBody)
	if err != nil {
		return nil, err
	}
	answer := *resp
	answer.Request = req
	answer.Header = resp.Header.Clone()
	answer.Body = body
	if req.Method != http.MethodHead {
		answer.ContentLength = body.size
	}
	return &answer, nil
}
