package openapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed/openapi"
)

// A transport that reports nothing proves nothing, so each kind of misfit is tried.
func TestTransport(t *testing.T) {
	description, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	const label = `{"id":1,"node_id":"L","url":"http://localhost/l","name":"x","description":null,"color":"ededed","default":false}`
	for _, test := range []struct {
		name, method, path, request string
		status                      int
		answer                      string
		want                        []string // what each report says
	}{
		{"fits", "GET", "/api/v3/repos/o/r/labels", "", 200, "[" + label + "]", nil},
		{"slash in a branch", "GET", "/api/v3/repos/o/r/branches/a/b", "", 404, `{"message":"Branch not found"}`, nil},
		{"no such path", "GET", "/api/v3/nowhere", "", 200, "{}", []string{"request GET /api/v3/nowhere"}},
		{"request lacks a field", "POST", "/api/v3/repos/o/r/pulls", `{"base":"main"}`, 404, `{"message":"Not Found"}`, []string{`property "head" is missing`}},
		{"request of a wrong type", "POST", "/api/v3/repos/o/r/statuses/abc", `{"state":"fine"}`, 404, `{"message":"Not Found"}`, []string{"state"}},
		{"answer lacks a field", "GET", "/api/v3/repos/o/r/labels", "", 200, `[{"id":1}]`, []string{`property "name" is missing`}},
		{"answer of a wrong type", "GET", "/api/v3/repos/o/r/labels", "", 200, strings.Replace("["+label+"]", "1", `"1"`, 1), []string{"id"}},
		{"nothing new", "GET", "/api/v3/repos/o/r/labels", "", 304, "", nil},
		{"GraphQL that fits", "POST", "/api/graphql", `{"query":"query($n: Int!) { repository(owner: \"o\", name: \"r\") { pullRequest(number: $n) { id } } }","variables":{"n":1}}`, 200, "{}", nil},
		{"GraphQL of an unknown field", "POST", "/api/graphql", `{"query":"{ repository(owner: \"o\", name: \"r\") { stars } }"}`, 200, "{}", []string{"stars"}},
		{"GraphQL with a wrong variable", "POST", "/api/graphql", `{"query":"query($n: Int!) { repository(owner: \"o\", name: \"r\") { pullRequest(number: $n) { id } } }","variables":{"n":"x"}}`, 200, "{}", []string{"variable"}},
		{"undescribed success", "GET", "/api/v3/repos/o/r/labels", "", 203, "[]", []string{"status"}},
		{"undescribed error", "GET", "/api/v3/repos/o/r/labels", "", 401, `{"message":"Bad credentials","status":"401"}`, nil},
		{"undescribed error without message", "GET", "/api/v3/repos/o/r/labels", "", 401, `{}`, []string{"without a message"}},
		{"undescribed error that isn't JSON", "GET", "/api/v3/repos/o/r/labels", "", 502, `<html>`, []string{"isn't JSON"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != test.request {
					t.Errorf("the server got the body %q, want %q", body, test.request)
				}
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			}))
			defer server.Close()
			var got []string
			client := &http.Client{Transport: &openapi.Transport{
				Description: description, Prefix: "/api/v3", Report: func(v openapi.Violation) { got = append(got, v.Error()) },
			}}
			var body io.Reader
			if test.request != "" {
				body = strings.NewReader(test.request)
			}
			req, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			answer, err := io.ReadAll(resp.Body)
			if err != nil || string(answer) != test.answer || resp.StatusCode != test.status {
				t.Errorf("the client got %d %q, error %v", resp.StatusCode, answer, err)
			}
			if len(got) != len(test.want) {
				t.Fatalf("reports: %q, want %d", got, len(test.want))
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("report %q, want one with %q", got[i], want)
				}
			}
		})
	}
}
