package helm_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/buildtest"
	"github.com/towline-dev/towline/reconciler/build/helm"
)

var _ = flag.Bool("update", false, "write the golden trees anew")

// TestGolden builds each testdata/*.txtar, whose comment may hold a line "dir: PATH" and a
// line "options: JSON" of build.Options.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden trees: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { golden(t, name) })
	}
}

func golden(t *testing.T, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys, rest := buildtest.Tree(archive)
	got := outcome(t, request(t, fsys, string(archive.Comment)))
	if flag.Lookup("update").Value.String() == "true" {
		archive.Files = append(archive.Files[:len(archive.Files)-len(rest)], got)
		if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := txtar.Format(&txtar.Archive{Files: rest})
	if diff := cmp.Diff(string(want), string(txtar.Format(&txtar.Archive{Files: []txtar.File{got}}))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func request(t *testing.T, fsys fs.FS, comment string) build.Request {
	t.Helper()
	r := build.Request{Files: fsys, Dir: "."}
	for line := range strings.Lines(comment) {
		if dir, ok := strings.CutPrefix(line, "dir: "); ok {
			r.Dir = strings.TrimSpace(dir)
		}
		if options, ok := strings.CutPrefix(line, "options: "); ok {
			if err := json.Unmarshal([]byte(options), &r.Options); err != nil {
				t.Fatalf("options: %v", err)
			}
		}
	}
	return r
}

func outcome(t *testing.T, r build.Request) txtar.File {
	t.Helper()
	objects, err := build.Select(helm.New(build.Limits{})).Build(t.Context(), r)
	if err != nil {
		if !build.IsPermanent(err) {
			t.Errorf("error isn't permanent: %v", err)
		}
		return txtar.File{Name: "error", Data: []byte(err.Error() + "\n")}
	}
	var out bytes.Buffer
	if err := build.Encode(&out, objects); err != nil {
		t.Fatal(err)
	}
	return txtar.File{Name: "want", Data: out.Bytes()}
}
