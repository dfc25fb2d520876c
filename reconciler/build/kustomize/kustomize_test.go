package kustomize_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/buildtest"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
)

var _ = flag.Bool("update", false, "write the golden trees anew")

func TestGolden(t *testing.T) { buildtest.Run(t, kustomize.New(build.Limits{})) }

// TestRemote holds that nothing is fetched, whatever field names the address:
// the server would notice.
func TestRemote(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was fetched", r.Method, r.URL)
	}))
	defer server.Close()
	for _, field := range []string{
		"resources: [%s]",
		"Resources: [%s]",
		"bases: [%s]",
		"components: [%s]",
		"crds: [%s]",
		"configurations: [%s]",
		"patchesStrategicMerge: [%s]",
		"patches: [{path: %s}]",
		"patchesJson6902: [{path: %s, target: {kind: ConfigMap, name: a, version: v1}}]",
		"replacements: [{path: %s}]",
		"openapi: {path: %s}",
		"configMapGenerator: [{name: x, files: [%s]}]",
		"configMapGenerator: [{name: x, files: ['key=%s']}]",
		"configMapGenerator: [{name: x, envs: [%s]}]",
		"secretGenerator: [{name: x, env: %s}]",
		"generators: [%s]",
		"transformers: ['{apiVersion: builtin, kind: PatchTransformer, metadata: {name: x}, path: %s}']",
		"validators: [%s]",
		"helmCharts: [{name: x, repo: %s}]",
	} {
		t.Run(field, func(t *testing.T) {
			text := "namePrefix: a-\n" + fmt.Sprintf(field, server.URL+"/evil.yaml")
			if !strings.Contains(strings.ToLower(field), "resources") {
				text += "\nresources: [a.yaml]"
			}
			fsys := fstest.MapFS{
				"kustomization.yaml": {Data: []byte(text)},
				"a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
			}
			_, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fsys, Dir: "."})
			if err == nil || !strings.HasPrefix(err.Error(), "kustomization.yaml:") {
				t.Errorf("error %v, want one at kustomization.yaml", err)
			}
		})
	}
}

func TestRemoteForms(t *testing.T) {
	for _, address := range []string{
		"github.com/acme/deploy/base?ref=v1", "GitHub.com/acme/deploy", "git@example.com:acme/deploy", "git::https://example.com/x",
		"gh:acme/deploy", "ssh://example.com/x", "file:///etc", "HTTPS://example.com/x", "user@example.com:x/y", "base?ref=main",
	} {
		t.Run(address, func(t *testing.T) {
			fsys := fstest.MapFS{"kustomization.yaml": {Data: fmt.Appendf(nil, "resources:\n- %q\n", address)}}
			_, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fsys, Dir: "."})
			if err == nil || !strings.HasPrefix(err.Error(), "kustomization.yaml:2: ") || !strings.Contains(err.Error(), "is remote") {
				t.Errorf("error %v, want one that calls it remote, at line 2", err)
			}
		})
	}
}

// counting notes which files are opened.
type counting struct {
	fs.FS
	mu   sync.Mutex
	seen map[string]int
}

func (c *counting) Open(name string) (fs.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[name]++
	return c.FS.Open(name)
}

func TestReadsOnlyWhatItNeeds(t *testing.T) {
	tree := fstest.MapFS{
		"app/kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")},
		"app/a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
	}
	for i := range 100 {
		tree[fmt.Sprintf("other/%d.yaml", i)] = &fstest.MapFile{Data: []byte("a: 1")}
	}
	fsys := &counting{FS: tree, seen: map[string]int{}}
	if _, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fsys, Dir: "app"}); err != nil {
		t.Fatal(err)
	}
	for name := range fsys.seen {
		if strings.HasPrefix(name, "other") {
			t.Errorf("%s was opened", name)
		}
	}
}

func TestAliasBomb(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	_, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fstest.MapFS{
		"kustomization.yaml": {Data: []byte("resources: [bomb.yaml]\n")},
		"bomb.yaml":          {Data: []byte(bomb.String())},
	}, Dir: "."})

	if err == nil || !strings.Contains(err.Error(), "bomb.yaml:1: reading aliases") {
		t.Errorf("error %v, want one about aliases in bomb.yaml", err)
	}
}

func TestSideBySide(t *testing.T) {
	b := kustomize.New(build.Limits{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			name := fmt.Sprint("c", i)
			objects, err := b.Build(t.Context(), build.Request{Files: fstest.MapFS{
				"kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")},
				"a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n")},
			}, Dir: "."})

			if err != nil || len(objects) != 1 || objects[0].GetName() != name {
				t.Errorf("got %v, %v; want %s", objects, err, name)
			}
		})
	}
	group.Wait()
}

// TestUserAtHost holds that what git reads as USER@HOST/PATH isn't cloned, even
// where the repository holds a folder of that name to get past the look for it.
func TestUserAtHost(t *testing.T) {
	const address = "org-1@github.com/acme/deploy"
	_, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fstest.MapFS{
		"kustomization.yaml":            {Data: []byte("resources: [" + address + "]\n")},
		address + "/kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")},
		address + "/a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
	}, Dir: "."})

	if err == nil || !strings.Contains(err.Error(), "is remote") {
		t.Errorf("error %v, want one that calls it remote", err)
	}
}

func TestTooManyObjectsAreRefusedBeforeTheyAreRendered(t *testing.T) {
	limits := build.Limits{Objects: 10}
	tree := func(objects int) fstest.MapFS {
		var list strings.Builder
		for i := range objects {
			fmt.Fprintf(&list, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n", i)
		}
		return fstest.MapFS{
			"kustomization.yaml": {Data: []byte("resources: [all.yaml]\n")}, "all.yaml": {Data: []byte(list.String())},
		}
	}
	if objects, err := kustomize.New(limits).Build(t.Context(), build.Request{Files: tree(10), Dir: "."}); err != nil || len(objects) != 10 {
		t.Errorf("ten objects give %d, %v", len(objects), err)
	}
	_, err := kustomize.New(limits).Build(t.Context(), build.Request{Files: tree(41), Dir: "."})
	var placed *build.Error
	if !errors.As(err, &placed) || placed.File != "all.yaml" || !strings.Contains(err.Error(), "too many objects to render") {
		t.Errorf("41 objects give %v, want the file that has too many", err)
	}
}
