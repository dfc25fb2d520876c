package cache_test

import (
	"context"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/cache"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
)

// counted counts the builds that were really done.
type counted struct {
	build.Builder
	builds atomic.Int32
}

func (c *counted) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	c.builds.Add(1)
	return c.Builder.Build(ctx, request)
}

// history is a repository that grows by commits.
type history struct {
	t      testing.TB
	server *gitrepotest.Server
	repo   *gitrepo.Repo
	head   gitrepo.Hash
}

func newHistory(t testing.TB) *history {
	t.Helper()
	server := gitrepotest.New(t)
	repo, err := gitrepo.Open(gitrepo.Config{URL: server.Create("deploy"), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &history{t: t, server: server, repo: repo}
}

// commit gives the files of a new commit.
func (h *history) commit(c gitrepotest.Commit) fs.FS {
	h.t.Helper()
	h.server.Commit("deploy", c)
	head, err := h.repo.Fetch(h.t.Context(), "main")
	if err != nil {
		h.t.Fatal(err)
	}
	h.head = head
	return h.files()
}

// files gives those of the last commit anew.
func (h *history) files() fs.FS {
	h.t.Helper()
	files, err := h.repo.FS(h.head)
	if err != nil {
		h.t.Fatal(err)
	}
	return files
}

func configMap(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n", name)
}

// TestWhatIsRead holds for each change of a repository whether it renders anew, and
// that the result always is that of a build without a cache.
func TestWhatIsRead(t *testing.T) {
	start := map[string]string{
		"plain/a.yaml": configMap("a"), "plain/sub/b.yaml": configMap("b"), "plain/README.md": "read me",
		"plain/.towlineignore": "skip/\n", "plain/skip/c.yaml": "not a manifest", "plain/link.yaml": "../shared/l.yaml",
		"shared/l.yaml":              configMap("l"),
		"whole/a.yaml":               configMap("a"),
		"whole/sub/b.yaml":           configMap("b"),
		"overlay/kustomization.yaml": "resources: [../base]\n",
		"base/kustomization.yaml":    "resources: [a.yaml]\nconfigMapGenerator: [{name: g, files: [g.txt]}]\n",
		"base/a.yaml":                configMap("k"), "base/g.txt": "g", "base/unused.yaml": configMap("u"), "other/x.yaml": configMap("x"),
	}
	modes := map[string]string{"plain/link.yaml": "120000"}
	for _, tt := range []struct {
		name   string
		dir    string
		change map[string]string
		want   int32 // builds after the change
	}{
		{"nothing near", "plain", map[string]string{"other/x.yaml": configMap("y")}, 1},
		{"a manifest", "plain", map[string]string{"plain/sub/b.yaml": configMap("c")}, 2},
		{"a new manifest", "plain", map[string]string{"plain/sub/d.yaml": configMap("d")}, 2},
		{"a file that is no manifest", "plain", map[string]string{"plain/README.md": "read it"}, 1},
		{"a folder that is ignored", "plain", map[string]string{"plain/skip/c.yaml": "else"}, 1},
		{"the ignore file", "plain", map[string]string{"plain/.towlineignore": "skip/\nsub/\n"}, 2},
		{"an ignore file where none was", "plain", map[string]string{"plain/sub/.towlineignore": "b.yaml\n"}, 2},
		{"behind a link", "plain", map[string]string{"shared/l.yaml": configMap("m")}, 2},
		{"beside what a link leads to", "plain", map[string]string{"shared/n.yaml": configMap("n")}, 1},
		{"a folder that is read as a whole", "whole", map[string]string{"whole/sub/b.yaml": configMap("c")}, 2},
		{"beside a folder that is read as a whole", "whole", map[string]string{"plain/a.yaml": configMap("c")}, 1},
		{"a base", "overlay", map[string]string{"base/a.yaml": configMap("z")}, 2},
		{"a generator's file", "overlay", map[string]string{"base/g.txt": "h"}, 2},
		{"a file of a base that it doesn't name", "overlay", map[string]string{"base/unused.yaml": configMap("v")}, 1},
		{"a kustomization by another name", "overlay", map[string]string{"overlay/kustomization.yml": "resources: [../base]\n"}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory(t)
			inner := &counted{Builder: build.Select(kustomize.New(build.Limits{}), plain.Builder{})}
			b := cache.New(cache.Config{}).Wrap("both", inner, nil)
			before := h.commit(gitrepotest.Commit{Files: start, Modes: modes})
			if _, err := b.Render(t.Context(), build.Request{Files: before, Dir: tt.dir}); err != nil {
				t.Fatal(err)
			}
			after := h.commit(gitrepotest.Commit{Files: tt.change})
			got, gotErr := b.Render(t.Context(), build.Request{Files: after, Dir: tt.dir})
			if inner.builds.Load() != tt.want {
				t.Errorf("built %d times, want %d", inner.builds.Load(), tt.want)
			}
			want, wantErr := inner.Builder.Build(t.Context(), build.Request{Files: after, Dir: tt.dir})
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("error %v, want %v", gotErr, wantErr)
			}
			if wantErr != nil {
				return
			}
			objects, err := got.Objects()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, objects); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
