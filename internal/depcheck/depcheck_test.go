package depcheck_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/depcheck"
)

// root is the folder of the module, seen from this package.
const root = "../.."

func TestModuleKeepsTheRules(t *testing.T) {
	graph, err := depcheck.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if !graph.Own["policy"] || !slices.Contains(graph.Imports["policy"], "fmt") {
		t.Fatalf("the graph doesn't show what policy imports: %v", graph.Imports["policy"])
	}
	for _, violation := range depcheck.Check(graph, depcheck.Rules()) {
		t.Error(violation)
	}
}

func TestModuleRequiresNothingBarred(t *testing.T) {
	modules, err := depcheck.LoadModules(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(modules.Require) == 0 {
		t.Fatal("go.mod requires nothing at all")
	}
	for _, problem := range depcheck.CheckModules(modules, depcheck.BarredModules()) {
		t.Error(problem)
	}
}

// TestRulesCanBeBroken shows that each rule of the table catches what it is
// there for, and that the fixture keeps all of them without that import.
func TestRulesCanBeBroken(t *testing.T) {
	tests := []struct {
		name    string
		imports map[string]string // from → to, on top of the fixture
		want    []string          // the paths that are reported
	}{
		{name: "fixture", want: nil},
		{
			name:    "policy imports ours",
			imports: map[string]string{"policy": "internal/event"},
			want:    []string{"policy → internal/event"},
		},
		{
			name:    "policy takes one more library",
			imports: map[string]string{"policy": "example.test/clever"},
			want:    []string{"policy → example.test/clever"},
		},
		{
			name:    "policy reaches HTTP through a library",
			imports: map[string]string{"github.com/Masterminds/semver/v3": "net/http"},
			want:    []string{"policy → github.com/Masterminds/semver/v3 → net/http"},
		},
		{
			name:    "registry knows policy",
			imports: map[string]string{"registry": "policy"},
			want:    []string{"registry → policy", "registry/registrytest → registry → policy"},
		},
		{
			name:    "edit knows Git",
			imports: map[string]string{"gitwriter/edit": "github.com/go-git/go-git/v5/plumbing"},
			want: []string{
				"gitwriter/edit → github.com/go-git/go-git/v5/plumbing", // Git in edit
				"gitwriter/edit → github.com/go-git/go-git/v5/plumbing", // go-git outside of gitrepo
			},
		},
		{
			name:    "a second dialect of go-git",
			imports: map[string]string{"gitwriter": "github.com/go-git/go-git/v5"},
			want:    []string{"gitwriter → github.com/go-git/go-git/v5"},
		},
		{
			name:    "GitHub's client elsewhere",
			imports: map[string]string{"gitwriter": "github.com/google/go-github/v60/github"},
			want:    []string{"gitwriter → github.com/google/go-github/v60/github"},
		},
		{
			name:    "Gitea's client elsewhere",
			imports: map[string]string{"cmd/towline": "code.gitea.io/sdk/gitea"},
			want:    []string{"cmd/towline → code.gitea.io/sdk/gitea"},
		},
		{
			name:    "GitLab's client elsewhere",
			imports: map[string]string{"cmd/towline": "gitlab.com/gitlab-org/api/client-go"},
			want:    []string{"cmd/towline → gitlab.com/gitlab-org/api/client-go"},
		},
		{
			name:    "sigstore elsewhere",
			imports: map[string]string{"registry": "github.com/sigstore/sigstore-go/pkg/verify"},
			want:    []string{"registry → github.com/sigstore/sigstore-go/pkg/verify"},
		},
		{
			name:    "keys that sign elsewhere",
			imports: map[string]string{"internal/bot": "github.com/ProtonMail/go-crypto/openpgp"},
			want:    []string{"internal/bot → github.com/ProtonMail/go-crypto/openpgp"},
		},
		{
			name:    "gitsign knows Git",
			imports: map[string]string{"internal/gitsign": "internal/gitrepo"},
			want:    []string{"internal/gitsign → internal/gitrepo"},
		},
		{
			name:    "Markdown is parsed elsewhere",
			imports: map[string]string{"gitwriter": "github.com/yuin/goldmark/parser"},
			want:    []string{"gitwriter → github.com/yuin/goldmark/parser"},
		},
		{
			name:    "release notes by a forge's adapter",
			imports: map[string]string{"internal/releasenotes": "gitwriter/forge"},
			want:    []string{"internal/releasenotes → gitwriter/forge"},
		},
		{
			name:    "bbolt elsewhere",
			imports: map[string]string{"internal/bot": "go.etcd.io/bbolt"},
			want:    []string{"internal/bot → go.etcd.io/bbolt"},
		},
		{
			name:    "the cache of references knows files",
			imports: map[string]string{"internal/refcache": "gitwriter/edit"},
			want:    []string{"internal/refcache → gitwriter/edit"},
		},
		{
			name:    "what receives webhooks knows a sender",
			imports: map[string]string{"internal/hook": "registry"},
			want:    []string{"internal/hook → registry"},
		},
		{
			name:    "the ledger knows registries",
			imports: map[string]string{"internal/ledger": "registry"},
			want:    []string{"internal/ledger → registry"},
		},
		{
			name:    "a cloud's SDK elsewhere",
			imports: map[string]string{"cmd/towline": "github.com/aws/aws-sdk-go-v2/service/s3"},
			want:    []string{"cmd/towline → github.com/aws/aws-sdk-go-v2/service/s3"},
		},
		{
			name:    "CEL elsewhere",
			imports: map[string]string{"reconciler": "github.com/google/cel-go/cel"},
			want:    []string{"reconciler → github.com/google/cel-go/cel"},
		},
		{
			name:    "SSH keys elsewhere",
			imports: map[string]string{"internal/bot": "github.com/hiddeco/sshsig"},
			want:    []string{"internal/bot → github.com/hiddeco/sshsig"},
		},
		{
			name:    "age elsewhere",
			imports: map[string]string{"reconciler": "filippo.io/age"},
			want:    []string{"reconciler → filippo.io/age"},
		},
		{
			name:    "secrets are opened in a cluster",
			imports: map[string]string{"reconciler/build/sops": "k8s.io/client-go/rest"},
			want:    []string{"reconciler/build/sops → k8s.io/client-go/rest"},
		},
		{
			name:    "substitution knows builds",
			imports: map[string]string{"reconciler/build/substitute": "reconciler/build"},
			want:    []string{"reconciler/build/substitute → reconciler/build"},
		},
		{
			name:    "Helm elsewhere",
			imports: map[string]string{"reconciler": "helm.sh/helm/v4/pkg/chart"},
			want:    []string{"reconciler → helm.sh/helm/v4/pkg/chart"},
		},
		{
			name:    "the bot knows the reconciler",
			imports: map[string]string{"internal/bot": "reconciler/api/v1"},
			want:    []string{"internal/bot → reconciler/api/v1"},
		},
		{
			name:    "the reconciler knows the bot through a package of both",
			imports: map[string]string{"internal/event": "gitwriter/forge", "reconciler": "internal/event"},
			want:    []string{"reconciler → internal/event → gitwriter/forge", "internal/web → internal/event → gitwriter/forge"},
		},
		{
			name:    "the bot knows a cluster",
			imports: map[string]string{"internal/schedule": "k8s.io/client-go/rest"},
			want: []string{
				"internal/bot → internal/schedule → k8s.io/client-go/rest",
				"internal/schedule → k8s.io/client-go/rest",
			},
		},
		{
			name:    "a forge is named",
			imports: map[string]string{"gitwriter": "gitwriter/forge/github"},
			want:    []string{"gitwriter → gitwriter/forge/github"},
		},
		{
			name:    "a builder is named",
			imports: map[string]string{"reconciler": "reconciler/build/kustomize"},
			want:    []string{"reconciler → reconciler/build/kustomize"},
		},
		{
			name:    "web reaches for more",
			imports: map[string]string{"internal/web": "internal/gitrepo"},
			want:    []string{"internal/web → internal/gitrepo"},
		},
		{
			name:    "a process is run",
			imports: map[string]string{"internal/gitrepo": "os/exec"},
			want:    []string{"internal/gitrepo → os/exec"},
		},
		{
			name:    "a test helper in the product",
			imports: map[string]string{"cmd/towline": "registry/registrytest"},
			want:    []string{"cmd/towline → registry/registrytest"},
		},
		{
			name:    "a command is built on",
			imports: map[string]string{"internal/bot": "cmd/towline"},
			want: []string{
				"internal/bot → cmd/towline → reconciler",                 // the other half
				"internal/bot → cmd/towline → reconciler/build/kustomize", // the same
				"internal/bot → cmd/towline → reconciler → k8s.io/client-go/rest",
				"internal/bot → cmd/towline",
			},
		},
	}
	broken := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, v := range depcheck.Check(fixture(tt.imports), depcheck.Rules()) {
				got = append(got, strings.Join(v.Path, " → "))
				broken[v.Rule.Why] = true
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
	for _, rule := range depcheck.Rules() {
		if !broken[rule.Why] {
			t.Errorf("no case breaks the rule %q", rule.Why)
		}
	}
}

func TestCheckModules(t *testing.T) {
	var modules depcheck.Modules
	modules.Require = []struct{ Path string }{{Path: "example.test/fine"}, {Path: "example.test/barred"}}
	modules.Replace = []struct{ Old struct{ Path string } }{{Old: struct{ Path string }{Path: "example.test/fork"}}}
	got := depcheck.CheckModules(modules, map[string]string{"example.test/barred": "it is too heavy"})
	want := []string{
		"replace of example.test/fork: go install of a version refuses a go.mod with a replace",
		"require of example.test/barred: it is too heavy",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// fixture is a small module of the design's shape, with some imports more.
func fixture(more map[string]string) depcheck.Graph {
	own := map[string][]string{
		"policy":                      {"fmt", "github.com/Masterminds/semver/v3"},
		"registry":                    {"net/http", "internal/secret"},
		"registry/registrytest":       {"registry", "net/http/httptest", "testing"},
		"gitwriter":                   {"gitwriter/edit", "gitwriter/forge", "internal/gitrepo"},
		"gitwriter/edit":              {"sigs.k8s.io/kustomize/kyaml/yaml"},
		"gitwriter/forge":             {"fmt"},
		"gitwriter/forge/github":      {"gitwriter/forge", "github.com/google/go-github/v60/github"},
		"gitwriter/markup":            {"github.com/yuin/goldmark"},
		"internal/bot":                {"policy", "registry", "gitwriter", "internal/schedule"},
		"internal/event":              {"fmt"},
		"internal/gitrepo":            {"github.com/go-git/go-git/v5", "internal/secret"},
		"internal/gitsign":            {"internal/secret"},
		"internal/ledger":             {"go.etcd.io/bbolt"},
		"internal/refcache":           {"fmt"},
		"internal/hook":               {"net/http"},
		"internal/releasenotes":       {"internal/secret"},
		"internal/schedule":           {"fmt"},
		"internal/secret":             {"fmt"},
		"internal/web":                {"internal/event", "net/http"},
		"reconciler":                  {"reconciler/api/v1", "reconciler/build", "internal/gitrepo", "k8s.io/client-go/rest"},
		"reconciler/api/v1":           {"fmt"},
		"reconciler/build":            {"fmt"},
		"reconciler/build/kustomize":  {"reconciler/build"},
		"reconciler/build/sops":       {"reconciler/build"},
		"reconciler/build/substitute": {"fmt"},
		"cmd/towline":                 {"gitwriter/forge/github", "internal/bot", "reconciler", "reconciler/build/kustomize"},
	}
	g := depcheck.Graph{Imports: maps.Clone(own), Own: map[string]bool{}, ThirdParty: map[string]bool{}}
	for from := range own {
		g.Own[from] = true
	}
	for from, to := range more {
		host, _, _ := strings.Cut(to, "/")
		g.ThirdParty[to] = strings.Contains(host, ".")
		g.Imports[from] = append(slices.Clone(g.Imports[from]), to)
	}
	return g
}
