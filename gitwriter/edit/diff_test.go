package edit_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestUnifiedDiff(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     string
	}{
		{name: "equal", old: "a\n", new: "a\n", want: ""},
		{name: "one line", old: "a\n", new: "b\n", want: "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"},
		{
			name: "context", old: "1\n2\n3\n4\n5\n6\n7\n8\n9\n", new: "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
			want: "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n",
		},
		{
			name: "no final newline", old: "a\nb", new: "a\nc",
			want: "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
		},
		{
			name: "CRLF", old: "a\r\nb\r\n", new: "a\r\nc\r\n",
			want: "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n",
		},
		{
			name: "adjacent hunks join", old: "X\n1\n2\n3\n4\n5\n6\nX\n", new: "Y\n1\n2\n3\n4\n5\n6\nY\n",
			want: "--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-X\n+Y\n 1\n 2\n 3\n 4\n 5\n 6\n-X\n+Y\n",
		},
		{
			name: "distant hunks don't", old: "X\n1\n2\n3\n4\n5\n6\n7\nX\n", new: "Y\n1\n2\n3\n4\n5\n6\n7\nY\n",
			want: "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-X\n+Y\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-X\n+Y\n",
		},
		{name: "to empty", old: "a\n", new: "", want: "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, edit.UnifiedDiff("f", []byte(tt.old), []byte(tt.new))); diff != "" {
				t.Errorf("UnifiedDiff (-want +got):\n%s", diff)
			}
		})
	}
}

// What git makes of the diff is what counts.
func TestUnifiedDiffAppliesWithGit(t *testing.T) {
	type pair struct {
		name, file string
		old, new   []byte
	}
	long := strings.Repeat("same\n", 400)
	pairs := []pair{
		{"lines added", "f.yaml", []byte("a\nb\n"), []byte("x\na\ny\nb\nz\n")},
		{"lines removed", "f.yaml", []byte("x\na\ny\nb\nz\n"), []byte("a\nb\n")},
		{"far apart", "f.yaml", []byte("a\n" + long + "b\n" + long + "c\n"), []byte("A\n" + long + "B\nB\n" + long + "C\n")},
		{"newline added at the end", "f.yaml", []byte("a\nb"), []byte("a\nb\n")},
		{"newline removed at the end", "f.yaml", []byte("a\nb\n"), []byte("a\nb")},
		{"lines behind no newline", "f.yaml", []byte("a\nb"), []byte("a\nb\nc")},
		{"mixed line ends", "f.yaml", []byte("a\r\nb\rc\nd\r\n"), []byte("a\r\nb\rX\nd\n")},
		{"to empty", "f.yaml", []byte("a\nb\n"), []byte{}},
		{"from empty", "f.yaml", []byte{}, []byte("a\nb")},
		{"new file", "dir/f.yaml", nil, []byte("a\nb\n")},
		{"new empty file", "dir/f.yaml", nil, []byte{}},
		{"deleted file", "f.yaml", []byte("a\n"), nil},
		{"spaces in the name", "my dir/my file.yaml", []byte("a\n"), []byte("b\n")},
		{"quotes in the name", "a\"b\\c\td.yaml", []byte("a\n"), []byte("b\n")},
		{"letters in the name", "größe-日本.yaml", []byte("a\n"), []byte("b\n")},
		{"new file with spaces", "my file.yaml", nil, []byte("a\n")},
	}
	for _, c := range goldenCases(t) {
		file, _ := edit.Parse(c.file, c.before)
		after, edits, err := file.Rewrite(c.resolve(t, file.References()))
		if err == nil && len(edits) > 0 {
			pairs = append(pairs, pair{"golden " + c.name, c.file, c.before, after})
		}
	}
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, filepath.FromSlash(p.file))
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if p.old != nil {
				if err := os.WriteFile(path, p.old, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			diff := edit.UnifiedDiff(p.file, p.old, p.new)
			cmd := exec.CommandContext(t.Context(), "git", "apply", "--whitespace=nowarn", "-")
			cmd.Dir = dir
			cmd.Stdin = strings.NewReader(diff)
			// A repository around the temporary directory must not be found.
			cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git apply: %v\n%s\nof\n%s", err, out, diff)
			}
			got, err := os.ReadFile(path)
			if p.new == nil {
				if !os.IsNotExist(err) {
					t.Errorf("the file is still there: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, p.new) {
				t.Errorf("git made something else of the diff:\n%s", cmp.Diff(string(p.new), string(got)))
			}
		})
	}
}
