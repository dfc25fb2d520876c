package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry/registrytest"
)

const registriesHead = "apiVersion: towline.dev/v1\nkind: BotConfig\nregistries:\n"

// private starts a registry that asks for user and s3cret and holds acme/hello.
func private(t *testing.T) *registrytest.Server {
	t.Helper()
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret", Token: true})
	if err := server.PushTags("acme/hello", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	return server
}

// scanned runs `towline scan` over a policy for the image, with the registries and
// the environment, and gives all that it prints.
func scanned(t *testing.T, image, registries string, env map[string]string) (code int, output string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	config := filepath.Join(dir, "bot.yaml")
	writeFile(t, config, registriesHead+registries)
	tree := filepath.Join(dir, "deploy")
	if err := os.Mkdir(tree, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(tree, "web.yaml"), `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: hello}
spec: {image: "`+image+`", policy: {semver: {range: 1.x}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: "`+image+`:1.0.0"}]}
`)
	var out bytes.Buffer
	code = run(context.Background(), process{
		args:  []string{"scan", tree, "--registry-config", config},
		stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(key string) string { return env[key] },
	})
	return code, out.String()
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantChoice fails unless the scan chose 1.1.0.
func wantChoice(t *testing.T, code int, output string) {
	t.Helper()
	if code != exitFine || !strings.Contains(output, " 1.1.0 ") {
		t.Errorf("the scan exits with %d:\n%s", code, output)
	}
}

func TestScanSignsIn(t *testing.T) {
	server := private(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "password"), "s3cret\n")
	writeFile(t, filepath.Join(dir, "docker.json"), `{"auths": {"`+server.Host()+`": {"auth": "`+base64.StdEncoding.EncodeToString([]byte("user:s3cret"))+`"}}}`)
	env := map[string]string{"REGISTRY_USER": "user", "REGISTRY_PASSWORD": "s3cret", "WRONG": "hunter2"}
	tests := []struct{ name, auth, fails string }{
		{name: "password from the environment", auth: "{username: user, passwordEnv: REGISTRY_PASSWORD}"},
		{name: "password from a file", auth: "{usernameEnv: REGISTRY_USER, passwordFile: " + dir + "/password}"},
		{name: "docker configuration", auth: "{dockerConfigFile: " + dir + "/docker.json}"},
		{name: "wrong password", auth: "{username: user, passwordEnv: WRONG}", fails: "wrong username or password"},
		{name: "empty variable", auth: "{username: user, passwordEnv: NONE}", fails: "variable NONE, named by auth.passwordEnv, is empty"},
		{name: "empty user", auth: "{usernameEnv: NONE, passwordEnv: WRONG}", fails: "variable NONE, named by auth.usernameEnv, is empty"},
		{name: "missing file", auth: "{username: user, passwordFile: " + dir + "/none}", fails: "no such file"},
		{name: "missing docker configuration", auth: "{dockerConfigFile: " + dir + "/none}", fails: "no such file"},
		{name: "another cloud's", auth: "{provider: ecr}", fails: "none of its hosts"},
		{name: "no cluster", auth: "{pullSecret: {namespace: a, name: b}}", fails: "this isn't a Pod: set KUBECONFIG"},
		{name: "several", auth: "{provider: ecr, dockerConfigFile: x}", fails: "several ways to sign in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out := scanned(t, server.Host()+"/acme/hello", `- {host: "`+server.Host()+`", plainHTTP: true, auth: `+tt.auth+"}\n", env)
			if tt.fails == "" {
				wantChoice(t, code, out)
				return
			}
			if code != exitFailed || !strings.Contains(out, tt.fails) || strings.Contains(out, "hunter2") {
				t.Errorf("the scan exits with %d, want %q in:\n%s", code, tt.fails, out)
			}
		})
	}
}

// An image is asked for at the mirror, below its prefix and with the mirror's own
// credentials; the host that it stands in for is never reached.
func TestScanMirror(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	if err := server.PushTags("dockerhub/acme/hello", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	code, out := scanned(t, "registry.invalid/acme/hello", `
- {host: "`+server.Host()+`", plainHTTP: true, mirrorOf: other.invalid, prefix: other, auth: {username: user, passwordEnv: REGISTRY_PASSWORD}}
- {host: "`+server.Host()+`", mirrorOf: registry.invalid, prefix: dockerhub}
`, map[string]string{"REGISTRY_PASSWORD": "s3cret"})
	wantChoice(t, code, out)
}

func TestScanThroughProxy(t *testing.T) {
	store := registrytest.NewServer(registrytest.Options{})
	if err := store.PushTags("acme/hello", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	// A registry that is its own proxy: both get requests by their whole URL.
	asked := make(chan string, 100)
	proxy := registrytest.New(t, registrytest.Options{OnRequest: func(r *http.Request) {
		asked <- r.URL.Host + " " + r.Header.Get("Proxy-Authorization")
	}})
	proxy.AddFault(registrytest.Fault{Handler: store})
	registries := func(at string) string {
		return `- {host: registry.invalid, plainHTTP: true, proxy: "http://me:hunter2@` + at + `"}` + "\n"
	}
	code, out := scanned(t, "registry.invalid/acme/hello", registries(proxy.Host()), nil)
	wantChoice(t, code, out)
	want := "registry.invalid Basic " + base64.StdEncoding.EncodeToString([]byte("me:hunter2"))
	if got := <-asked; got != want {
		t.Errorf("the proxy was asked for %q, want %q", got, want)
	}
	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	code, out = scanned(t, "registry.invalid/acme/hello", registries(proxy.Host()), nil)
	if code != exitFailed || strings.Contains(out, "hunter2") {
		t.Errorf("without the proxy the scan exits with %d:\n%s", code, out)
	}
}

func TestPlainHTTPFlag(t *testing.T) {
	var out bytes.Buffer
	code := run(context.Background(), process{
		args:  []string{"scan", t.TempDir(), "--plain-http", "http://x"},
		stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" },
	})
	if code != exitUsage || !strings.Contains(out.String(), "isn't a host") {
		t.Errorf("exits with %d: %s", code, out.String())
	}
}
