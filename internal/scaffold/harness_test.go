package scaffold_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/scaffold"
	"github.com/towline-dev/towline/policy"
)

const target = "image-policies.yaml"

// pod writes a manifest with one line a container: an image, and perhaps a marker.
func pod(images ...string) string {
	return "kind: Pod\nspec:\n  containers:\n  - image: " + strings.Join(images, "\n  - image: ") + "\n"
}

// mark is the marker that names a policy.
func mark(name string) string { return ` # {"$imagepolicy": "` + name + `"}` }

// policyOf writes a policy in flow style.
func policyOf(name, image, more string) string {
	return "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: " + name + "}\nspec: {image: " + image + ", policy: {semver: {range: '*'}}" + more + "}\n"
}

// fluxOf writes a policy of Flux's, with its repository, in the namespace flux.
func fluxOf(name, image string) string {
	const of = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: Image%s\nmetadata: {namespace: flux, name: %s}\nspec: {%s}\n"
	return fmt.Sprintf(of, "Repository", name, "image: "+image+", interval: 1m") + "---\n" +
		fmt.Sprintf(of, "Policy", name, "imageRepositoryRef: {name: "+name+"}, policy: {semver: {range: '*'}}")
}

func fsOf(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func read(t *testing.T, fsys fstest.MapFS) *bot.Tree {
	t.Helper()
	var reader bot.Reader
	tree, err := reader.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// check is what `towline check` says of a tree, without the hints.
func check(t *testing.T, fsys fstest.MapFS) []string {
	t.Helper()
	var lines []string
	problems, _ := read(t, fsys).Check()
	for _, p := range problems {
		p.Hint = ""
		lines = append(lines, p.Error())
	}
	return lines
}

// initialise adds what is missing to the tree and holds it to what always is so:
// check finds nothing that it didn't find before, each place with a tag is governed
// or told, and a second time there is nothing left to write.
func initialise(t *testing.T, fsys fstest.MapFS) (policies []scaffold.Policy, skipped policy.Problems) {
	t.Helper()
	before := check(t, fsys)
	tree := read(t, fsys)
	policies, skipped = scaffold.Missing(tree, fsys, target)
	governed := map[policy.Position]bool{}
	for _, p := range policies {
		for _, r := range p.Uses {
			governed[policy.Position{File: r.File, Line: r.Line, Column: r.Column}] = true
		}
	}
	for _, p := range skipped {
		governed[p.Position] = true
	}
	for _, f := range tree.Files {
		for _, r := range f.References() {
			covered := slices.ContainsFunc(tree.Policies, func(p *policy.Policy) bool {
				return p.Covers(r.File) || r.Marker != nil && p.Name == r.Marker.Name
			})
			if !covered && !governed[policy.Position{File: r.File, Line: r.Line, Column: r.Column}] {
				t.Errorf("%s:%d: %s is neither governed nor told", r.File, r.Line, r.Image)
			}
		}
	}
	if len(policies) == 0 {
		return policies, skipped
	}
	var old []byte
	if f := fsys[target]; f != nil {
		old = f.Data
	}
	data, err := scaffold.Append(target, old, policies)
	if err != nil {
		t.Fatal(err)
	}
	after := maps.Clone(fsys)
	after[target] = &fstest.MapFile{Data: data}
	for _, line := range check(t, after) {
		if !slices.Contains(before, line) {
			t.Errorf("check finds %s\n%s", line, data)
		}
	}
	if again, _ := scaffold.Missing(read(t, after), after, target); len(again) > 0 {
		t.Errorf("a second time %d policies are missing, such as %s", len(again), again[0].Key())
	}
	return policies, skipped
}
