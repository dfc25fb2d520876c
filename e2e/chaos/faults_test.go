package chaos_test

import (
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// refusal answers as the API server does when it refuses.
func refusal(code int, reason string, header ...string) spoiling {
	return func(answer http.ResponseWriter, _ *http.Request, _ http.Handler) {
		answer.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			answer.Header().Set(header[i], header[i+1])
		}
		answer.WriteHeader(code)
		_, _ = fmt.Fprintf(answer, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"a made up fault","code":%d}`, reason, code)
	}
}

// abort cuts the connection, as net/http has it.
func abort() {
	panic(http.ErrAbortHandler) //nolint:forbidigo // the only way to do so
}

func cutBefore(http.ResponseWriter, *http.Request, http.Handler) { abort() }

// cutAfter lets the API server do it, and its answer get lost.
func cutAfter(_ http.ResponseWriter, request *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), request)
	abort()
}

// truncated gives half of the answer.
func truncated(answer http.ResponseWriter, request *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, request)
	maps.Copy(answer.Header(), whole.Header())
	answer.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
	answer.WriteHeader(whole.Code)
	_, _ = answer.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	abort()
}

// page answers as a proxy does that has a page for what it can't reach.
func page(answer http.ResponseWriter, _ *http.Request, _ http.Handler) {
	answer.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(answer, "<html>please sign in</html>")
}

// hang says nothing until the client gives up.
func hang(_ http.ResponseWriter, request *http.Request, _ http.Handler) {
	<-request.Context().Done()
	abort()
}

// faults are the ways in which a request goes wrong, by name, in a fixed order.
func faults() []struct {
	name  string
	spoil spoiling
} {
	return []struct {
		name  string
		spoil spoiling
	}{
		{"401", refusal(401, "Unauthorized")},
		{"403", refusal(403, "Forbidden")},
		{"409", refusal(409, "Conflict")},
		{"422", refusal(422, "Invalid")},
		{"429", refusal(429, "TooManyRequests", "Retry-After", "1")},
		{"500", refusal(500, "InternalError")},
		{"503", refusal(503, "ServiceUnavailable")},
		{"time-out", hang},
		{"cut before", cutBefore},
		{"cut after", cutAfter},
		{"half an answer", truncated},
		{"a page", page},
	}
}
