// Package node_test runs the reconciler as a Pod, from deploy/, on a real node with real containers: what images that
// can't be pulled, crash loops and slow starts look like is the kubelet's word there, not ours.
//
// Only root can run it, and it changes the machine while it runs: `make e2e-node`.
package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// asked is the variable by which make e2e-node asks for these tests.
const asked = "TOWLINE_E2E_NODE"

const namespace = "towline-system"

// patience bounds every wait for the cluster; none takes as long unless it fails.
const patience = 90 * time.Second

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

// stage is a cluster with one real node, on which the reconciler runs.
type stage struct {
	kubectl, kubeconfig string
	registry            *testbed.Registry
	git                 *gitrepotest.Server
	url                 string // of the repository deploy, as Pods see it
	images              string // registry and repository of the test program
}

func newStage(t *testing.T) *stage {
	t.Helper()
	if os.Getenv(asked) == "" {
		t.Skipf("SKIPPED: %s isn't set; `make e2e-node`, as root, runs the tests on a real node", asked)
	}
	if lacks := testbed.NodeLacks(); lacks != "" {
		t.Skipf("SKIPPED: this machine lacks %s", lacks)
	}
	cluster, err := testbed.StartKube(t.Context(), testbed.KubeOptions{NoNode: true})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, cluster.Stop)
	s := &stage{kubectl: testbed.Kubectl(t), kubeconfig: cluster.Kubeconfig, registry: testbed.Distribution(t), git: gitrepotest.New(t)}
	module, err := testbed.ModuleDir()
	if err != nil {
		t.Fatal(err)
	}
	app := program(t, module, "./node/app")
	s.images = s.registry.Host + "/app"
	for _, tag := range []string{"1", "2"} {
		push(t, s.registry, "app", tag, app)
	}
	node, err := testbed.StartNode(t.Context(), testbed.NodeOptions{Cluster: cluster, Pause: push(t, s.registry, "pause", "1", app, "-pause")})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, node.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			s.tell(t, node)
		}
	})
	s.url = node.Forward(t, s.git.Create("deploy"))
	s.must(t, "", "wait", "node/"+node.Name, "--for=create", "--timeout=60s")
	s.must(t, "", "wait", "node/"+node.Name, "--for=condition=Ready", "--timeout=60s")
	s.install(t, module)
	return s
}

func stopped(t *testing.T, stop func() error) {
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// install applies deploy/ with the image of the program as it is now.
func (s *stage) install(t *testing.T, module string) {
	t.Helper()
	root := filepath.Dir(module)
	push(t, s.registry, "towline", "now", program(t, root, "./cmd/towline"))
	dir := t.TempDir()
	bases, err := filepath.Rel(dir, filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	overlay := fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%[1]s/namespace, %[1]s/crds, %[1]s/reconciler]
images: [{name: ghcr.io/towline-dev/towline, newName: %[2]s/towline, newTag: now}]
secretGenerator:
  - {name: towline-reconciler, namespace: towline-system, literals: [webhook=none, token=none], options: {disableNameSuffixHash: true}}
`, bases, s.registry.Host)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o600); err != nil {
		t.Fatal(err)
	}
	s.must(t, "", "apply", "-k", dir)
	s.must(t, "", "-n", namespace, "rollout", "status", "deployment/towline-reconciler", "--timeout=90s")
	s.must(t, account, "apply", "-f", "-")
}

// account deploys for the Syncs.
const account = `apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: towline-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: towline-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: deployer}]
`

// run gives kubectl's standard output; an error holds what it said.
func (s *stage) run(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.kubectl, append([]string{"--kubeconfig", s.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		err = fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, exited.Stderr)
	}
	return string(out), err
}

func (s *stage) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := s.run(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// tell shows what a failure may be understood by.
func (s *stage) tell(t *testing.T, node *testbed.Node) {
	ctx := context.WithoutCancel(t.Context())
	for _, args := range [][]string{
		{"get", "pods,syncs", "-A", "-o", "wide"}, {"get", "events", "-A", "--sort-by=.lastTimestamp"},
	} {
		out, err := s.run(ctx, "", args...)
		t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	said, err := os.ReadFile(node.Log())
	if err != nil {
		t.Log(err)
	}
	t.Logf("the end of the kubelet's log:\n%s", said[max(0, len(said)-6000):])
	for _, log := range node.PodLogs("reconciler") {
		t.Logf("a reconciler's log:\n%s", log[max(0, len(log)-6000):])
	}
}
