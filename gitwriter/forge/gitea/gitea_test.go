// The life cycle against a real Gitea is tested in e2e/forge. Here stands what a
// real one doesn't do on demand.
package gitea_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/gitea"
	"github.com/towline-dev/towline/internal/secret"
)

const topSecret = "0123456789topsecret"

func connect(t *testing.T, handler http.HandlerFunc) *gitea.Forge {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	f, err := gitea.New(gitea.Config{URL: server.URL + "/", Owner: "acme", Repo: "deploy", Token: secret.New(topSecret), RetryDelay: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

type object = map[string]any

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func newPull() forge.NewPullRequest {
	return forge.NewPullRequest{Head: "towline/web", Base: "main", Title: "Update web"}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   error
	}{
		{"401", 401, `{"message":"invalid username, password or token"}`, forge.ErrUnauthorized},
		{"403", 403, `{"message":"token does not have at least one of required scope(s)"}`, forge.ErrForbidden},
		{"409 is a duplicate", 409, `{"message":"pull request already exists for these targets"}`, forge.ErrExists},
		{"422", 422, `{"message":"[Title]: Required"}`, forge.ErrInvalid},
		{"500", 500, `{"message":"boom"}`, forge.ErrUnavailable},
		{"502 from a proxy", 502, `<html>bad gateway</html>`, forge.ErrUnavailable},
		{"a page in place of JSON", 201, `<html>log in</html>`, forge.ErrUnavailable},
		{"an empty object", 201, `{}`, forge.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int32
			f := connect(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				if got := r.Header.Get("Authorization"); got != "token "+topSecret {
					t.Errorf("authorization %q", got)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			_, err := f.Create(t.Context(), newPull())
			if !errors.Is(err, test.want) || strings.Contains(fmt.Sprintf("%+v", err), topSecret) {
				t.Errorf("Create gave %v, want %v", err, test.want)
			}
			if got := calls.Load(); got != 1 {
				t.Errorf("%d calls, want 1: creating isn't safe to repeat", got)
			}
		})
	}
}

// Gitea answers 404 both where a branch and where the repository is missing.
func TestCreateTellsBranchFromRepository(t *testing.T) {
	for repo, want := range map[int]error{200: forge.ErrInvalid, 404: forge.ErrNotFound} {
		f := connect(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/pulls") {
				answer(w, 404, object{"message": "not found"})
				return
			}
			answer(w, repo, object{"id": 1})
		})
		if _, err := f.Create(t.Context(), newPull()); !errors.Is(err, want) {
			t.Errorf("with the repository answering %d: %v, want %v", repo, err, want)
		}
	}
}

// An answer of 500 is a fault of the server's, unless what the call is about
// really isn't there.
func TestServerErrorsAreSettled(t *testing.T) {
	for look, want := range map[int]error{200: forge.ErrUnavailable, 500: forge.ErrUnavailable, 404: forge.ErrNotFound} {
		f := connect(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				answer(w, 500, object{"message": "issue does not exist"})
				return
			}
			answer(w, look, object{"number": 1})
		})
		if err := f.Comment(t.Context(), 1, "Hello."); !errors.Is(err, want) {
			t.Errorf("with a look that gives %d: %v, want %v", look, err, want)
		}
	}
}

func TestForksAreLeftOut(t *testing.T) {
	side := func(repo int) object {
		return object{"label": "towline/web", "ref": "towline/web", "sha": "1", "repo_id": repo}
	}
	f := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, []object{
			{"number": 1, "state": "open", "head": side(7), "base": side(7)},
			{"number": 2, "state": "open", "head": side(8), "base": side(7)},
		})
	})
	list, err := f.List(t.Context(), forge.Filter{Head: "towline/web"})
	if err != nil || len(list) != 1 || list[0].Number != 1 {
		t.Errorf("List gave %+v, %v; want number 1 alone", list, err)
	}
}

// A label of the organisation is used, one of the repository goes before it, and
// only what neither has is made: once, since a second try could make two.
func TestLabelsAreFoundOrMade(t *testing.T) {
	var made, added []string
	var tries int
	f := connect(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1") {
		case "POST /repos/acme/deploy/pulls":
			answer(w, 201, object{"number": 1, "state": "open"})
		case "GET /repos/acme/deploy/labels":
			answer(w, 200, []object{{"id": 1, "name": "ours"}})
		case "GET /orgs/acme/labels":
			answer(w, 200, []object{{"id": 2, "name": "ours"}, {"id": 3, "name": "theirs"}})
		case "POST /repos/acme/deploy/labels":
			made = append(made, string(body))
			if tries++; tries == 1 {
				answer(w, 201, object{"id": 4, "name": "new"})
				return
			}
			answer(w, 500, object{})
		case "POST /repos/acme/deploy/issues/1/labels":
			added = append(added, string(body))
			answer(w, 200, []object{{"id": 4, "name": "new"}, {"id": 1, "name": "ours"}, {"id": 3, "name": "theirs"}})
		default:
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
	})
	pr := newPull()
	pr.Labels = []string{"theirs", "ours", "new"}
	got, err := f.Create(t.Context(), pr)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"new", "ours", "theirs"}, got.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if len(made) != 1 || len(added) != 1 || !strings.Contains(added[0], "[3,1,4]") {
		t.Errorf("made %q, added %q", made, added)
	}
	got, err = f.Create(t.Context(), pr)
	if !errors.Is(err, forge.ErrUnavailable) || got.Number != 1 || len(made) != 2 {
		t.Errorf("with a failing label: number %d, %v, made %q", got.Number, err, made)
	}
}

func TestTokenStaysWhereItBelongs(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was called") }))
	defer other.Close()
	f := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if _, err := f.List(t.Context(), forge.Filter{}); err == nil || forge.Temporary(err) || strings.Contains(fmt.Sprintf("%+v", err), topSecret) {
		t.Errorf("List gave %v", err)
	}
}

func TestRateLimit(t *testing.T) {
	f := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		answer(w, 429, object{"message": "too many"})
	})
	_, err := f.List(t.Context(), forge.Filter{})
	var limited *forge.RateLimitError
	if !errors.As(err, &limited) || limited.RetryAfter != 30*time.Second {
		t.Errorf("List gave %v, want a limit of 30 s", err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := gitea.Config{URL: "https://git.example.com", Owner: "acme", Repo: "deploy", Token: secret.New(topSecret)}
	for name, change := range map[string]func(*gitea.Config){
		"no URL":                func(c *gitea.Config) { c.URL = "" },
		"a password in the URL": func(c *gitea.Config) { c.URL = "https://me:hunter2@git.example.com" },
		"no owner":              func(c *gitea.Config) { c.Owner = "" },
		"a path for a name":     func(c *gitea.Config) { c.Repo = ".." },
		"no token":              func(c *gitea.Config) { c.Token = secret.String{} },
	} {
		config := good
		change(&config)
		if _, err := gitea.New(config); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := gitea.New(good); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}
