package deploy_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// TestTheReconcilersRightsSuffice runs the reconciler with the token of the
// ServiceAccount that deploy/ gives it: what it may do is enough to apply, to see
// health, to heal and to prune.
func TestTheReconcilersRightsSuffice(t *testing.T) {
	k, cluster := install(t)
	// The Deployment's own Pod runs in name only here.
	k.must(t, "", "-n", namespace, "scale", "deployment/towline-reconciler", "--replicas=0")
	git := gitrepotest.New(t)
	url := git.Create("deploy")
	git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"web/web.yaml": web, "web/config.yaml": settings}})

	log := startReconciler(t, k, cluster)
	fail := func(what string, err error) {
		t.Helper()
		if err != nil {
			said, _ := os.ReadFile(log)
			t.Fatalf("%s: %v\n%s", what, err, said)
		}
	}
	k.must(t, fmt.Sprintf(account, namespace, namespace, namespace, url), "apply", "-f", "-")
	_, err := k.run(t.Context(), "", "-n", namespace, "wait", "sync/web", "--for=condition=Healthy", "--timeout=60s")
	fail("waiting for health", err)

	// Deleting and then waiting for the very name to be there again.
	k.must(t, "", "-n", namespace, "delete", "deployment/web", "--cascade=background")
	_, err = k.run(t.Context(), "", "-n", namespace, "wait", "deployment/web", "--for=create", "--timeout=30s")
	fail("waiting for the heal", err)

	k.must(t, "", "-n", namespace, "delete", "sync/web", "--timeout=30s")
	left := k.must(t, "", "-n", namespace, "get", "deployment,configmap", "-o", "name")
	if strings.Contains(left, "deployment.apps/web\n") || strings.Contains(left, "configmap/web\n") {
		t.Errorf("left after the Sync's deletion:\n%s", left)
	}
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToLower(string(said)), "forbidden") {
		t.Errorf("something was forbidden:\n%s", said)
	}
}

// startReconciler runs the reconciler as its ServiceAccount and gives its log.
func startReconciler(t *testing.T, k kubectl, cluster *testbed.Cluster) string {
	t.Helper()
	dir := t.TempDir()
	token := strings.TrimSpace(k.must(t, "", "-n", namespace, "create", "token", "towline-reconciler"))
	kubeconfig := filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: k, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %q}}]
contexts: [{name: c, context: {cluster: k, user: u}}]
current-context: c
`, cluster.Config.Host, token)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	probes := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "reconciler.log")
	p, err := process.Start(process.Spec{
		Name: "the reconciler", Path: testbed.Towline(t), Dir: dir, Log: log,
		Args: []string{"reconciler", "--kubeconfig", kubeconfig, "--cache-dir", filepath.Join(dir, "cache"),
			"--leader-elect", "--leader-election-namespace", namespace, "--health-probe-bind-address", probes},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = p.Await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", probes)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: registry.example.com/web:1.0.0
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: "1"}
`

const account = `apiVersion: v1
kind: ServiceAccount
metadata: {name: web-deployer, namespace: %s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web-deployer, namespace: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: web-deployer}]
---
apiVersion: towline.dev/v1
kind: Sync
metadata: {name: web, namespace: %s}
spec:
  source: {url: %q, path: web}
  prune: true
  serviceAccountName: web-deployer
`
