package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/releasenotes"
)

// TestProject: what is configured is asked, with its token, and what it tells is given on.
func TestProject(t *testing.T) {
	var signedIn []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signedIn = append(signedIn, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `[{"tag_name":"v1.1.0","name":"One","body":"notes"},{"tag_name":"v1.0.0"}]`)
	}))
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	no := false
	host := config.ReleaseHost{Host: "git.example.com", Type: "gitea", URL: server.URL, TokenFile: token}
	page := "http://git.example.com/acme/web"
	labels := map[string]string{"org.opencontainers.image.source": "https://git.example.com/acme/web"}
	for _, test := range []struct {
		name string
		c    config.ReleaseNotes
		want releasenotes.Found
		auth []string
	}{
		{"asked", config.ReleaseNotes{Hosts: []config.ReleaseHost{host}}, releasenotes.Found{
			Source: page, Compare: page + "/compare/v1.0.0...v1.1.0",
			Releases: []releasenotes.Release{{Tag: "v1.1.0", Title: "One", URL: page + "/releases/tag/v1.1.0", Notes: "notes"}},
		}, []string{"token s3cret"}},
		{"not known", config.ReleaseNotes{}, releasenotes.Found{Claimed: labels["org.opencontainers.image.source"]}, nil},
		{"off", config.ReleaseNotes{Enabled: &no, Hosts: []config.ReleaseHost{host}}, releasenotes.Found{Claimed: labels["org.opencontainers.image.source"]}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			signedIn = nil
			find, err := wireProjects(process{getenv: func(string) string { return "" }}, test.c, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			got := find.Find(t.Context(), releasenotes.Query{
				Image: "registry.example.com/acme/web",
				From:  releasenotes.Image{Tag: "1.0.0", Labels: labels}, To: releasenotes.Image{Tag: "1.1.0", Labels: labels},
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.auth, signedIn); diff != "" {
				t.Errorf("signed in (-want +got):\n%s", diff)
			}
		})
	}
	for name, h := range map[string]config.ReleaseHost{
		"no such file": {Host: "a.example", Type: "gitea", TokenFile: filepath.Join(t.TempDir(), "none")},
		"is empty":     {Host: "a.example", Type: "gitea", TokenEnv: "NONE"},
		"isn't an":     {Host: "a.example", Type: "gitea", URL: "ftp://a.example"},
	} {
		_, err := wireProjects(process{getenv: func(string) string { return "" }}, config.ReleaseNotes{Hosts: []config.ReleaseHost{h}}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(fmt.Sprint(err), name) || !strings.Contains(err.Error(), "a.example") {
			t.Errorf("the error is %v, want %q in it", err, name)
		}
	}
}
