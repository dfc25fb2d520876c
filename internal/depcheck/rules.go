package depcheck

// Rules returns the import rules of the design (docs/architecture.md).
func Rules() []Rule {
	bot := []Pattern{
		"policy/...", "registry/...", "gitwriter/...", "internal/bot/...", "internal/scaffold/...", "internal/schedule/...", "internal/ledger/...",
		"internal/refcache/...",
	}
	reconciler := []Pattern{"reconciler/..."}
	forges := []Pattern{
		"gitwriter/forge/github/...", "gitwriter/forge/gitea/...", "gitwriter/forge/gitlab/...", "gitwriter/forge/plain/...",
	}
	builders := []Pattern{"reconciler/build/plain/...", "reconciler/build/kustomize/...", "reconciler/build/helm/..."}
	testHelpers := []Pattern{
		"registry/registrytest/...", "registry/signature/signaturetest/...", "gitwriter/forge/forgetest/...", "internal/gitrepo/gitrepotest/...",
		"internal/gitsign/gitsigntest/...",
		"internal/schedule/scheduletest/...", "internal/workdir/workdirtest/...", "reconciler/build/buildtest/...",
	}
	everything := []Pattern{Own}

	return []Rule{
		{
			Why:  "policy is pure: it decides, and knows no other package of ours",
			From: []Pattern{"policy/..."}, Deny: []Pattern{Own}, Allow: []Pattern{"policy/..."},
		},
		{
			Why:  "policy is pure: no HTTP, no Git, no Kubernetes, no processes",
			From: []Pattern{"policy/..."}, Through: true,
			Deny: []Pattern{"net", "net/http/...", "os/exec", "github.com/go-git/...", "github.com/google/go-containerregistry/...", "k8s.io/...", "sigs.k8s.io/..."},
		},
		{
			Why:  "policy stands on three libraries: versions, YAML, cron",
			From: []Pattern{"policy/..."}, Deny: []Pattern{ThirdParty},
			Allow: []Pattern{"github.com/Masterminds/semver/...", "go.yaml.in/yaml/...", "github.com/robfig/cron/..."},
		},
		{
			Why:  "registry lists and describes; it doesn't know what is wanted",
			From: []Pattern{"registry/..."}, Through: true,
			Deny: []Pattern{Own}, Allow: []Pattern{"registry/...", "internal/secret", "internal/hook"},
		},
		{
			Why:  "sigstore stands only where signatures are verified: what it brings along is large",
			From: everything, Except: []Pattern{"registry/signature/..."},
			Deny: []Pattern{"github.com/sigstore/...", "github.com/google/certificate-transparency-go/..."},
		},
		{
			Why:  "gitwriter/edit turns bytes into bytes; it knows neither Git nor policies",
			From: []Pattern{"gitwriter/edit/..."}, Through: true,
			Deny: []Pattern{Own, "github.com/go-git/..."}, Allow: []Pattern{"gitwriter/edit/..."},
		},
		{
			Why:  "go-git has one dialect, and internal/gitrepo speaks it",
			From: everything, Except: []Pattern{"internal/gitrepo/..."}, Deny: []Pattern{"github.com/go-git/..."},
		},
		{
			Why:  "GitHub's client stands only in its forge",
			From: everything, Except: []Pattern{"gitwriter/forge/github/..."},
			Deny: []Pattern{"github.com/google/go-github/...", "github.com/bradleyfalzon/ghinstallation/..."},
		},
		{
			Why:  "Gitea's client stands only in its forge",
			From: everything, Except: []Pattern{"gitwriter/forge/gitea/..."}, Deny: []Pattern{"code.gitea.io/..."},
		},
		{
			Why:  "GitLab's client stands only in its forge",
			From: everything, Except: []Pattern{"gitwriter/forge/gitlab/..."}, Deny: []Pattern{"gitlab.com/..."},
		},
		{
			Why:  "keys that sign stand only where commits are signed and verified",
			From: everything, Except: []Pattern{"internal/gitsign/..."}, Deny: []Pattern{"github.com/hiddeco/sshsig/..."},
		},
		{
			Why:  "OpenPGP keys stand where commits are signed, and where secrets are opened",
			From: everything, Except: []Pattern{"internal/gitsign/...", "reconciler/build/sops/..."},
			Deny: []Pattern{"github.com/ProtonMail/go-crypto/..."},
		},
		{
			Why:  "age keys stand only where secrets are opened",
			From: everything, Except: []Pattern{"reconciler/build/sops/..."}, Deny: []Pattern{"filippo.io/age/..."},
		},
		{
			Why:  "secrets are opened from bytes: no Git, no cluster, no network",
			From: []Pattern{"reconciler/build/sops/..."}, Deny: []Pattern{Own, "net", "net/http/...", "k8s.io/client-go/..."},
			Allow: []Pattern{"reconciler/build"},
		},
		{
			Why:  "substitution turns text into text; it knows no other package of ours",
			From: []Pattern{"reconciler/build/substitute/..."}, Deny: []Pattern{Own, ThirdParty}, Allow: []Pattern{"reconciler/build/substitute/..."},
		},
		{
			Why:  "gitsign turns bytes into signatures; it knows neither Git nor policies",
			From: []Pattern{"internal/gitsign/..."}, Through: true,
			Deny: []Pattern{Own, "github.com/go-git/..."}, Allow: []Pattern{"internal/gitsign/...", "internal/secret"},
		},
		{
			Why:  "bbolt stands only in the ledger",
			From: everything, Except: []Pattern{"internal/ledger/..."}, Deny: []Pattern{"go.etcd.io/bbolt/..."},
		},
		{
			Why:  "the ledger remembers; it knows neither registries nor policies",
			From: []Pattern{"internal/ledger/..."}, Deny: []Pattern{Own}, Allow: []Pattern{"internal/ledger/..."}, Through: true,
		},
		{
			Why:  "webhooks are received alike, whoever sends them and whatever they say",
			From: []Pattern{"internal/hook/..."}, Deny: []Pattern{Own}, Allow: []Pattern{"internal/hook/..."}, Through: true,
		},
		{
			Why:  "the cache of references keeps bytes on disk; it knows neither files nor Git",
			From: []Pattern{"internal/refcache/..."}, Deny: []Pattern{Own}, Allow: []Pattern{"internal/refcache/..."}, Through: true,
		},
		{
			Why:  "clouds are asked for credentials, and for nothing else",
			From: everything, Except: []Pattern{"registry/keychain/..."},
			Deny: []Pattern{"github.com/aws/...", "github.com/Azure/...", "golang.org/x/oauth2/google/..."},
		},
		{
			Why:  "CEL stands only where health is judged",
			From: everything, Except: []Pattern{"reconciler/health/..."}, Deny: []Pattern{"github.com/google/cel-go/..."},
		},
		{
			Why:  "Helm stands only in its builder",
			From: everything, Except: []Pattern{"reconciler/build/helm/..."}, Deny: []Pattern{"helm.sh/..."},
		},
		{
			Why:  "the halves meet only in Git: the bot knows nothing of the reconciler",
			From: bot, Deny: reconciler, Through: true,
		},
		{
			Why:  "the halves meet only in Git: the reconciler knows nothing of the bot",
			From: reconciler, Deny: bot, Through: true,
		},
		{
			Why:  "the bot knows no cluster",
			From: bot, Deny: []Pattern{"k8s.io/client-go/...", "sigs.k8s.io/controller-runtime/..."}, Through: true,
		},
		{
			Why:  "Markdown is parsed in one place: where a stranger's is made harmless; the test forge shows pages",
			From: everything, Except: []Pattern{"gitwriter/markup/...", "gitwriter/forge/forgetest/..."}, Deny: []Pattern{"github.com/yuin/goldmark/..."},
		},
		{
			Why:  "release notes are asked of hosts that are known, and of nothing else: neither Git nor registries nor forges of ours",
			From: []Pattern{"internal/releasenotes/..."}, Through: true, Deny: []Pattern{Own}, Allow: []Pattern{"internal/releasenotes/...", "internal/secret"},
		},
		{
			Why:  "only cmd names forges",
			From: everything, Except: append([]Pattern{"cmd/..."}, forges...), Deny: forges,
		},
		{
			Why:  "only cmd names builders",
			From: everything, Except: append([]Pattern{"cmd/..."}, builders...), Deny: builders,
		},
		{
			Why:  "web shows events and what it is handed; it reaches for nothing",
			From: []Pattern{"internal/web/..."}, Deny: []Pattern{Own}, Through: true,
			Allow: []Pattern{"internal/web/...", "internal/event/...", "internal/secret"},
		},
		{
			Why:  "the product runs no other programs",
			From: everything, Except: append([]Pattern{"internal/depcheck"}, testHelpers...), Deny: []Pattern{"os/exec"},
		},
		{
			Why:  "what helps tests stays out of the product",
			From: everything, Except: testHelpers, Deny: append([]Pattern{"testing/...", "net/http/httptest"}, testHelpers...),
		},
		{
			Why:  "nothing builds on a command",
			From: everything, Except: []Pattern{"cmd/..."}, Deny: []Pattern{"cmd/..."},
		},
	}
}

// BarredModules returns what the module's go.mod may not require, by the reason
// why: what only tests run has a nested module of its own.
func BarredModules() map[string]string {
	return map[string]string{
		"k8s.io/kubernetes":                       "the control plane belongs to e2e/kube",
		"code.gitea.io/gitea":                     "the forge's server belongs to e2e/gitea",
		"github.com/distribution/distribution/v3": "the registry's server belongs to e2e/distribution",
		"github.com/getkin/kin-openapi":           "GitHub's description is checked in e2e",
		"github.com/vektah/gqlparser/v2":          "GitHub's GraphQL schema is checked in e2e",
		"sigs.k8s.io/controller-tools":            "tools belong to the tools module",
		"github.com/sigstore/cosign/v3":           "the signing program belongs to e2e/cosign",
	}
}
