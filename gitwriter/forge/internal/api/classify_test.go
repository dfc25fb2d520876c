package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

func TestClassify(t *testing.T) {
	for _, test := range []struct {
		name      string
		failure   api.Failure
		want      error
		temporary bool
	}{
		{"401", api.Failure{Status: 401}, forge.ErrUnauthorized, false},
		{"403", api.Failure{Status: 403}, forge.ErrForbidden, false},
		{"404", api.Failure{Status: 404}, forge.ErrNotFound, false},
		{"410", api.Failure{Status: 410}, forge.ErrNotFound, false},
		{"409", api.Failure{Status: 409}, forge.ErrExists, false},
		{"422", api.Failure{Status: 422}, forge.ErrInvalid, false},
		{"400", api.Failure{Status: 400}, forge.ErrInvalid, false},
		{"408", api.Failure{Status: 408}, forge.ErrUnavailable, true},
		{"500", api.Failure{Status: 500}, forge.ErrUnavailable, true},
		{"501", api.Failure{Status: 501}, forge.ErrUnsupported, false},
		{"503", api.Failure{Status: 503}, forge.ErrUnavailable, true},
		{"no answer", api.Failure{Err: errors.New("connection refused")}, forge.ErrUnavailable, true},
		{"a success that can't be read", api.Failure{Status: 200, Err: errors.New("invalid character '<'")}, forge.ErrUnavailable, true},
		{"another host", api.Failure{Err: &api.ForeignOriginError{Host: "evil"}}, forge.ErrInvalid, false},
		{"too large", api.Failure{Err: &api.TooLargeError{Limit: 1}}, forge.ErrInvalid, false},
		{"known already", api.Failure{Err: &forge.Error{Err: forge.ErrExists}, Status: 500}, forge.ErrExists, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.failure.Err == nil {
				test.failure.Err = errors.New("refused")
			}
			err := api.Classify(t.Context(), test.failure)
			if !errors.Is(err, test.want) || forge.Temporary(err) != test.temporary {
				t.Errorf("got %v, temporary %t; want %v, %t", err, forge.Temporary(err), test.want, test.temporary)
			}
		})
	}
}

func TestClassifyKeepsTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := api.Classify(ctx, api.Failure{Op: "listing", Err: errors.New("net/http: request canceled")})
	if !errors.Is(err, context.Canceled) || forge.Temporary(err) || !strings.HasPrefix(err.Error(), "listing: ") {
		t.Errorf("got %v", err)
	}
}

func TestClassifyRateLimits(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const reset = "1772367600" // 12:20 of the same day
	for _, test := range []struct {
		name      string
		status    int
		header    map[string]string
		known     bool // the SDK knows it for a secondary limit
		wait      time.Duration
		secondary bool
	}{
		{"primary by 403", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, false, 20 * time.Minute, false},
		{"primary by 429", 429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, false, 20 * time.Minute, false},
		{"by the server's clock", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset, "Date": "Sun, 01 Mar 2026 12:19:00 GMT"}, false, time.Minute, false},
		{"reset in the past", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, false, time.Second, false},
		{"absurd reset", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}, false, 24 * time.Hour, false},
		{"secondary", 403, map[string]string{"Retry-After": "90", "X-RateLimit-Remaining": "10"}, false, 90 * time.Second, true},
		{"secondary by date", 429, map[string]string{"Retry-After": "Sun, 01 Mar 2026 12:02:00 GMT"}, false, 2 * time.Minute, true},
		{"secondary without a wait", 403, nil, true, time.Minute, true},
		{"too many without a wait", 429, nil, false, time.Minute, true},
		{"negative wait", 429, map[string]string{"Retry-After": "-5"}, false, time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			for key, value := range test.header {
				header.Set(key, value)
			}
			err := api.Classify(t.Context(), api.Failure{
				Status: test.status, Header: header, Err: errors.New("refused"), Now: now, Secondary: test.known,
			})
			var limited *forge.RateLimitError
			if !errors.As(err, &limited) || limited.RetryAfter != test.wait || limited.Secondary != test.secondary {
				t.Errorf("got %v, want a wait of %s, secondary %t", err, test.wait, test.secondary)
			}
		})
	}
}
