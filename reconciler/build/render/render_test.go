package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/render"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

// encrypted reads what SOPS has encrypted for the tests of the package sops.
func encrypted(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "sops", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEncryptedInAKustomization opens files wherever a kustomization names them, though
// it changes what they hold.
func TestEncryptedInAKustomization(t *testing.T) {
	keys, err := sops.NewKeys(map[string][]byte{"a.agekey": encrypted(t, "test.agekey")})
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{
		"kustomization.yaml": {Data: []byte("namePrefix: x-\nresources: [secret.yaml, plain.yaml]\npatches: [{path: patch.yaml, target: {name: target}}]\n" +
			"generatorOptions: {disableNameSuffixHash: true}\nsecretGenerator:\n- name: env\n  envs: [app.env]\n- name: files\n  files: [blob.txt, app.ini]\n")},
		"secret.yaml": {Data: encrypted(t, "maconly.yaml")},
		"patch.yaml":  {Data: encrypted(t, "both.yaml")},
		"plain.yaml":  {Data: []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: target}\nstringData: {own: value}\n")},
		"app.env":     {Data: encrypted(t, "age/app.env")},
		"blob.txt":    {Data: encrypted(t, "age/blob.txt")},
		"app.ini":     {Data: encrypted(t, "age/app.ini")},
	}
	objects, err := renderer().Build(t.Context(), build.Request{Files: files, Dir: ".", Options: build.Options{Decryption: keys}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := build.Encode(&text, objects); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "ENC[") || strings.Contains(text.String(), "sops") {
		t.Errorf("encrypted text is left:\n%s", text.String())
	}
	got := map[string][]string{}
	for _, u := range objects {
		for _, field := range []string{"data", "stringData"} {
			values, _ := u.Object[field].(map[string]any)
			for name := range values {
				got[u.GetName()] = append(got[u.GetName()], name)
			}
		}
	}
	for name, want := range map[string]int{"x-db": 6, "x-target": 7, "x-env": 4, "x-files": 2} {
		if len(got[name]) != want {
			t.Errorf("%s has the values %q, want %d", name, got[name], want)
		}
	}
	if _, err := renderer().Build(t.Context(), build.Request{Files: files, Dir: "."}); err == nil || !strings.Contains(err.Error(), "encrypted by SOPS for") {
		t.Errorf("without keys: error %v", err)
	}
}

func TestRenderedIsWhatWasBuilt(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {i: 1, f: 1.5, big: 9007199254740993, t: \"<ü>\\n\", n: null, b: true, l: [1, a], m: {}}\n---\n" + configMap("b"))}}
	want, err := renderer().Build(t.Context(), build.Request{Files: files, Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := renderer().Render(t.Context(), build.Request{Files: files, Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got[0].SetName("changed")
	again, err := rendered.Objects()
	if err != nil || again[0].GetName() != "a" || rendered.Len() != 2 {
		t.Errorf("a caller's change shows: %v, %v", again, err)
	}
	packed, err := build.Pack(got)
	if err != nil || packed.Sum() == rendered.Sum() {
		t.Errorf("other objects have the same sum %s, %v", packed.Sum(), err)
	}
}

func TestOptionsOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec v1.SyncSpec
		want build.Options
	}{
		{"nothing", v1.SyncSpec{}, build.Options{Namespace: "team", Release: "shop"}},
		{"namespace", v1.SyncSpec{TargetNamespace: "prod"}, build.Options{Namespace: "prod", Release: "shop"}},
		{"variables", v1.SyncSpec{Substitute: &v1.Substitute{}}, build.Options{Namespace: "team", Release: "shop", Variables: map[string]string{}}},
		{
			"Helm", v1.SyncSpec{Helm: &v1.Helm{ReleaseName: "r", ValuesFiles: []string{"a.yaml"}, SkipCRDs: true, Values: &apiextensionsv1.JSON{Raw: []byte(`{"a":1}`)}}},
			build.Options{Namespace: "team", Release: "r", Helm: build.Helm{ValuesFiles: []string{"a.yaml"}, SkipCRDs: true, Values: []byte(`{"a":1}`)}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := render.OptionsOf(&v1.Sync{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "team"}, Spec: tt.spec})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
