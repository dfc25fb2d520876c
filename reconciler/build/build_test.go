package build_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
)

func TestSelect(t *testing.T) {
	fsys := fstest.MapFS{
		"plain/a.yaml":               {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
		"overlay/kustomization.yaml": {Data: []byte("namePrefix: prod-\nresources: [../plain/a.yaml]\n")},
	}
	b := build.Select(kustomize.New(build.Limits{}), plain.Builder{})
	for dir, want := range map[string]string{"plain": "a", "overlay": "prod-a", "./overlay/": "prod-a"} {
		objects, err := b.Build(t.Context(), build.Request{Files: fsys, Dir: dir})
		if err != nil || len(objects) != 1 || objects[0].GetName() != want {
			t.Errorf("%s: got %v, %v; want %s", dir, objects, err, want)
		}
	}
	_, err := build.Select(kustomize.New(build.Limits{})).Build(t.Context(), build.Request{Files: fsys, Dir: "plain"})
	if e, ok := errors.AsType[*build.Error](err); !ok || e.File != "plain" {
		t.Errorf("error %v, want one at plain: no builder takes it", err)
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  build.Error
		want string
	}{
		{build.Error{File: "a.yaml", Err: fs.ErrNotExist}, "a.yaml: file does not exist"},
		{build.Error{File: "a.yaml", Line: 3, Err: fs.ErrNotExist, Hint: "look"}, "a.yaml:3: file does not exist (look)"},
	} {
		if diff := cmp.Diff(tt.want, tt.err.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !errors.Is(&tt.err, fs.ErrNotExist) {
			t.Error("the cause is lost")
		}
	}
}

// FuzzDecode holds that any input ends in objects or errors whose line is in the
// file, and that what was decoded encodes to the same objects again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "---\n...\n---\n# c\n", "%YAML 1.1\n---\na: 1\n",
		"kind: List\napiVersion: v1\nitems:\n- {}\n", "{\"kind\": \"X\"", "a: &a [*a]\n", "- |\n  ---\n", "\ufeff--- {apiVersion: v1, kind: X, metadata: {name: x}, on: 012}",
		"apiVersion: v1\nkind: X\nmetadata: {name: x}\nf: .inf\n", "a: !!binary x\n", "? {a: b}\n: c\n", "\"0\r0\r", "kind: A\r---\rkind: B\r",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, json bool) {
		name := "a.yaml"
		if json {
			name = "a.json"
		}
		c := build.NewCollector(build.Limits{}, build.Options{})
		build.Decode(c, name, []byte(text))
		objects, err := c.Objects()
		if e, ok := errors.AsType[*build.Error](err); ok && (e.Line < 1 || e.Line > strings.Count(text, "\n")+2) {
			t.Errorf("%q: line %d of %q", err, e.Line, text)
		}
		if err != nil {
			return
		}
		var encoded bytes.Buffer
		if err := build.Encode(&encoded, objects); err != nil {
			t.Fatalf("encoding: %v", err)
		}
		c = build.NewCollector(build.Limits{}, build.Options{})
		build.Decode(c, "b.yaml", encoded.Bytes())
		again, err := c.Objects()
		if err != nil {
			t.Fatalf("decoding what was encoded: %v\n%s", err, encoded.String())
		}
		if diff := cmp.Diff(objects, again); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

func TestIgnore(t *testing.T) {
	var g build.Ignore
	if err := g.Add(".", []byte("*.tmp.yaml\n/only-here.yaml\nfolder/\na/**/z.yaml\n**/deep\n!keep.tmp.yaml\n[ab].yml\n")); err != nil {
		t.Fatal(err)
	}
	if err := g.Add("sub", []byte("/local.yaml\n")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		dir  bool
		want bool
	}{
		{"x.tmp.yaml", false, true}, {"q/x.tmp.yaml", false, true}, {"q/keep.tmp.yaml", false, false},
		{"only-here.yaml", false, true}, {"q/only-here.yaml", false, false},
		{"folder", true, true}, {"q/folder", true, true}, {"folder", false, false},
		{"a/z.yaml", false, true}, {"a/b/c/z.yaml", false, true}, {"b/z.yaml", false, false},
		{"deep", true, true}, {"q/r/deep", true, true},
		{"a.yml", false, true}, {"c.yml", false, false},
		{"sub/local.yaml", false, true}, {"local.yaml", false, false}, {"sub/q/local.yaml", false, false},
	} {
		if got := g.Match(tt.path, tt.dir); got != tt.want {
			t.Errorf("Match(%q, %t) is %t", tt.path, tt.dir, got)
		}
	}
}

// TestIgnoreManyStars holds that a hostile pattern can't take exponential time.
func TestIgnoreManyStars(t *testing.T) {
	var g build.Ignore
	if err := g.Add(".", []byte(strings.Repeat("**/a/", 40)+"b\n")); err != nil {
		t.Fatal(err)
	}
	if g.Match(strings.Repeat("a/", 200)+"c", false) {
		t.Error("matches what it doesn't")
	}
}
