package hook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/hook"
)

// endpoint is one that keeps what it was told, and tells of what it answered.
func endpoint(t *testing.T, edit func(*hook.Config)) (e *hook.Endpoint, bodies *[]string, answers *[]int) {
	t.Helper()
	bodies, answers = &[]string{}, &[]int{}
	c := hook.Config{
		MaxBody: 100,
		Tell: func(_ http.ResponseWriter, _ *http.Request, body []byte) hook.Answer {
			*bodies = append(*bodies, string(body))
			return hook.Answer{Result: hook.Accepted, Code: http.StatusAccepted, Text: "thanks"}
		},
		Observe: func(a hook.Answer) { *answers = append(*answers, a.Code) },
	}
	edit(&c)
	e, err := hook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e, bodies, answers
}

func send(t *testing.T, h http.Handler, method string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, "/", body))
	return answer
}

// broken ends before its end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestEndpoint(t *testing.T) {
	unlengthed := func(n int) io.Reader { return struct{ io.Reader }{strings.NewReader(strings.Repeat("x", n))} }
	for _, tt := range []struct {
		name, method string
		body         io.Reader
		want         int
		told         int
	}{
		{"a body", "POST", strings.NewReader("x"), 202, 1},
		{"none", "POST", nil, 202, 1},
		{"as long as may be", "POST", unlengthed(100), 202, 1},
		{"longer", "POST", unlengthed(101), 413, 0},
		{"longer, and says so", "POST", strings.NewReader(strings.Repeat("x", 101)), 413, 0},
		{"broken off", "POST", broken{}, 400, 0},
		{"GET", "GET", nil, 405, 0},
		{"PUT", "PUT", strings.NewReader("x"), 405, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, bodies, answers := endpoint(t, func(*hook.Config) {})
			answer := send(t, e, tt.method, tt.body)
			if diff := cmp.Diff([]int{tt.want}, *answers); diff != "" || answer.Code != tt.want {
				t.Errorf("answered %d, observed (-want +got):\n%s", answer.Code, diff)
			}
			if len(*bodies) != tt.told {
				t.Errorf("told of %q", *bodies)
			}
			if got := answer.Header().Get("Allow"); (got == "POST") != (tt.want == 405) {
				t.Errorf("allowed is %q", got)
			}
		})
	}
}

func TestAdmit(t *testing.T) {
	e, bodies, _ := endpoint(t, func(c *hook.Config) {
		c.Admit = func(http.ResponseWriter, *http.Request) hook.Answer {
			return hook.Answer{Result: hook.Unauthorized, Code: http.StatusUnauthorized, Text: "who are you?"}
		}
	})
	// The body never comes, so who reads it never answers.
	never, end := io.Pipe()
	defer func() { _ = end.Close() }() // never fails
	answer := send(t, e, "POST", never)
	if answer.Code != 401 || answer.Body.String() != "who are you?\n" || len(*bodies) > 0 {
		t.Errorf("answered %d %q, told of %q", answer.Code, answer.Body, *bodies)
	}
}

func TestNewRefuses(t *testing.T) {
	tell := func(http.ResponseWriter, *http.Request, []byte) hook.Answer { return hook.Answer{} }
	for name, c := range map[string]hook.Config{"no bound": {Tell: tell}, "nobody to tell": {MaxBody: 1}} {
		if _, err := hook.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSignatures(t *testing.T) {
	const body, key = "Hello, World!", "It's a Secret to Everybody"
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	sum := hex.EncodeToString(mac.Sum(nil))
	// GitHub's own example.
	// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
	const example = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if sum != example {
		t.Fatalf("the example's signature is %s", sum)
	}
	const other = "X-Gitea-Signature"
	for _, tt := range []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"GitHub's", http.Header{"X-Hub-Signature-256": {"sha256=" + example}}, true},
		{"another's", http.Header{other: {example}}, true},
		{"both", http.Header{"X-Hub-Signature-256": {"sha256=" + example}, other: {"00"}}, true},
		{"none", http.Header{}, false},
		{"without the algorithm", http.Header{"X-Hub-Signature-256": {example}}, false},
		{"with another algorithm", http.Header{"X-Hub-Signature-256": {"sha1=" + example}}, false},
		{"not made up for", http.Header{"X-Hub-Signature-256": {"sha256=00"}, other: {example}}, false},
		{"half of it", http.Header{other: {example[:32]}}, false},
		{"no hex", http.Header{other: {strings.Repeat("x", 64)}}, false},
		{"wrong", http.Header{other: {strings.Repeat("0", 64)}}, false},
		{"an unknown header", http.Header{"X-Other": {example}}, false},
	} {
		s, ok := hook.SignatureOf(tt.header, other)
		if got := ok && s.Of([]byte(body), key); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
		if s.Of([]byte(body+" "), key) || s.Of([]byte(body), key+" ") || s.Of([]byte(body), "") {
			t.Errorf("%s: right for another body or key", tt.name)
		}
	}
	if !hook.Same(key, key) || hook.Same(key, key+"x") || hook.Same("", key) {
		t.Error("texts are compared wrongly")
	}
}

func TestDeliveries(t *testing.T) {
	var d hook.Deliveries
	fresh := func(id, body string) bool { return d.Fresh(id, []byte(body)) }
	got := []bool{fresh("1", "a"), fresh("1", "a"), fresh("1", "b"), fresh("2", "a"), fresh("", "a"), fresh("", "a")}
	if diff := cmp.Diff([]bool{true, false, true, true, true, true}, got); diff != "" {
		t.Errorf("fresh (-want +got):\n%s", diff)
	}
	for i := range 1021 {
		fresh("x", fmt.Sprint(i))
	}
	if fresh("1", "a") {
		t.Error("forgotten too soon")
	}
	fresh("x", "more")
	fresh("x", "and more")
	if !fresh("1", "a") {
		t.Error("remembered longer than there is room")
	}
}

func TestContent(t *testing.T) {
	for _, tt := range []struct {
		contentType, encoding string
		json, form, plain     bool
	}{
		{"application/json", "", true, false, true},
		{"application/json; charset=UTF-8", "identity", true, false, true},
		{"application/cloudevents+json", "", true, false, true},
		{"application/json; charset=utf-16", "", false, false, true},
		{"text/json", "gzip", false, false, false},
		{"application/x-www-form-urlencoded", "", false, true, true},
		{"", "", false, false, true},
		{";", "", false, false, true},
	} {
		h := http.Header{"Content-Type": {tt.contentType}, "Content-Encoding": {tt.encoding}}
		if hook.IsJSON(h) != tt.json || hook.IsForm(h) != tt.form || hook.IsPlain(h) != tt.plain {
			t.Errorf("%q %q: JSON %t, form %t, plain %t", tt.contentType, tt.encoding, hook.IsJSON(h), hook.IsForm(h), hook.IsPlain(h))
		}
	}
}
