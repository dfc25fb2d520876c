package render_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/helm"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
)

func renderer() *render.Renderer {
	return render.New(render.Config{Kinds: []render.Kind{
		{Name: "kustomize", Builder: kustomize.New(build.Limits{}), Relevant: render.FilesOnly},
		{Name: "helm", Builder: helm.New(build.Limits{})},
		{Name: "plain", Builder: plain.Builder{}, Relevant: render.FilesOnly},
	}})
}

func configMap(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n", name)
}

// hostile is a repository that its author wrote to do harm, or by mistake.
type hostile struct {
	name  string
	dir   string // by default the root
	files map[string]string
	links []string // those of files that are symbolic links
	want  string   // what the error begins with, or how many objects there are
}

func hostiles() []hostile {
	deep := strings.Repeat("[", 20_000)
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return []hostile{
		{"path out of the repository", "../../etc", map[string]string{"a.yaml": configMap("a")}, nil, "../../etc: the path leaves the repository"},
		{"link out of the repository", "", map[string]string{"a.yaml": "../../../etc/passwd"}, []string{"a.yaml"}, "a.yaml: "},
		{"absolute link", "", map[string]string{"a.yaml": "/etc/passwd"}, []string{"a.yaml"}, "a.yaml: "},
		{"link to itself", "", map[string]string{"a.yaml": "a.yaml"}, []string{"a.yaml"}, "a.yaml: "},
		{"link to nothing", "", map[string]string{"a.yaml": "b.yaml"}, []string{"a.yaml"}, "a.yaml: "},
		{"link to a folder", "", map[string]string{"b/c.yaml": configMap("c"), "a.yaml": "b"}, []string{"a.yaml"}, "a.yaml: a symbolic link to a folder isn't followed"},
		{"folder that is a link out", "apps", map[string]string{"apps": "../../etc", "b.yaml": configMap("b")}, []string{"apps"}, "apps: "},
		{"kustomization that is a link out", "", map[string]string{"kustomization.yaml": "../x"}, []string{"kustomization.yaml"}, "kustomization.yaml: "},
		{"the same object through a link", "", map[string]string{"a.yaml": configMap("a"), "b.yaml": "a.yaml"}, []string{"b.yaml"}, "b.yaml:1: ConfigMap a is there twice; the first stands at a.yaml:1"},
		{"two files with the same object", "", map[string]string{"a.yaml": configMap("a"), "b.json": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`}, nil, "b.json:1: ConfigMap a is there twice; the first stands at a.yaml:1"},
		{"object without a name", "", map[string]string{"a.yaml": configMap("a") + "---\napiVersion: v1\nkind: ConfigMap\n"}, nil, "a.yaml:5: ConfigMap without metadata.name"},
		{"generateName", "", map[string]string{"a.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}\n"}, nil, "a.yaml:1: Job has generateName"},
		{"name with a path", "", map[string]string{"a.yaml": configMap("a/../../b")}, nil, `a.yaml:1: ConfigMap with metadata.name "a/../../b"`},
		{"name that is no text", "", map[string]string{"a.yaml": configMap("[1]")}, nil, "a.yaml:1: ConfigMap without metadata.name"},
		{"10,000 documents", "", map[string]string{"a.yaml": documents(10_000)}, nil, "10000 objects"},
		{"10,000 documents that are wrong", "", map[string]string{"a.yaml": strings.Repeat("a: 1\n---\n", 10_000)}, nil, "a.yaml:1: no apiVersion"},
		{"20,001 documents", "", map[string]string{"a.yaml": documents(20_001)}, nil, "a.yaml:80001: more than 20000 objects"},
		{"giant manifest", "", map[string]string{"a.yaml": configMap("a") + "data: {a: " + strings.Repeat("x", 11<<20) + "}\n"}, nil, "a.yaml: larger than 10485760 bytes"},
		{"giant manifest behind a kustomization", "", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": strings.Repeat("#", 11<<20)}, nil, "a.yaml: larger than 10485760 bytes"},
		{"alias bomb", "", map[string]string{"a.yaml": configMap("a") + bomb}, nil, "a.yaml:1: document contains excessive aliasing"},
		{"alias bomb behind a kustomization", "", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": configMap("a") + bomb}, nil, "a.yaml:1: reading aliases"},
		{"deep nesting", "", map[string]string{"a.yaml": configMap("a") + "b: " + deep + "\n"}, nil, "a.yaml:"},
		{"deep nesting in JSON", "", map[string]string{"a.json": `{"a":` + deep}, nil, "a.json:1: "},
		{"byte order mark and CRLF", "", map[string]string{"a.yaml": "\ufeff" + strings.ReplaceAll(configMap("a")+"---\n"+configMap("b"), "\n", "\r\n")}, nil, "2 objects"},
		{"carriage returns alone", "", map[string]string{"a.yaml": strings.ReplaceAll(configMap("a")+"---\n"+configMap("b"), "\n", "\r")}, nil, "a.yaml:1: a document mark after a line break that isn't a line feed"},
		{"UTF-16", "", map[string]string{"a.yaml": "\xff\xfea\x00:\x00 \x001\x00"}, nil, "a.yaml:1: "},
		{"binary", "", map[string]string{"a.yaml": "\x00\x01\x02\xff"}, nil, "a.yaml:1: "},
		{"odd file names", "", map[string]string{"a b\t\"ö.yaml": configMap("a"), "$(rm -rf).yaml": configMap("b"), "-rf.yaml": configMap("c"), "*?[x.yaml": configMap("d")}, nil, "4 objects"},
		{"file names that hide", "", map[string]string{".a.yaml": "not: read", "sub/.git2/x.yaml": "not: read", "a.YAML": "not: read", "a.yaml": configMap("a")}, nil, "1 objects"},
		{"list of lists", "", map[string]string{"a.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [1]\n"}, nil, "a.yaml:1: items[0] of the List isn't an object"},
		{"kustomization that includes itself", "a", map[string]string{"a/kustomization.yaml": "resources: [../a]\n"}, nil, "a: "},
		{"kustomizations in a circle", "a", map[string]string{"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"}, nil, "a: "},
		{"kustomization out of the repository", "a", map[string]string{"a/kustomization.yaml": "resources:\n- ../../x\n"}, nil, `a/kustomization.yaml:2: "../../x" leaves the repository`},
		{"kustomization's link out of the repository", "", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "../secret.yaml"}, []string{"a.yaml"}, "kustomization.yaml:1: "},
		{"exec function", "", map[string]string{"kustomization.yaml": "resources: [a.yaml]\ntransformers:\n- f.yaml\n", "a.yaml": configMap("a"), "f.yaml": configMap("f")}, nil, "kustomization.yaml:2: transformers: plugins and functions aren't run"},
		{"function of a resource", "", map[string]string{"kustomization.yaml": "generators: [f.yaml]\n", "f.yaml": "apiVersion: v1\nkind: X\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./evil.sh}\n"}, nil, "kustomization.yaml:1: generators: plugins"},
		{"remote base", "", map[string]string{"kustomization.yaml": "resources:\n- https://example.com/x//y?ref=main\n"}, nil, "kustomization.yaml:2: \"https://example.com/x//y?ref=main\" is remote"},
		{"nothing", "", map[string]string{"README.md": "x"}, nil, "no objects"},
		{"Secret with what SOPS has encrypted", "", map[string]string{"a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n"}, nil, "a.yaml:1: Secret a holds text that SOPS has encrypted"},
	}
}

func documents(n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(configMap(fmt.Sprint("c", i)) + "---\n")
	}
	return text.String()
}

// commit gives the repository as a commit that was fetched.
func (h hostile) commit(t *testing.T) fs.FS {
	t.Helper()
	modes := map[string]string{}
	for _, link := range h.links {
		modes[link] = "120000"
	}
	server := gitrepotest.New(t)
	repo, err := gitrepo.Open(gitrepo.Config{URL: server.Create("r"), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server.Commit("r", gitrepotest.Commit{Files: h.files, Modes: modes})
	head, err := repo.Fetch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	files, err := repo.FS(head)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// checkout gives the repository as a folder on disk.
func (h hostile) checkout(t *testing.T) fs.FS {
	t.Helper()
	root := t.TempDir()
	for name, text := range h.files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		write := func() error { return os.WriteFile(file, []byte(text), 0o600) }
		if slices.Contains(h.links, name) {
			write = func() error { return os.Symlink(text, file) }
		}
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := workdir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir.FS()
}

// TestHostileRepositories renders each as the reconciler does, and as towline build does.
func TestHostileRepositories(t *testing.T) {
	for _, tt := range hostiles() {
		t.Run(tt.name, func(t *testing.T) {
			for kind, files := range map[string]fs.FS{"commit": tt.commit(t), "checkout": tt.checkout(t)} {
				objects, err := renderer().Build(t.Context(), build.Request{Files: files, Dir: tt.dir})
				got := fmt.Sprintf("%d objects", len(objects))
				if err != nil {
					got = err.Error()
				}
				if !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: got %.300q, want it to begin with %q", kind, got, tt.want)
				}
				if err != nil && !build.IsPermanent(err) {
					t.Errorf("%s: the error isn't one of the files: %v", kind, err)
				}
			}
		})
	}
}
