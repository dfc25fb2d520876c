package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

func TestTokenThatChanges(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("[]"))
	}))
	defer server.Close()
	token, problem := "first", error(nil)
	f, err := github.New(github.Config{
		BaseURL: server.URL, Owner: "acme", Repo: "deploy", RetryDelay: time.Nanosecond,
		TokenSource: func(context.Context) (secret.String, error) { return secret.New(token), problem },
	})
	if err != nil {
		t.Fatal(err)
	}
	list := func() error { _, err := f.List(t.Context(), forge.Filter{}); return err }
	if err := list(); err != nil {
		t.Fatal(err)
	}
	token = "second"
	if err := list(); err != nil {
		t.Fatal(err)
	}
	if got, err := f.TokenSource()(t.Context()); err != nil || got.Reveal() != "second" {
		t.Errorf("Git's token is %v, %v", got, err)
	}
	problem = errors.New("the file is gone")
	if err := list(); err == nil || !strings.Contains(err.Error(), "the file is gone") {
		t.Errorf("without a token: %v", err)
	}
	if diff := cmp.Diff([]string{"Bearer first", "Bearer second"}, seen); diff != "" {
		t.Errorf("authorization (-want +got):\n%s", diff)
	}
}

// An App's token is used again until a minute before it runs out, for Git as for the API.
func TestAppTokenIsRefreshed(t *testing.T) {
	_, private := key(t)
	fetched := 0
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.URL.Path, "/access_tokens") {
			seen = append(seen, r.Header.Get("Authorization"))
			_, _ = w.Write([]byte("[]"))
			return
		}
		fetched++
		life := time.Hour
		if fetched == 1 {
			life = 30 * time.Second // less than a minute: no good for a long push
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q}`, fetched, time.Now().Add(life).Format(time.RFC3339))
	}))
	defer server.Close()
	f, err := github.New(github.Config{
		BaseURL: server.URL, Owner: "acme", Repo: "deploy", RetryDelay: time.Nanosecond,
		App: &github.App{ID: 11, InstallationID: 22, PrivateKey: private},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ghs_1", "ghs_2", "ghs_2"} {
		got, err := f.TokenSource()(t.Context())
		if err != nil || got.Reveal() != want {
			t.Errorf("got %q, %v, want %q", got.Reveal(), err, want)
		}
	}
	if _, err := f.List(t.Context(), forge.Filter{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"token ghs_2"}, seen); diff != "" || fetched != 2 {
		t.Errorf("%d tokens were fetched, want 2; the API saw (-want +got):\n%s", fetched, diff)
	}
}
