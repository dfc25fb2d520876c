package kustomize_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
)

func commitOf(digit string) string { return strings.Repeat(digit, 40) }

func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func object(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

// errAway is of a Git server that doesn't answer.
var errAway = errors.New("the server is away")

// remotes are repositories by their address and commit, which note what is fetched.
type remotes struct {
	trees   map[string]fstest.MapFS
	fetched []string
}

func (r *remotes) fetch(_ context.Context, url, commit string) (fs.FS, error) {
	key := url + " " + commit[:1]
	r.fetched = append(r.fetched, key)
	if found, ok := r.trees[key]; ok {
		return found, nil
	}
	return nil, errAway
}

// names builds app with remote bases of https://git.example/acme allowed.
func (r *remotes) names(t *testing.T, files map[string]string) ([]string, error) {
	t.Helper()
	b, err := kustomize.NewWithBases(build.Limits{}, kustomize.Bases{Allowed: []string{"https://git.example/acme/"}, Fetch: r.fetch})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := b.Build(t.Context(), build.Request{Files: tree(files), Dir: "app"})
	var names []string
	for _, u := range objects {
		names = append(names, u.GetName())
	}
	return names, err
}

func newRemotes() *remotes {
	return &remotes{trees: map[string]fstest.MapFS{
		"https://git.example/acme/base 1": tree(map[string]string{ //nolint:gosec // G101: manifests, and no credentials
			"web/kustomization.yaml": "namePrefix: web-\nresources: [a.yaml, ../shared, 'https://git.example/acme/deep?ref=" + commitOf("2") + "']\n",
			"web/a.yaml":             object("a"), "shared/kustomization.yaml": "resources: [b.yaml]\n", "shared/b.yaml": object("b"),
			"out/kustomization.yaml":    "resources: [../../../app/own.yaml]\n",
			"nested/kustomization.yaml": "resources: ['https://evil.example/x?ref=" + commitOf("3") + "']\n",
			"plugin/kustomization.yaml": "generators: [x.yaml]\n",
			"secret/kustomization.yaml": "resources: [s.yaml]\n",
			"secret/s.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]'}\nsops: {mac: 'ENC[AES256_GCM,x]', lastmodified: x}\n",
		}),
		"https://git.example/acme/deep 2": tree(map[string]string{"kustomization.yaml": "resources: [c.yaml]\n", "c.yaml": object("c")}),
	}}
}

// TestRemoteBases holds that a base of another repository, and one that it names itself,
// are built as folders of this one.
func TestRemoteBases(t *testing.T) {
	r := newRemotes()
	got, err := r.names(t, map[string]string{
		"app/own.yaml": object("own"),
		"app/kustomization.yaml": "resources:\n- own.yaml\n- https://git.example/acme/base//web?ref=" + commitOf("1") + "\n" +
			"nameSuffix: -x\npatches:\n- target: {name: a}\n  patch: |-\n    - {op: add, path: /data, value: {n: \"012\"}}\n" +
			"configMapGenerator: [{name: g, literals: [a=b]}]\ngeneratorOptions: {disableNameSuffixHash: true}\nlabels: [{pairs: {a: b}}]\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"own-x", "web-a-x", "web-b-x", "web-c-x", "g-x"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://git.example/acme/base 1", "https://git.example/acme/deep 2"}, r.fetched); diff != "" {
		t.Errorf("fetched (-want +got):\n%s", diff)
	}
}

// TestHostileBases holds that nothing is fetched but what is allowed, and that a base
// reaches nothing outside of itself.
func TestHostileBases(t *testing.T) {
	one := commitOf("1")
	at := func(dir string) string { return "https://git.example/acme/base//" + dir + "?ref=" + one }
	for _, tt := range []struct{ name, resource, want string }{
		{"another owner", "https://git.example/acme.evil/base?ref=" + one, "isn't among the repositories"},
		{"another owner by a longer name", "https://git.example/acmee/base?ref=" + one, "isn't among the repositories"},
		{"another host", "https://git.example.evil/acme/base?ref=" + one, "isn't among the repositories"},
		{"another port", "https://git.example:8443/acme/base?ref=" + one, "isn't among the repositories"},
		{"the host as a user", "https://git.example@evil.example/acme/base?ref=" + one, "holds a user"},
		{"the host as a user with a password", "https://git.example:x@evil.example/acme/base?ref=" + one, "holds a user"},
		{"out by dots", "https://git.example/acme/../evil/base?ref=" + one, "leads elsewhere"},
		{"out by escaped dots", "https://git.example/acme/%2e%2e/evil/base?ref=" + one, "something escaped"},
		{"out by a backslash", `https://git.example\@evil.example/acme/base?ref=` + one, "isn't an address"},
		{"a folder out of the base", at("../x"), "leads elsewhere"},
		{"capitals", "https://GIT.example/acme/base?ref=" + one, "small letters"},
		{"HTTP", "http://git.example/acme/base?ref=" + one, "isn't fetched by HTTPS"},
		{"SSH", "ssh://git@git.example/acme/base?ref=" + one, "isn't fetched by HTTPS"},
		{"SSH in short", "git@git.example:acme/base?ref=" + one, "isn't fetched by HTTPS"},
		{"a Git prefix", "git::https://git.example/acme/base?ref=" + one, "isn't fetched by HTTPS"},
		{"a file", "file:///etc/passwd?ref=" + one, "isn't fetched by HTTPS"},
		{"a branch", "https://git.example/acme/base?ref=main", "names no commit"},
		{"a tag", "https://git.example/acme/base?ref=v1.0.0", "names no commit"},
		{"a short hash", "https://git.example/acme/base?ref=1111111", "names no commit"},
		{"no commit", "https://git.example/acme/base", "names no commit"},
		{"further options", "https://git.example/acme/base?ref=" + one + "&submodules=true", "names no commit"},
		{"a fragment", "https://git.example/acme/base?ref=" + one + "#x", "names no commit"},
		{"a plain file", "https://git.example/acme/base/raw/a.yaml", "names no commit"},
		{"a file of the base", at("web/a.yaml"), "names no folder"},
		{"a folder that isn't there", at("nowhere"), "names no folder"},
		{"a base that leads out", at("out"), "leads into another repository"},
		{"a base of a base that isn't allowed", at("nested"), "isn't among the repositories"},
		{"a base with a plugin", at("plugin"), "plugins and functions aren't run"},
		{"a base with what is encrypted", at("secret"), "encrypted by SOPS"},
		{"where bases are shown", "../.towline-bases/x", "leads into another repository"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRemotes()
			got, err := r.names(t, map[string]string{"app/own.yaml": object("own"), "app/kustomization.yaml": fmt.Sprintf("resources: [own.yaml, %q]\n", tt.resource)})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !build.IsPermanent(err) {
				t.Errorf("%v and error %v, want a permanent one with %q", got, err, tt.want)
			}
			for _, key := range r.fetched {
				if !strings.HasPrefix(key, "https://git.example/acme/base 1") {
					t.Errorf("fetched %s", key)
				}
			}
		})
	}
}

// TestRemoteElsewhere holds that only resources and components may be remote.
func TestRemoteElsewhere(t *testing.T) {
	address := "https://git.example/acme/base//web?ref=" + commitOf("1")
	for _, field := range []string{
		"patches: [{path: %q}]", "configMapGenerator: [{name: g, files: ['k=%s']}]", "secretGenerator: [{name: g, envs: [%q]}]", "crds: [%q]",
		"configurations: [%q]", "replacements: [{path: %q}]", "patchesStrategicMerge: [%q]", "openapi: {path: %q}",
		"resources: [%[1]q]\npatches: [{path: %[1]q}]",
	} {
		_, err := newRemotes().names(t, map[string]string{"app/kustomization.yaml": fmt.Sprintf(field, address) + "\n"})
		if err == nil || !strings.Contains(err.Error(), "is remote") {
			t.Errorf("%s: error %v, want that it is remote", field, err)
		}
	}
	got, err := newRemotes().names(t, map[string]string{"app/kustomization.yaml": fmt.Sprintf("Resources: [%q]\n", address)})
	if err != nil || len(got) != 3 {
		t.Errorf("a field in capitals, as the library takes it: %v, %v", got, err)
	}
}

// TestBaseAway holds that a server that is away is asked again.
func TestBaseAway(t *testing.T) {
	_, err := newRemotes().names(t, map[string]string{"app/kustomization.yaml": "resources: ['https://git.example/acme/other?ref=" + commitOf("4") + "']\n"})
	if !errors.Is(err, errAway) || build.IsPermanent(err) {
		t.Errorf("error %v, want the server's, and that it may pass", err)
	}
	many := "resources:\n"
	r := newRemotes()
	for i := range 17 {
		r.trees[fmt.Sprintf("https://git.example/acme/r%d 5", i)] = tree(map[string]string{"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\nnamePrefix: r%d-\n", i), "a.yaml": object("a")})
		many += fmt.Sprintf("- https://git.example/acme/r%d?ref=%s\n", i, commitOf("5"))
	}
	if _, err := r.names(t, map[string]string{"app/kustomization.yaml": many}); err == nil || !strings.Contains(err.Error(), "more than 16 remote bases") {
		t.Errorf("error %v, want that there are too many", err)
	}
}

func TestBasesValidate(t *testing.T) {
	for _, prefix := range []string{"http://git.example/", "git.example/acme", "https://u@git.example/", "https://", "https://git.example/a/../b", "https://git.example/?x", "https://git.example/%61"} {
		if err := (kustomize.Bases{Allowed: []string{prefix}, Fetch: newRemotes().fetch}).Validate(); err == nil {
			t.Errorf("%q is taken", prefix)
		}
	}
	if err := (kustomize.Bases{Allowed: []string{"https://git.example"}}).Validate(); err == nil {
		t.Error("nothing fetches, and nobody minds")
	}
}
