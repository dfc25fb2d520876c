package plain_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/buildtest"
	"github.com/towline-dev/towline/reconciler/build/plain"
)

var _ = flag.Bool("update", false, "write the golden trees anew")

func TestGolden(t *testing.T) { buildtest.Run(t, plain.Builder{}) }

func configMap(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n", name)
}

func TestLimits(t *testing.T) {
	many := fstest.MapFS{}
	for i := range 5 {
		many[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte(configMap(fmt.Sprint("c", i)))}
	}
	for _, tt := range []struct {
		name   string
		limits build.Limits
		want   string
	}{
		{"files", build.Limits{Files: 4}, "more than 4 files"},
		{"one file", build.Limits{FileBytes: 10}, "larger than 10 bytes"},
		{"all files", build.Limits{Bytes: 100}, "more than 100 bytes"},
		{"objects", build.Limits{Objects: 3}, "more than 3 objects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := plain.Builder{Limits: tt.limits}.Build(t.Context(), build.Request{Files: many, Dir: "."})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestAliasBomb(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	_, err := plain.Builder{}.Build(t.Context(), build.Request{Files: fstest.MapFS{"bomb.yaml": {Data: []byte(bomb.String())}}, Dir: "."})
	if err == nil || !strings.Contains(err.Error(), "bomb.yaml:1: document contains excessive aliasing") {
		t.Errorf("error %v, want one about aliasing at bomb.yaml:1", err)
	}
}

func TestManyErrorsAreCounted(t *testing.T) {
	doc := "kind: ConfigMap\n---\n"
	_, err := plain.Builder{}.Build(t.Context(), build.Request{Files: fstest.MapFS{"all.yaml": {Data: []byte(strings.Repeat(doc, 10_000))}}, Dir: "."})
	if err == nil || !strings.HasSuffix(err.Error(), "and 9980 more") {
		t.Fatalf("error %v, want 20 and a count", err)
	}
	if n := strings.Count(err.Error(), "\n"); n != 20 {
		t.Errorf("%d lines after the first, want 20", n)
	}
}

func TestSymlinkOutOfTheTree(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.yaml"), []byte(configMap("outside")), 0o600); err != nil {
		t.Fatal(err)
	}
	repository := filepath.Join(dir, "repository")
	if err := os.Mkdir(repository, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret.yaml", filepath.Join(repository, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(repository)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	objects, err := plain.Builder{}.Build(t.Context(), build.Request{Files: root.FS(), Dir: "."})
	if e, ok := errors.AsType[*build.Error](err); !ok || e.File != "a.yaml" {
		t.Errorf("got %d objects and error %v, want an error at a.yaml", len(objects), err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := plain.Builder{}.Build(ctx, build.Request{Files: fstest.MapFS{"a.yaml": {Data: []byte(configMap("a"))}}, Dir: "."})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// failing fails reads as a damaged mirror would.
type failing struct{ fs.FS }

func (f failing) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".yaml") {
		return nil, errors.New("input/output error")
	}
	return f.FS.Open(name)
}

func TestReadErrorIsNotPermanent(t *testing.T) {
	_, err := plain.Builder{}.Build(t.Context(), build.Request{Files: failing{fstest.MapFS{"a.yaml": {}}}, Dir: "."})
	if err == nil || build.IsPermanent(err) {
		t.Errorf("error %v, want one that may pass", err)
	}
}

func TestEncodeDecodesAgain(t *testing.T) {
	objects, err := plain.Builder{}.Build(t.Context(), build.Request{Files: fstest.MapFS{
		"a.yaml": {Data: []byte(configMap("a") + "data: {on: \"on\", n: \"012\"}\n---\n" + configMap("b"))},
	}, Dir: "."})

	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := build.Encode(&first, objects); err != nil {
		t.Fatal(err)
	}
	again, err := plain.Builder{}.Build(t.Context(), build.Request{Files: fstest.MapFS{"x.yaml": {Data: first.Bytes()}}, Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	if err := build.Encode(&second, again); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || len(again) != 2 {
		t.Errorf("encoding isn't stable:\n%s\nthen\n%s", first.String(), second.String())
	}
}
