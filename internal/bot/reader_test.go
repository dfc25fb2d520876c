package bot_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/refcache"
	"github.com/towline-dev/towline/policy"
)

// watchedFS is a commit's files that notes what is read of them.
type watchedFS struct {
	fs.FS
	broken string // a file that can't be read

	mu             sync.Mutex
	folders, files []string
}

func (w *watchedFS) ReadFile(name string) ([]byte, error) {
	if name == w.broken {
		return nil, errors.New("the disk is out of order")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, name)
	return fs.ReadFile(w.FS, name)
}

func (w *watchedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.folders = append(w.folders, name)
	return fs.ReadDir(w.FS, name)
}

func (w *watchedFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

// read reads a commit of the story's mirror, and gives what was read of it.
func read(t *testing.T, r *bot.Reader, repo *gitrepo.Repo, commit string) (*bot.Tree, *watchedFS) {
	t.Helper()
	fsys, err := repo.FS(gitrepo.Hash(commit))
	if err != nil {
		t.Fatal(err)
	}
	w := &watchedFS{FS: fsys}
	tree, err := r.Read(w)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(w.files)
	return tree, w
}

// contents is all that a tree says.
type contents struct {
	References                     []edit.Reference
	Policies                       []string
	Problems, Notes, Opaque, Wrong policy.Problems
}

func contentsOf(t *bot.Tree) contents {
	var c contents
	for _, f := range t.Files {
		c.References = append(c.References, t.References(f)...)
	}
	for _, p := range t.Policies {
		c.Policies = append(c.Policies, p.Key()+" "+p.Position.String())
	}
	c.Problems, c.Notes, c.Opaque = t.Problems, t.Notes, t.Opaque
	c.Wrong, _ = t.Check()
	return c
}

func fetched(t *testing.T, repo *gitrepo.Repo) string {
	t.Helper()
	head, err := repo.Fetch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return string(head)
}

func TestReaderReadsWhatChanged(t *testing.T) {
	s := newStory(t)
	repo := s.open(1)
	s.server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{
		"policy.yaml": policyOf("web", "web"), "a/b/one.yaml": pod("web:1.0.0"), "a/b/two.yaml": pod("web:1.0.1"),
		"a/c/three.yaml": pod("web:1.0.2"), "d/four.yaml": "kind: ConfigMap\n",
	}})
	first := fetched(t, repo)
	s.commit("Change one", "a/b/one.yaml", pod("web:1.1.0"))
	second := fetched(t, repo)
	cache := filepath.Join(t.TempDir(), "references")
	r := &bot.Reader{Cache: refcache.New(cache, nil)}
	for _, step := range []struct {
		name           string
		reader         *bot.Reader
		commit         string
		folders, files []string
	}{
		{"first", r, first, []string{".", "a", "a/b", "a/c", "d"}, []string{".towline.yaml", "a/b/one.yaml", "a/b/two.yaml", "a/c/three.yaml", "d/four.yaml", "policy.yaml"}},
		{"again", r, first, nil, nil},
		{"changed", r, second, []string{".", "a", "a/b"}, []string{".towline.yaml", "a/b/one.yaml"}},
		{"back", r, first, nil, nil},
		{"another process", &bot.Reader{Cache: refcache.New(cache, nil)}, second, []string{".", "a", "a/b", "a/c", "d"}, []string{".towline.yaml", "policy.yaml"}},
		{"without the cache", &bot.Reader{}, first, []string{".", "a", "a/b", "a/c", "d"}, []string{".towline.yaml", "a/b/one.yaml", "a/b/two.yaml", "a/c/three.yaml", "d/four.yaml", "policy.yaml"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			tree, w := read(t, step.reader, repo, step.commit)
			if diff := cmp.Diff(step.folders, w.folders); diff != "" {
				t.Errorf("folders (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(step.files, w.files); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			fresh, _ := read(t, &bot.Reader{}, repo, step.commit)
			if diff := cmp.Diff(contentsOf(fresh), contentsOf(tree)); diff != "" {
				t.Errorf("what the tree says (-fresh +got):\n%s", diff)
			}
		})
	}
}

// A file that can't be read is told, and tried again with the next tree, also where
// nothing in its folder has changed.
func TestReaderTriesAgain(t *testing.T) {
	s := newStory(t)
	repo := s.open(1)
	s.server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a/one.yaml": pod("web:1.0.0"), "a/two.yaml": pod("web:1.0.0")}})
	fsys, err := repo.FS(gitrepo.Hash(fetched(t, repo)))
	if err != nil {
		t.Fatal(err)
	}
	r := &bot.Reader{Cache: refcache.New(filepath.Join(t.TempDir(), "references"), nil)}
	for _, step := range []struct {
		broken   string
		files    int
		problems []string
	}{
		{"a/one.yaml", 1, []string{"a/one.yaml: reading: the disk is out of order"}},
		{"", 2, nil},
	} {
		tree, err := r.Read(&watchedFS{FS: fsys, broken: step.broken})
		if err != nil {
			t.Fatal(err)
		}
		var problems []string
		for _, p := range tree.Problems {
			problems = append(problems, p.Error())
		}
		if diff := cmp.Diff(step.problems, problems); diff != "" || len(tree.Files) != step.files {
			t.Errorf("%d files; problems (-want +got):\n%s", len(tree.Files), diff)
		}
	}
}

// Whatever changes from one commit to the next, a reader that remembers says what one
// that has seen nothing says, and so does one with the cache of both.
func TestReaderRemembersRightly(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	repo := s.open(1)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // G404: a test that can be repeated
	names := []string{
		"a.yaml", "a/a.yaml", "a/b/a.yaml", "a/b/kustomization.yaml", "a/kustomization.yaml", "a-b/x.yaml", "c/ignored/x.yaml", "c/y.json",
		"kustomization.yaml", "p.yaml", "a/p.yaml", "a/b/p.yaml", "f.yaml", "a/f.yaml", "link.yaml", ".towline.yaml",
	}
	cache := filepath.Join(t.TempDir(), "references")
	remembering := &bot.Reader{Cache: refcache.New(cache, nil)}
	held := map[string]bool{}
	for range 50 {
		c := gitrepotest.Commit{Files: map[string]string{}, Modes: map[string]string{}}
		for range 1 + random.IntN(3) {
			name := names[random.IntN(len(names))]
			if held[name] && random.IntN(3) == 0 {
				c.Deletes, held[name] = append(c.Deletes, name), false
				continue
			}
			held[name] = true
			c.Files[name] = randomFile(random, name)
			if name == "link.yaml" {
				c.Modes[name] = "120000"
			}
		}
		c.Deletes = slices.DeleteFunc(c.Deletes, func(name string) bool { return held[name] })
		s.server.Commit("deploy", c)
		commit := fetched(t, repo)
		fresh, _ := read(t, &bot.Reader{}, repo, commit)
		for name, r := range map[string]*bot.Reader{"remembering": remembering, "cached": {Cache: refcache.New(cache, nil)}} {
			tree, _ := read(t, r, repo, commit)
			if diff := cmp.Diff(contentsOf(fresh), contentsOf(tree)); diff != "" {
				t.Fatalf("%s, after writing %v and deleting %v (-fresh +got):\n%s", name, slices.Sorted(maps.Keys(c.Files)), c.Deletes, diff)
			}
		}
	}
}

func randomFile(random *rand.Rand, name string) string {
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	image := pick("web", "api", "quay.io/a/b")
	switch filepath.Base(name) {
	case ".towline.yaml":
		return "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: " + pick("{}", "{ignorePaths: [c/ignored/]}", "{references: [{kind: Own, path: spec.from}]}") + "\n"
	case "link.yaml":
		return pick("a.yaml", "a/a.yaml", "nowhere.yaml")
	case "kustomization.yaml":
		return "namespace: " + pick("one", "two") + "\nresources: [" + pick("f.yaml", "a/f.yaml", "b") + "]\nimages:\n- name: " + image + "\n  newTag: " + pick("1.0.0", "2.0.0") + "\n"
	case "p.yaml":
		return policyOf(pick("web", "api"), image) + pick("", "---\n: not yaml", "---\napiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: bad}\nspec: {}\n")
	case "f.yaml":
		return "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: web}\nspec: {image: " + image + "}\n---\n" +
			"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: web}\nspec: {imageRepositoryRef: {name: web}, policy: {semver: {range: 1.x}}}\n"
	}
	return pick(
		pod(image+":"+pick("1.0.0", "1.2.0")), "kind: ConfigMap\n", pod("web:${TAG}"), "a: [\nimage: x\n",
		fmt.Sprintf("kind: Own\nspec: {from: %q}\n", image+":1.0.0"),
		"kind: Namespace\napiVersion: v1\nmetadata: {name: one}\n",
		"image: web:1.0.0 # {\"$imagepolicy\": \""+pick("one", "two")+":web\"}\n",
		"apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: charts}\nspec: {type: oci, url: oci://quay.io/charts}\n",
		"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec: {chart: {spec: {chart: nginx, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts}}}}\n",
	)
}
