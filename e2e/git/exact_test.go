package git_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
)

// nastyLayouts are cases of the editor's golden tree in which nginx moves to 1.27.1.
func nastyLayouts() []string {
	return []string{
		"alias-all-references", "alias-newtag-shared", "anchor-alone", "anchor-on-own-line", "anchor-redefined", "anchored-key",
		"block-single-line", "bom", "bom-crlf", "custom-resource", "directive", "documents", "documents-without-start",
		"flow", "flow-multi-line", "helm-values", "json", "json-minified", "kustomize-component", "list", "long-line",
		"merge-key", "mixed-line-ends", "no-final-newline", "non-ascii-before", "odd-keys", "quoting", "tabs-before-comment",
		"windows-bom-json", "embedded-argo-values", "embedded-crlf", "embedded-kustomize", "embedded-nested", "template-branches",
		"template-crlf", "template-texts",
	}
}

// refusedLayouts are cases that the editor leaves alone, with what it says.
func refusedLayouts() map[string]string {
	return map[string]string{
		"alias-other-user":         "its value has the anchor &web",
		"deep":                     "nested deeper than",
		"duplicate-key":            "duplicate key",
		"invalid-control":          "control characters are not allowed",
		"invalid-utf16":            "the file is UTF-16",
		"invalid-utf8":             "not valid YAML",
		"invalid-yaml":             "not valid YAML",
		"multi-line-escaped-image": "the value is spread over several lines",
		"template-joined":          "it is a Go template and no YAML",
		"unicode-breaks":           "not valid YAML",
	}
}

// TestExact holds that an update changes the values that it means and not one byte, mode
// or entry beside them, all the way from a person's push to the server's objects.
func TestExact(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.publish("library/nginx", "1.25", "1.25.3", "1.27.1")
	repo := s.gitea.Repo(t)
	p := s.clone(repo)
	want := map[string]string{} // files after the update, by path
	for _, name := range nastyLayouts() {
		file, before, after := goldenCase(t, name)
		p.write(file, before)
		want[file] = after
	}
	refused := refusedLayouts()
	for name := range refused {
		file, before, _ := goldenCase(t, name)
		p.write(file, before)
	}
	p.write("policy.yaml", `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: nginx}
spec:
  image: nginx
  filterTags: {pattern: '^1\.27\.1$'}
  policy: {alphabetical: {}}
  update: {mode: commit}
`)
	p.oddEntries()
	p.record("Add the manifests")
	before := p.head()
	r := s.once(s.botConfig("exact", served{GiteaRepo: repo}))
	if r.code != 1 || r.interrupted != nil {
		t.Fatalf("the bot ends with %d (%v), want 1 for the files that it can't edit:\n%s", r.code, r.interrupted, r.log)
	}
	for name, message := range refused {
		if !told(r.log, message, name+"/") {
			t.Errorf("no line of the log says %q of %s:\n%s", message, name, r.log)
		}
	}
	s.wantOnly(repo, before, want)
}

// goldenCase gives a case of the editor's golden tree; after is empty where the file is
// left alone.
func goldenCase(t *testing.T, name string) (file, before, after string) {
	t.Helper()
	module, err := testbed.ModuleDir()
	if err != nil {
		t.Fatal(err)
	}
	read := func(part string) string {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(module), "gitwriter", "edit", "testdata", "golden", name, part))
		if err != nil && (part != "after" || !errors.Is(err, fs.ErrNotExist)) {
			t.Fatal(err)
		}
		return string(data)
	}
	file = "manifest.yaml"
	changes := strings.Split(strings.TrimSpace(read("changes")), "\n")
	if given, ok := strings.CutPrefix(changes[0], "file: "); ok {
		file, changes = given, changes[1:]
	}
	if !slices.Equal(changes, []string{"nginx=1.27.1"}) {
		t.Fatalf("the golden case %s makes the changes %q", name, changes)
	}
	return path.Join(name, file), read("before"), read("after")
}

// oddEntries adds what isn't a plain file: a link to a manifest, a submodule, a pointer
// of LFS, programs. One of the manifests is a program, too.
func (p person) oddEntries() {
	p.Helper()
	p.write("big/model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("4d", 32)+"\nsize 12345\n")
	p.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
	p.write("run.sh", "#!/bin/sh\necho nginx:1.25\n")
	if err := os.Symlink("../bom/manifest.yaml", filepath.Join(p.dir, "big", "link.yaml")); err != nil {
		p.Fatal(err)
	}
	for _, name := range []string{"run.sh", "crlf.sh", "quoting/manifest.yaml"} {
		if name == "crlf.sh" {
			p.write(name, "#!/bin/sh\r\n")
		}
		if err := os.Chmod(filepath.Join(p.dir, filepath.FromSlash(name)), 0o755); err != nil { //nolint:gosec // Git records it
			p.Fatal(err)
		}
	}
	p.git("add", "--all")
	p.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("5e", 20)+",big/module")
}

// wantOnly holds that main is one commit behind before, which changes these files alone,
// to this content, and no entry's mode.
func (s *scene) wantOnly(repo testbed.GiteaRepo, before string, want map[string]string) {
	s.Helper()
	if got := strings.TrimSpace(s.seen(repo, "rev-parse", "main^")); got != before {
		s.Errorf("main is one commit above %s, want %s", got, before)
	}
	var changed []string
	for line := range strings.Lines(s.seen(repo, "diff-tree", "-r", "--raw", "--no-abbrev", before, "main")) {
		entry, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		fields := strings.Fields(entry)
		if fields[0] != ":"+fields[1] || fields[4] != "M" {
			s.Errorf("%s is more than a change of content: %s", file, entry)
		}
		changed = append(changed, file)
	}
	stat := map[string]string{}
	for line := range strings.Lines(s.seen(repo, "diff-tree", "-r", "--numstat", before, "main")) {
		counts, file, _ := cutLast(strings.TrimSpace(line), "\t")
		stat[file] = counts
	}
	for file, content := range want {
		old := s.seen(repo, "cat-file", "blob", before+":"+file)
		if diff := cmp.Diff(content, s.seen(repo, "cat-file", "blob", "main:"+file)); diff != "" {
			s.Errorf("%s (-want +got):\n%s", file, diff)
		}
		if n := differing(old, content); stat[file] != fmt.Sprintf("%d\t%d", n, n) {
			s.Errorf("git counts %q changed lines of %s, want %d", stat[file], file, n)
		}
		if i := slices.Index(changed, file); i >= 0 {
			changed = slices.Delete(changed, i, i+1)
		} else {
			s.Errorf("%s isn't changed", file)
		}
	}
	if len(changed) > 0 {
		s.Errorf("these are changed, too: %q", changed)
	}
}

// differing counts the lines of two texts of equally many lines that aren't the same.
func differing(a, b string) (n int) {
	olds, news := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(olds), len(news)) {
		if olds[i] != news[i] {
			n++
		}
	}
	return n
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// told tells whether one line of a log holds all the texts.
func told(log string, texts ...string) bool {
	for line := range strings.Lines(log) {
		line = strings.ReplaceAll(line, `\"`, `"`)
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			return true
		}
	}
	return false
}
