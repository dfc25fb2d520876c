package edit_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files instead of comparing with them")
	flag.Parse()
	os.Exit(m.Run())
}

// goldenCase is one folder of testdata/golden:
//
//	before   the file, byte for byte
//	changes  one a line: IMAGE=TAG[@DIGEST], NAMESPACE:NAME=[IMAGE:]TAG[@DIGEST]
//	         for markers, IMAGE->IMAGE:TAG for another image; "file: NAME" first
//	         where the name matters
//	after    the file afterwards; absent where nothing changes or it is refused
//	report   references, problems, edits or the refusal
type goldenCase struct {
	name    string
	dir     string
	file    string
	before  []byte
	changes []string
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	dirs, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("listing the golden cases: %v, %d found", err, len(dirs))
	}
	var cases []goldenCase
	for _, dir := range dirs {
		c := goldenCase{name: filepath.Base(dir), dir: dir, file: "manifest.yaml"}
		c.before = readFile(t, filepath.Join(dir, "before"))
		for line := range strings.Lines(string(readFile(t, filepath.Join(dir, "changes")))) {
			line = strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(line, "file: "); ok {
				c.file = name
			} else if line != "" {
				c.changes = append(c.changes, line)
			}
		}
		cases = append(cases, c)
	}
	return cases
}

// resolve turns the lines of a changes file into changes of the references that they mean.
func (c goldenCase) resolve(t testing.TB, refs []edit.Reference) []edit.Change {
	t.Helper()
	var changes []edit.Change
	for _, line := range c.changes {
		image, target, renames := strings.Cut(line, "->")
		if !renames {
			var ok bool
			if image, target, ok = strings.Cut(line, "="); !ok {
				t.Fatalf("%s: change %q has no =", c.dir, line)
			}
		}
		version, digest, _ := strings.Cut(target, "@")
		newImage, tag := "", version
		if i := strings.LastIndexByte(version, ':'); i >= 0 {
			newImage, tag = version[:i], version[i+1:]
		}
		for _, r := range refs {
			marked := r.Marker != nil && r.Marker.Namespace+":"+r.Marker.Name == image
			if marked || (r.Marker == nil && edit.SameImage(r.Image, image)) {
				changes = append(changes, edit.Change{Reference: r, Image: newImage, Tag: tag, Digest: digest})
			}
		}
	}
	return changes
}

func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			var report strings.Builder
			file, problems := edit.Parse(c.file, c.before)
			for _, p := range problems {
				fmt.Fprintf(&report, "problem %s: %v\n", p.Kind, p)
			}
			refs := file.References()
			for _, r := range refs {
				report.WriteString(describe(r))
			}
			for _, s := range file.Sources() {
				fmt.Fprintf(&report, "source %s/%s/%s: %s\n", s.Kind, s.Namespace, s.Name, s.URL)
			}
			for _, p := range file.Opaque() {
				fmt.Fprintf(&report, "opaque %v\n", p)
			}
			changes := c.resolve(t, refs)
			after, edits, err := file.Rewrite(changes)
			if err != nil {
				fmt.Fprintf(&report, "refused: %v\n", err)
				if after != nil {
					t.Errorf("Rewrite refused the file but gave data:\n%q", after)
				}
			}
			for _, e := range edits {
				fmt.Fprintf(&report, "edit %v (%d-%d, %s: %s -> %s)\n", e, e.Start, e.End, e.Image, e.From, e.To)
			}
			if err == nil {
				checkUntouched(t, c.before, after, edits)
				checkReaders(t, c.before, after, edits)
				checkShown(t, c.file, after, changes)
			}
			golden(t, filepath.Join(c.dir, "report"), []byte(report.String()))
			if len(edits) > 0 || fileExists(filepath.Join(c.dir, "after")) {
				golden(t, filepath.Join(c.dir, "after"), after)
			}
		})
	}
}

func describe(r edit.Reference) string {
	s := fmt.Sprintf("%s %d:%d %s: image=%s", r.Form, r.Line, r.Column, r.Path, r.Image)
	if r.Tag != "" {
		s += " tag=" + r.Tag
	}
	if r.Digest != "" {
		s += " digest=" + r.Digest
	}
	if r.Marker != nil {
		s += " marker=" + r.Marker.String()
	}
	if r.Anchor != "" {
		s += " anchor=" + r.Anchor
	}
	if f := r.Source; f != nil {
		s += fmt.Sprintf(" source=%s/%s/%s chart=%s", f.Kind, f.Namespace, f.Name, f.Chart)
	}
	return s + "\n"
}

// checkUntouched holds the promise of the package, independently of the golden
// files: after is before with the ranges of the edits replaced, nothing else.
func checkUntouched(t testing.TB, before, after []byte, edits []edit.Edit) {
	t.Helper()
	var want []byte
	done := 0
	for _, e := range edits {
		if e.Start < done || e.End < e.Start || e.End > len(before) {
			t.Fatalf("edit %v has the range %d-%d after %d, of %d bytes", e, e.Start, e.End, done, len(before))
		}
		if got := string(before[e.Start:e.End]); got != e.Old {
			t.Errorf("edit %v: its range holds %q", e, got)
		}
		want = append(append(want, before[done:e.Start]...), e.New...)
		done = e.End
	}
	want = append(want, before[done:]...)
	if string(want) != string(after) {
		t.Errorf("bytes outside the edits changed (-want +got):\n%s", cmp.Diff(string(want), string(after)))
	}
}

// checkShown parses the result and looks whether its references name what was asked for.
func checkShown(t testing.TB, file string, after []byte, changes []edit.Change) {
	t.Helper()
	parsed, _ := edit.Parse(file, after)
	refs := parsed.References()
	for _, c := range changes {
		if c.Reference.Index >= len(refs) {
			t.Fatalf("reference %s is gone from the result", c.Reference.Path)
		}
		got := refs[c.Reference.Index]
		if got.Path != c.Reference.Path || got.Form != c.Reference.Form {
			t.Errorf("reference %d is %s %s, want %s %s", got.Index, got.Form, got.Path, c.Reference.Form, c.Reference.Path)
		}
		field := "any"
		if got.Marker != nil && got.Marker.Field != "" {
			field = got.Marker.Field
		}
		// What stands in parts gets no tag where it has none.
		parts := got.Form == edit.FormKustomize || got.Form == edit.FormHelm || got.Form == edit.FormArtifact || got.Form == edit.FormField
		if (field == "any" && !parts || field == "tag" || parts && c.Reference.Tag != "") && c.Tag != "" && got.Tag != c.Tag {
			t.Errorf("%s: tag %q, want %q", got.Path, got.Tag, c.Tag)
		}
		if (field == "any" || field == "digest") && c.Digest != "" && got.Digest != c.Digest {
			t.Errorf("%s: digest %q, want %q", got.Path, got.Digest, c.Digest)
		}
		if (field == "any" || field == "name") && c.Image != "" && !edit.SameImage(got.Image, c.Image) {
			t.Errorf("%s: image %q, want %q", got.Path, got.Image, c.Image)
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatalf("writing a golden file: %v", err)
		}
		return
	}
	if diff := cmp.Diff(string(readFile(t, file)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func readFile(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("reading a golden file: %v", err)
	}
	return data
}

func fileExists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
