package github_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/secret"
)

// Forty pull requests with labels and reviewers go out in one go; what makes content
// beyond eighty waits.
func TestManyCreatesAreNotSlowed(t *testing.T) {
	server, repo, _ := start(t)
	var pauses []time.Duration
	q := quota.New(quota.Config{Now: func() time.Time { return time.Unix(1700000000, 0) }, Wait: func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}})
	f := connect(t, github.Config{BaseURL: server.BaseURL(), Token: secret.New(forgetest.Token), Quota: q})
	for i := range 40 {
		head := fmt.Sprintf("towline/%d", i)
		if _, err := repo.Commit(forgetest.Commit{Branch: head, Message: head, Files: map[string]string{head: "x"}}); err != nil {
			t.Fatal(err)
		}
		_, err := f.Create(t.Context(), forge.NewPullRequest{
			Head: head, Base: "main", Title: head, Decoration: forge.Decoration{Labels: []string{"a", "b"}, Reviewers: []string{"alice"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if pauses != nil {
		t.Errorf("there were pauses: %v", pauses)
	}
	if err := f.Comment(t.Context(), 1, "One more."); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{time.Minute}, pauses); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

// What one adapter is told of limits holds for all that share the credential, and
// for no other.
func TestLimitsAreShared(t *testing.T) {
	server, _, other := start(t)
	q := quota.New(quota.Config{})
	config := github.Config{BaseURL: server.BaseURL(), Token: secret.New(forgetest.Token), Quota: q}
	one, two := connect(t, config), connect(t, config)
	server.SetSecondaryLimit(1, time.Minute)
	var limited *forge.RateLimitError
	for name, f := range map[string]*github.Forge{"one": one, "two": two} {
		if _, err := f.List(t.Context(), forge.Filter{}); !errors.As(err, &limited) {
			t.Errorf("List of %s gave %v, want a limit", name, err)
		}
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
	if _, err := other.List(t.Context(), forge.Filter{}); err != nil {
		t.Errorf("List with another quota gave %v", err)
	}
}

// The last call that is left is made, and none after it, although it succeeded.
func TestTheLastCallIsTheLast(t *testing.T) {
	server, _, f := start(t)
	server.SetRateLimit(1, time.Now().Add(time.Hour))
	if _, err := f.List(t.Context(), forge.Filter{}); err != nil {
		t.Fatal(err)
	}
	var limited *forge.RateLimitError
	if _, err := f.List(t.Context(), forge.Filter{}); !errors.As(err, &limited) || limited.Secondary {
		t.Errorf("List gave %v, want the primary limit", err)
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}
