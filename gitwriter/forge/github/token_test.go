package github_test

import (
	"context"
	"errors"
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
