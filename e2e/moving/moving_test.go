// Package moving_test runs the commands of docs/operations.md by which a cluster moves
// from Flux or Argo CD, against a real control plane that holds what these leave there.
// Flux's part is played by its own library; Argo CD's by kubectl's engine, which is its
// own, under its name.
package moving_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const patience = 2 * time.Minute

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

func TestMoving(t *testing.T) {
	m := newMove(t)
	for _, from := range []struct {
		name, heading, sync string
		applied             func(path string)
	}{
		{name: "apps", heading: "## Moving from Flux", sync: "apps-sync.yaml", applied: m.byFlux},
		{name: "shop", heading: "## Moving from Argo CD", sync: "shop-sync.yaml", applied: m.byArgo},
	} {
		t.Run(from.name, func(t *testing.T) {
			m.T = t
			path := from.name + "/prod"
			m.commit(path, "one: \"1\", two: \"2\"")
			from.applied(path)
			before := m.objects(from.name)
			m.write(from.sync, m.manifest(from.name, path))
			out := m.run(m.block(from.heading))
			if strings.Contains(out, "would be created") || strings.Contains(out, "would be deleted") {
				t.Errorf("towline diff foresees more than changes:\n%s", out)
			}
			if diff := cmp.Diff(before, m.objects(from.name)); diff != "" {
				t.Errorf("the objects are others than before (-before +after):\n%s", diff)
			}
			m.ownership(from.name, path)
		})
	}
}

// ownership holds that the Sync alone owns what it took over: a field that leaves Git
// leaves the cluster, and so does an object.
func (m *move) ownership(name, path string) {
	m.Helper()
	left := m.kubectl("-n", name+"-ns", "get", "configmap", "settings", "-o", "jsonpath={.metadata.labels}{.metadata.annotations}")
	for _, foreign := range []string{"fluxcd", "argocd", "app.kubernetes.io/instance", "last-applied"} {
		if strings.Contains(left, foreign) {
			m.Errorf("%s is left: %s", foreign, left)
		}
	}
	m.commit(path, "one: \"1\"")
	m.run("towline sync " + name + " -n towline-system --wait")
	if got := m.kubectl("-n", name+"-ns", "get", "configmap", "settings", "-o", "jsonpath={.data}"); got != `{"one":"1"}` {
		m.Errorf("after a field left Git, data is %s", got)
	}
	m.git.Commit("deploy", gitrepotest.Commit{Deletes: []string{path + "/extra.yaml"}})
	m.run("towline sync " + name + " -n towline-system --wait")
	if got := m.kubectl("-n", name+"-ns", "get", "configmap", "extra", "--ignore-not-found", "-o", "name"); got != "" {
		m.Errorf("after an object left Git, there is still %s", got)
	}
}

// move is a cluster of its own with a reconciler, and a person with a checkout.
type move struct {
	*testing.T
	cluster *testbed.Cluster
	git     *gitrepotest.Server
	url     string
	dir     string // the person's checkout, with the files that the commands name
	path    string // where the programs stand
}

func newMove(t *testing.T) *move {
	t.Helper()
	m := &move{T: t, cluster: testbed.Kube(t), git: gitrepotest.New(t), dir: t.TempDir(), path: t.TempDir()}
	m.url = m.git.Create("deploy")
	for name, program := range map[string]string{"kubectl": testbed.Kubectl(t), "towline": testbed.Towline(t)} {
		if err := os.Symlink(program, filepath.Join(m.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	m.kubectl("create", "namespace", "towline-system")
	m.kubectl("apply", "--server-side", "-f", filepath.Join("..", "..", "deploy", "crds", "towline.dev_syncs.yaml"))
	m.kubectl("wait", "crd/syncs.towline.dev", "--for=condition=Established", "--timeout=60s")
	m.kubectl("-n", "towline-system", "create", "serviceaccount", "deployer")
	m.kubectl("create", "clusterrolebinding", "deployer", "--clusterrole=cluster-admin", "--serviceaccount=towline-system:deployer")
	m.reconciler()
	return m
}

// block gives the commands of a section of the documentation.
func (m *move) block(heading string) string {
	m.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		m.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), heading+"\n")
	found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(section)
	if !ok || found == nil {
		m.Fatalf("docs/operations.md has no commands under %q", heading)
	}
	return found[1]
}

// run runs commands as a person would, in the checkout.
func (m *move) run(script string) string {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "PATH="+m.path+":"+os.Getenv("PATH"), "KUBECONFIG="+m.cluster.Kubeconfig)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.Fatalf("%v\n%s\n%s", err, script, out)
	}
	m.Logf("%s", out)
	return string(out)
}

func (m *move) kubectl(args ...string) string {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, testbed.Kubectl(m.T), append([]string{"--kubeconfig", m.cluster.Kubeconfig}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		m.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func (m *move) write(name, text string) {
	m.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
}

// commit puts an application into the repository and into the checkout.
func (m *move) commit(path, data string) {
	m.Helper()
	if _, err := os.Stat(filepath.Join(m.dir, ".git")); err != nil {
		m.run("git init --quiet")
	}
	files := map[string]string{
		path + "/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {" + data + "}\n",
		path + "/extra.yaml":    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
		path + "/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
`,
	}
	m.git.Commit("deploy", gitrepotest.Commit{Files: files})
	for name, text := range files {
		m.write(name, text)
	}
}

func (m *move) manifest(name, path string) string {
	return fmt.Sprintf(`apiVersion: towline.dev/v1
kind: Sync
metadata: {name: %s, namespace: towline-system}
spec:
  source: {url: %q, branch: main, path: %s}
  interval: 1s
  targetNamespace: %s-ns
  prune: true
  serviceAccountName: deployer
  suspend: true
`, name, m.url, path, name)
}

// objects tells the identities of an application's objects: what was made anew has another
// one, and what was rolled out again has another ReplicaSet.
func (m *move) objects(name string) string {
	m.Helper()
	return m.kubectl("-n", name+"-ns", "get", "deployments,replicasets,configmaps", "-o",
		`jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{"\n"}{end}`)
}
