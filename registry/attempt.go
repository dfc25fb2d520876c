package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

	body, err := io.ReadAll(io.LimitReader(resp.Body, a.maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > a.maxBody {
		return nil, fmt.Errorf("%w: the body is larger than %d bytes", ErrBadAnswer, a.maxBody)
	}
	answer := *resp
	answer.Request = req
	answer.Header = resp.Header.Clone()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if req.Method != http.MethodHead {
		answer.ContentLength = int64(len(body))
	}
	return &answer, nil
}
