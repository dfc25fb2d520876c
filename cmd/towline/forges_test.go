package main

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/reconciler"
)

func TestProjectPath(t *testing.T) {
	for name, test := range map[string]struct{ url, address, want string }{
		"two parts":               {"https://github.com/acme/deploy.git", "https://github.com", "acme/deploy"},
		"groups in groups":        {"https://gitlab.com/acme/team/deploy", "https://gitlab.com", "acme/team/deploy"},
		"over SSH":                {"git@gitlab.com:acme/team/deploy.git", "https://gitlab.com", "acme/team/deploy"},
		"below a path":            {"https://example.com/gitlab/acme/deploy/", "https://example.com/gitlab/", "acme/deploy"},
		"below a path, over SSH":  {"git@example.com:acme/deploy", "https://example.com/gitlab", "acme/deploy"},
		"a group of that name":    {"git@example.com:gitlab/deploy", "https://example.com/gitlab", "gitlab/deploy"},
		"a group that begins so":  {"https://example.com/gitlabs/deploy", "https://example.com/gitlab", "gitlabs/deploy"},
		"GitHub Enterprise's API": {"https://ghe.example.com/acme/deploy", "https://ghe.example.com/api/v3", "acme/deploy"},
	} {
		u, err := giturl.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := projectPath(u, test.address); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// A repository at GitLab, deep in groups, is read and reported on as the
// configuration says, and nothing else than its URL and its type has to be said.
func TestGitLabIsWired(t *testing.T) {
	server := gitlabtest.Start(t, gitlabtest.Config{})
	project, err := server.CreateProject("acme/team/deploy")
	if err != nil {
		t.Fatal(err)
	}
	sha, err := project.Commit(forgetest.Commit{Branch: "main", Message: "Begin", Files: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	p := withEnv(map[string]string{"TOKEN": gitlabtest.Token})
	c, err := config.ParseReconciler("reconciler.yaml", []byte(`
apiVersion: towline.dev/v1
kind: ReconcilerConfig
statuses:
- {url: "`+project.CloneURL()+`", forge: {type: gitlab}, auth: {tokenEnv: TOKEN}}
`))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s, err := wireStatuses(p, c, wireQuotas(nil), log)
	if err != nil {
		t.Fatal(err)
	}
	status := reconciler.Status{Context: "towline/shop", State: reconciler.StateSuccess, Description: "applied 3 objects"}
	if err := s.Report(t.Context(), project.CloneURL(), sha, status); err != nil {
		t.Fatal(err)
	}
	want := map[string]forge.Status{"towline/shop": {Context: "towline/shop", State: forge.StatusSuccess, Description: "applied 3 objects"}}
	if diff := cmp.Diff(want, project.Statuses(sha)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	f, _, err := wireForge(p, c.Statuses[0], wireQuotas(nil), log)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := f.List(t.Context(), forge.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("List gave %v, %v", list, err)
	}
}
