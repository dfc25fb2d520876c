package edit_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// What a hostile repository may hold is refused by name, or handled within
// bounds; none of it panics or takes memory out of proportion.
func TestHostile(t *testing.T) {
	const image = "image: nginx:1.25\n"
	bomb := "a0: &a0 [x, x]\n"
	for i := 1; i < 40; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	tests := []struct {
		name string
		data string
		kind edit.ProblemKind // "" where the file is handled
		refs int
	}{
		{name: "alias bomb", data: bomb + image, refs: 1},
		{name: "alias of itself", data: "a: &a [*a, {b: *a}]\n" + image, refs: 1},
		{name: "merge of itself", data: "a: &a {<<: *a}\n" + image, refs: 1},
		{name: "unknown alias", data: "a: *b\n" + image, kind: edit.ProblemSyntax},
		{name: "long unknown alias", data: "a: *" + strings.Repeat("b", 10_000) + "\n" + image, kind: edit.ProblemSyntax},
		{name: "long duplicate key", data: strings.Repeat(strings.Repeat("k", 1000)+": v\n", 2) + image, kind: edit.ProblemDuplicateKey},
		{name: "long bad marker", data: image + "a: v # {\"$imagepolicy\": \"" + strings.Repeat("x", 10_000) + "\"}\n", kind: edit.ProblemMarker, refs: 1},
		{name: "flow nesting", data: image + "a: " + strings.Repeat("[", 100_000), kind: edit.ProblemSyntax},
		{name: "closed flow nesting", data: image + "a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), kind: edit.ProblemLimit},
		{name: "block nesting", data: strings.Repeat("- ", 9000) + image, kind: edit.ProblemLimit},
		{name: "mapping nesting", data: image + "a: " + strings.Repeat("{a: ", 600) + strings.Repeat("}", 600), kind: edit.ProblemLimit},
		{name: "too large", data: image + "#" + strings.Repeat("x", edit.MaxSize), kind: edit.ProblemLimit},
		{name: "too many values", data: image + strings.Repeat("- a\n", 1<<20), kind: edit.ProblemLimit},
		{name: "too many empty values", data: image + "a: [" + strings.Repeat(",", 1<<20+1) + "]", kind: edit.ProblemLimit},
		{name: "large but of few values", data: image + "a: |\n" + strings.Repeat("  "+strings.Repeat("x", 1000)+"\n", 8000), refs: 1},
		{name: "large and of no image", data: strings.Repeat("- a\n", 1<<21)},
		{name: "one long line", data: "{a: [" + strings.Repeat("{image: 'é:1'},{image: nginx:1},", 20_000) + "]}", refs: 20_000},
		{name: "texts against the order of one long line", data: `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","spec":`+
			`{"sources":[{"helm":{"values":"image: nginx:1"}}],"source":{"helm":{"values":"image: nginx:1"}}}},`, 10_000) + "]}", refs: 20_000},
		{name: "many documents", data: strings.Repeat("---\n"+image, 20_000), refs: 20_000},
		{name: "many comments", data: strings.Repeat("# {\"$imagepolicy\": \"a:b\"\n", 20_000) + image, kind: edit.ProblemMarker, refs: 1},
		{name: "many markers", data: "l:\n" + strings.Repeat("- v # {\"$imagepolicy\": \"a:b\"}\n", 20_000) + image, refs: 20_001},
		{name: "marker words in one comment", data: image + "a: b # " + strings.Repeat("$imagepolicy:", 50_000), kind: edit.ProblemMarker, refs: 1},
		{name: "NUL", data: image + "a: \x00\n", kind: edit.ProblemSyntax},
		{name: "half a character", data: image + "a: \xe2\x80", kind: edit.ProblemSyntax},
		{name: "only a byte order mark", data: "\xef\xbb\xbf"},
		{name: "endless quote", data: image + "a: \"", kind: edit.ProblemSyntax},
		{name: "long key above many images", data: "? " + strings.Repeat("k", 1<<20) + "\n: [" + strings.Repeat("{image: nginx:1.25},", 20_000) + "]\n", kind: edit.ProblemLimit},
		{name: "long keys above many values in parts", data: strings.Repeat("{"+strings.Repeat("k", 500)+": ", 400) + "[" + strings.Repeat("{repository: nginx},", 20_000) + "]" + strings.Repeat("}", 400), kind: edit.ProblemLimit},
		{name: "many objects that share a list", data: shared(20_000, 20_000), refs: 20_000},
		{name: "many parameters of one name", data: "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {helm: {parameters: [{name: a.tag, value: '1'},{name: a.digest, value: ''}," +
			strings.Repeat("{name: a.repository, value: nginx},", 20_000) + "]}}}\n", refs: 1},
		{name: "many words that tell nothing", data: strings.Repeat("targetRevision: tekton.dev/ mage\n", 300_000)},
		{name: "tag directive", data: "%TAG ! tag:example.com,2000:\n---\n" + image + "a: !x y\n", refs: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tryHostile(t, tt.data, tt.kind, tt.refs); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// tryHostile parses and rewrites within bounds of memory, and returns the refusal.
func tryHostile(t *testing.T, data string, kind edit.ProblemKind, refs int) error {
	t.Helper()
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	file, problems := edit.Parse("f.yaml", []byte(data))
	runtime.ReadMemStats(&end)
	if total := end.TotalAlloc - start.TotalAlloc; total > 512<<20 {
		t.Errorf("parsing %d bytes allocated %d MiB", len(data), total>>20)
	}
	var got edit.ProblemKind
	if len(problems) > 0 {
		got = problems[0].Kind
		if len(problems[0].Error()) > 1000 {
			t.Errorf("the message has %d bytes", len(problems[0].Error()))
		}
	}
	found := file.References()
	if got != kind || len(found) != refs {
		t.Fatalf("%d references and problems %.300v; want %d and kind %q", len(found), problems, refs, kind)
	}
	changes := make([]edit.Change, len(found))
	for i, r := range found {
		changes[i] = edit.Change{Reference: r, Image: "nginx", Tag: "1.27.1"}
	}
	after, edits, err := file.Rewrite(changes)
	if err != nil {
		return err
	}
	checkUntouched(t, []byte(data), after, edits)
	return nil
}

// shared is a List of applications that all have the sources of the first.
func shared(objects, sources int) string {
	return "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: argoproj.io/v1alpha1, kind: Application, spec: &spec {sources: [" +
		strings.Repeat("{kustomize: {images: [nginx:1.25]}},", sources) + "]}}\n" +
		strings.Repeat("- {apiVersion: argoproj.io/v1alpha1, kind: Application, spec: *spec}\n", objects)
}
