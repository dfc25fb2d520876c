package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/towline-dev/towline/registry/registrytest"
)

// keyedTree is a tree of policies for the images that want signatures by a key in a Secret.
func keyedTree(t *testing.T, images ...string) (dir string) {
	t.Helper()
	var text strings.Builder
	for _, image := range images {
		name := filepath.Base(image)
		text.WriteString(`apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: ` + name + `, namespace: shop}
spec: {image: "` + image + `", policy: {semver: {range: 1.x}}, verify: {keys: [{secret: cosign}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, namespace: shop}
spec: {containers: [{name: web, image: "` + image + `:1.0.0"}]}
---
`)
	}
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "pods.yaml"), text.String())
	return dir
}

// Policies are looked at side by side; the cluster that their keys are read from is
// looked for by the first, and the others wait.
func TestClusterIsLookedForOnce(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	var images []string
	for _, name := range []string{"a", "b", "c"} {
		images = append(images, server.Host()+"/"+name)
		if err := server.PushTags(name, "1.0.0", "1.1.0"); err != nil {
			t.Fatal(err)
		}
	}
	api := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(api.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, kubeconfig, `{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}],
clusters: [{name: c, cluster: {server: "`+api.URL+`"}}]}`)

	var looked atomic.Int32
	second := make(chan struct{}, 3)
	getenv := func(key string) string {
		if key != "KUBECONFIG" {
			return ""
		}
		if looked.Add(1) > 1 {
			second <- struct{}{}
			return kubeconfig
		}
		select { // long enough for others to come by, if they can
		case <-second:
		case <-time.After(100 * time.Millisecond):
		}
		return kubeconfig
	}
	var out bytes.Buffer
	code := run(t.Context(), process{
		args:  []string{"scan", keyedTree(t, images...)},
		stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: getenv,
	})
	if n := looked.Load(); n != 1 {
		t.Errorf("the cluster is looked for %d times, want once", n)
	}
	if want := "reading the Secret shop/cosign"; code != exitFailed || strings.Count(out.String(), want) < len(images) {
		t.Errorf("the scan exits with %d, want %q for each image in:\n%s", code, want, out.String())
	}
}
