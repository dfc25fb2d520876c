package moving_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/ssa"
	ssautil "github.com/fluxcd/pkg/ssa/utils"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// byFlux applies a folder as Flux's kustomize-controller does, with the manager and the
// labels that it uses, and leaves its Kustomization.
func (m *move) byFlux(path string) {
	m.Helper()
	m.kubectl("create", "namespace", "flux-system")
	m.kubectl("create", "namespace", "apps-ns")
	m.definition("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations")
	m.apply("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {prune: true}\n")
	direct, err := client.New(m.cluster.Config, client.Options{})
	if err != nil {
		m.Fatal(err)
	}
	manager := ssa.NewResourceManager(direct, nil, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
	for _, text := range m.files(path) {
		objects, err := ssautil.ReadObjects(strings.NewReader(text))
		if err != nil {
			m.Fatal(err)
		}
		for _, o := range objects {
			o.SetNamespace("apps-ns")
		}
		manager.SetOwnerLabels(objects, "apps", "flux-system")
		if _, err := manager.ApplyAllStaged(m.Context(), objects, ssa.DefaultApplyOptions()); err != nil {
			m.Fatal(err)
		}
	}
}

// byArgo applies a folder as Argo CD does, on the client's side and with its label, and
// leaves its Application.
func (m *move) byArgo(path string) {
	m.Helper()
	m.kubectl("create", "namespace", "argocd")
	m.kubectl("create", "namespace", "shop-ns")
	m.definition("argoproj.io", "Application", "applications")
	m.apply("apiVersion: argoproj.io/v1\nkind: Application\nmetadata: {name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\nspec: {syncPolicy: {automated: {prune: true}}}\n")
	for _, text := range m.files(path) {
		labelled := strings.Replace(text, "metadata: {", "metadata: {namespace: shop-ns, labels: {app.kubernetes.io/instance: shop}, ", 1)
		m.applyAs("argocd-controller", labelled)
	}
}

func (m *move) files(path string) []string {
	m.Helper()
	var texts []string
	for _, name := range []string{"settings.yaml", "extra.yaml", "web.yaml"} {
		text, err := os.ReadFile(filepath.Join(m.dir, path, name))
		if err != nil {
			m.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// definition lets the API server know a peer's kind.
func (m *move) definition(group, kind, plural string) {
	m.Helper()
	m.apply(strings.NewReplacer("GROUP", group, "KIND", kind, "PLURAL", plural).Replace(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: KIND, plural: PLURAL}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`))
	m.kubectl("wait", "crd/"+plural+"."+group, "--for=condition=Established", "--timeout=60s")
}

func (m *move) apply(manifest string) { m.Helper(); m.applyAs("kubectl-client-side-apply", manifest) }

func (m *move) applyAs(manager, manifest string) {
	m.Helper()
	cmd := exec.CommandContext(m.Context(), testbed.Kubectl(m.T), "--kubeconfig", m.cluster.Kubeconfig, "apply", "--field-manager", manager, "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

// reconciler runs until the test ends.
func (m *move) reconciler() {
	m.Helper()
	dir := m.TempDir()
	log := filepath.Join(dir, "log")
	p, err := process.Start(process.Spec{
		Name: "the reconciler", Path: testbed.Towline(m.T), Dir: dir, Log: log,
		Args: []string{"reconciler", "--kubeconfig", m.cluster.Kubeconfig, "--cache-dir", filepath.Join(dir, "cache"), "--namespace", "towline-system"},
	})
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(p.Stop)
	t := m.T
	m.Cleanup(func() {
		if said, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("log of the reconciler:\n%s", said)
		}
	})
}
