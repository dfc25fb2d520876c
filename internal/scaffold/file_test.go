package scaffold_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/internal/scaffold"
	"github.com/towline-dev/towline/policy"
)

func TestAppendKeepsWhatStandsThere(t *testing.T) {
	one := policyOf("one", "one", "")
	for _, tt := range []struct{ name, old, foreign string }{
		{"a new file", "", ""},
		{"policies", one + "---\n" + policyOf("two", "two", ""), ""},
		{"no line's end", strings.TrimSuffix(one, "\n"), ""},
		{"Windows' line ends", strings.ReplaceAll(one, "\n", "\r\n"), ""},
		{"a byte order mark", "\uFEFF" + one, ""},
		{"an end mark", "---\n" + one + "...\n", ""},
		{"a separator at the end", one + "---\n", ""},
		{"comments alone", "# Policies stand here.\n", ""},
		{"blank lines", "\n\n", ""},
		{"a block at the end", strings.Replace(one, "spec: {", "metadata: {annotations: {a: b}}\nspec: {", 1), "metadata"},
		{"a text that never ends", one + "---\n# none\n|\n  text", "line 7 holds something else"},
		{"a manifest", pod("web:1.0.0"), "line 1 begins something else"},
		{"a manifest behind", one + "---\n" + pod("web:1.0.0"), "line 6 begins something else"},
		{"a list", "- 1\n", "line 1 holds something else"},
		{"a broken policy", policyOf("one", "one", ", pim: tag"), "unknown field"},
		{"no YAML", "a: [\n", "did not find"},
		{"the same name", policyOf("web", "other", ""), "two policies named"},
		{"an open quote", one + "---\n'", "found unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := fsOf(map[string]string{"web.yaml": pod("web:1.0.0", "api:latest")})
			policies, _ := scaffold.Missing(read(t, tree), tree, target)
			data, err := scaffold.Append(target, []byte(tt.old), policies)
			var foreign *scaffold.ForeignError
			if errors.As(err, &foreign) && tt.foreign != "" && strings.Contains(foreign.Why, tt.foreign) {
				return
			}
			if err != nil || tt.foreign != "" {
				t.Fatalf("the error is %v, want %q", err, tt.foreign)
			}
			if !strings.HasPrefix(string(data), tt.old) {
				t.Errorf("what stood there is\n%s", data)
			}
			if ends := strings.Count(string(data), "\n"); strings.Contains(tt.old, "\r\n") && strings.Count(string(data), "\r\n") != ends {
				t.Errorf("the line ends are mixed: %q", data)
			}
			if _, err := policy.Parse(target, data); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestExamples: without their policies, the examples get ones of which check has
// nothing to say. With Flux's there, its markers have theirs.
func TestExamples(t *testing.T) {
	for _, tt := range []struct {
		name, without, want string
		uses                int
	}{
		{"without any", "flux/images", "flux-system/hello", 11},
		{"with Flux's", "", "hello", 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			root := filepath.Join("..", "..", "examples")
			err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
				inside, _ := filepath.Rel(root, name)
				inside = filepath.ToSlash(inside)
				if err != nil || entry.IsDir() || entry.Name() == "policy.yaml" || tt.without != "" && strings.HasPrefix(inside, tt.without) {
					return err
				}
				data, err := os.ReadFile(name) //nolint:gosec // a file of this repository
				tree[inside] = &fstest.MapFile{Data: data}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			policies, _ := initialise(t, tree)
			if len(policies) != 1 || policies[0].Key() != tt.want || len(policies[0].Uses) != tt.uses {
				t.Errorf("%+v", policies)
			}
		})
	}
}

// TestRandomTrees holds trees of whatever manifests hold to what initialise checks.
func TestRandomTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test that can be repeated
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for n := range 300 {
		files := map[string]string{}
		for range 1 + r.IntN(5) {
			var images []string
			for range 1 + r.IntN(3) {
				image := pick("web", "docker.io/library/web", "acme/web", "ghcr.io/acme/web:5", "api", "x.lock") + pick("", ":1.2.0", ":1.3.1", ":2.0.0", ":1.25", ":edge", ":latest", ":1.4.0-rc.1", ":main-abc1234", ":20260115") + pick("", "", sum)
				images = append(images, image+pick("", "", "", mark("flux:web"), mark("flux:api"), mark("a:web:tag")))
			}
			files[pick("", "a/", "a/b/", "c/")+pick("x.yaml", "y.yaml", "[z].yaml")] = pod(images...)
		}
		switch r.IntN(6) {
		case 0:
			files[pick("", "a/")+"policy.yaml"] = policyOf("web", "web", pick("", ", update: {paths: ['a/*']}", ", pim: x"))
		case 1:
			files[target] = policyOf("web", "acme/web", "")
		case 2:
			files["policy.yaml"] = strings.Replace(policyOf("web", "web", ""), "{name: web", "{namespace: flux, name: web", 1)
		}
		if t.Run(fmt.Sprint(n), func(t *testing.T) { _, _ = initialise(t, fsOf(files)) }); t.Failed() {
			t.Fatalf("of the tree %q", files)
		}
	}
}
