package main

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
)

// TestRemoteBase builds a kustomization whose base a Git server gives over HTTPS, at a
// commit that no branch stands at any more.
func TestRemoteBase(t *testing.T) {
	server := gitrepotest.NewTLS(t)
	url := server.Create("base")
	commit := server.Commit("base", gitrepotest.Commit{Files: map[string]string{
		"web/kustomization.yaml": "resources: [../a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: old}\n",
	}})
	server.Commit("base", gitrepotest.Commit{Files: map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: new}\n"}})
	mirrors := newBaseMirrors(t.TempDir(), slog.New(slog.DiscardHandler))
	mirrors.config.Auth = gitrepo.Auth{CA: server.CA()}
	b, err := kustomize.NewWithBases(build.Limits{}, kustomize.Bases{Allowed: []string{url}, Fetch: mirrors.fetch})
	if err != nil {
		t.Fatal(err)
	}
	request := build.Request{Dir: ".", Files: fstest.MapFS{
		"kustomization.yaml": {Data: []byte("namePrefix: prod-\nresources: ['" + url + "//web?ref=" + commit + "']\n")},
	}}
	for range 2 {
		objects, err := b.Build(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "prod-a"}, "data": map[string]any{"key": "old"}}
		if diff := cmp.Diff(want, objects[0].Object); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		server.Fault(gitrepotest.Status(100, http.StatusInternalServerError, nil)) // the mirror holds the commit
	}
}

// TestPrivateBase holds that a base is asked for by nobody's credentials.
func TestPrivateBase(t *testing.T) {
	server := gitrepotest.NewTLS(t)
	url := server.Create("base")
	commit := server.Commit("base", gitrepotest.Commit{Files: map[string]string{"a.yaml": "a: b\n"}})
	server.RequireAuth("user", "password")
	mirrors := newBaseMirrors(t.TempDir(), slog.New(slog.DiscardHandler))
	mirrors.config.Auth = gitrepo.Auth{CA: server.CA()}
	if _, err := mirrors.fetch(t.Context(), url, commit); !errors.Is(err, gitrepo.ErrAuth) {
		t.Errorf("error %v, want %v", err, gitrepo.ErrAuth)
	}
}

func TestRemoteBasesFlag(t *testing.T) {
	for _, prefix := range []string{"http://git.example/", "github.com/acme", "https://user@git.example/"} {
		if _, err := (&baseFlags{allowed: []string{prefix}}).renderer(t.TempDir(), slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s is taken", prefix)
		} else if _, ok := errors.AsType[usageError](err); !ok {
			t.Errorf("error %v, want one of usage", err)
		}
	}
}
