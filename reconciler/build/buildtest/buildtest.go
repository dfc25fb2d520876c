// Package buildtest runs Builders over golden trees: a txtar archive holds the
// files of a repository, and under "want" the rendered objects or under "error"
// the message.
package buildtest

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/towline-dev/towline/reconciler/build"
)

// Run builds each testdata/*.txtar with b. The archive's comment may hold a line
// "dir: PATH"; the root is built by default; and lines "variable: NAME=VALUE". With
// -update the expectations are written anew.
func Run(t *testing.T, b build.Builder) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden trees: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { one(t, b, name) })
	}
}

func one(t *testing.T, b build.Builder, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys, rest := Tree(archive)
	want := txtar.Format(&txtar.Archive{Files: rest})
	got := txtar.Format(&txtar.Archive{Files: []txtar.File{outcome(t, b, build.Request{Files: fsys, Dir: dir(archive), Options: build.Options{Variables: variables(archive)}})}})
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		archive.Files = append(inputs(archive), txtar.Parse(got).Files...)
		if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func outcome(t *testing.T, b build.Builder, request build.Request) txtar.File {
	t.Helper()
	objects, err := build.Select(b).Build(t.Context(), request)
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

// Tree gives the files of an archive as a file system, and its expectations.
// A file whose name ends in "@" is a symbolic link; its text is the target.
func Tree(archive *txtar.Archive) (fstest.MapFS, []txtar.File) {
	fsys := fstest.MapFS{".": {Mode: fs.ModeDir | 0o755}}
	for _, f := range inputs(archive) {
		if name, ok := strings.CutSuffix(f.Name, "@"); ok {
			fsys[name] = &fstest.MapFile{Data: bytes.TrimSpace(f.Data), Mode: fs.ModeSymlink | 0o777}
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return fsys, archive.Files[len(inputs(archive)):]
}

func inputs(archive *txtar.Archive) []txtar.File {
	for i, f := range archive.Files {
		if f.Name == "want" || f.Name == "error" {
			return archive.Files[:i:i]
		}
	}
	return archive.Files[:len(archive.Files):len(archive.Files)]
}

func dir(archive *txtar.Archive) string {
	for _, d := range settings(archive, "dir") {
		return d
	}
	return "."
}

// variables is nil where there are none.
func variables(archive *txtar.Archive) map[string]string {
	var values map[string]string
	for _, text := range settings(archive, "variable") {
		if values == nil {
			values = map[string]string{}
		}
		name, value, _ := strings.Cut(text, "=")
		values[name] = strings.ReplaceAll(value, `\n`, "\n")
	}
	return values
}

func settings(archive *txtar.Archive, name string) []string {
	var found []string
	for line := range strings.Lines(string(archive.Comment)) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			found = append(found, strings.TrimSpace(value))
		}
	}
	return found
}
