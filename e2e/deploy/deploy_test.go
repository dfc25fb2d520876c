// Package deploy_test installs what deploy/ holds just as a person does, with kubectl
// on a real control plane, and holds both halves to the rights that they are given.
package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

const namespace = "towline-system"

// kubectl runs kubectl against a cluster.
type kubectl struct {
	path, kubeconfig string
}

// run gives standard output; an error holds what kubectl said.
func (k kubectl) run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.path, append([]string{"--kubeconfig", k.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		err = fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, exited.Stderr)
	}
	return string(out), err
}

func (k kubectl) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := k.run(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// can tells whether an identity is allowed something, as `kubectl auth can-i` does.
func (k kubectl) can(t *testing.T, account string, args ...string) bool {
	t.Helper()
	as := "system:serviceaccount:" + namespace + ":" + account
	out, _ := k.run(t.Context(), "", append([]string{"auth", "can-i", "--as", as}, args...)...) // "no" exits with 1
	switch strings.TrimSpace(out) {
	case "yes":
		return true
	case "no":
		return false
	}
	t.Fatalf("kubectl auth can-i %v answers %q", args, out)
	return false
}

// deployDir is deploy/ of the repository.
func deployDir(t *testing.T) string {
	t.Helper()
	module, err := testbed.ModuleDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(module), "deploy")
}

// install starts a cluster and installs both halves.
func install(t *testing.T) (kubectl, *testbed.Cluster) {
	t.Helper()
	cluster := testbed.OwnKube(t)
	k := kubectl{path: testbed.Kubectl(t), kubeconfig: cluster.Kubeconfig}
	k.must(t, "", "apply", "-k", deployDir(t))
	return k, cluster
}

func TestInstall(t *testing.T) {
	k, _ := install(t)
	t.Run("again changes nothing", func(t *testing.T) {
		for line := range strings.Lines(k.must(t, "", "apply", "-k", deployDir(t))) {
			if !strings.HasSuffix(strings.TrimSpace(line), "unchanged") {
				t.Errorf("applied again: %s", line)
			}
		}
	})
	t.Run("each half by itself", func(t *testing.T) {
		for _, part := range []string{"namespace", "crds", "bot", "reconciler"} {
			k.must(t, "", "apply", "-k", filepath.Join(deployDir(t), part))
		}
	})
	t.Run("the Pods fit the restricted standard", func(t *testing.T) {
		// Admission refuses Pods that don't, and then no Deployment becomes available.
		k.must(t, "", "-n", namespace, "rollout", "status", "deployment/towline-bot", "--timeout=60s")
		k.must(t, "", "-n", namespace, "rollout", "status", "deployment/towline-reconciler", "--timeout=60s")
	})
	t.Run("Syncs are validated", func(t *testing.T) {
		_, err := k.run(t.Context(), `{apiVersion: towline.dev/v1, kind: Sync, metadata: {name: x, namespace: default},
			spec: {source: {url: "https://git.example.com/a/b", path: ../up}}}`, "apply", "-f", "-")
		if err == nil || !strings.Contains(err.Error(), "path must not leave the repository") {
			t.Errorf("a path out of the repository gives %v", err)
		}
	})
	rights(t, k)
}

// rights holds the two ServiceAccounts to the least that they need.
func rights(t *testing.T, k kubectl) {
	tests := []struct {
		account string
		args    []string
		want    bool
	}{
		{"towline-bot", []string{"get", "pods", "-A"}, false},
		{"towline-bot", []string{"get", "secrets", "-n", namespace}, false},
		{"towline-bot", []string{"get", "syncs.towline.dev", "-A"}, false},
		{"towline-reconciler", []string{"watch", "syncs.towline.dev", "-A"}, true},
		{"towline-reconciler", []string{"delete", "syncs.towline.dev", "-A"}, false},
		{"towline-reconciler", []string{"patch", "syncs.towline.dev/status", "-A"}, true},
		{"towline-reconciler", []string{"watch", "deployments.apps", "-A"}, true},
		{"towline-reconciler", []string{"list", "events", "-A"}, true},
		{"towline-reconciler", []string{"create", "deployments.apps", "-A"}, false},
		{"towline-reconciler", []string{"patch", "deployments.apps", "-n", namespace}, false},
		{"towline-reconciler", []string{"delete", "namespaces", "-A"}, false},
		{"towline-reconciler", []string{"get", "secrets", "-n", namespace}, true},
		{"towline-reconciler", []string{"list", "secrets", "-n", namespace}, false},
		{"towline-reconciler", []string{"get", "secrets", "-n", "kube-system"}, false},
		{"towline-reconciler", []string{"impersonate", "serviceaccounts", "-n", namespace}, true},
		{"towline-reconciler", []string{"impersonate", "serviceaccounts", "-n", "kube-system"}, false},
		{"towline-reconciler", []string{"impersonate", "users", "-A"}, false},
		{"towline-reconciler", []string{"impersonate", "groups", "-A"}, false},
		{"towline-reconciler", []string{"escalate", "clusterroles.rbac.authorization.k8s.io", "-A"}, false},
	}
	for _, tt := range tests {
		if got := k.can(t, tt.account, tt.args...); got != tt.want {
			t.Errorf("%s may %v: %v, want %v", tt.account, tt.args, got, tt.want)
		}
	}
}
