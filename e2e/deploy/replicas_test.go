package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// TestTwoReplicas renders an overlay with the component that adds a second replica.
func TestTwoReplicas(t *testing.T) {
	t.Parallel()
	overlay := t.TempDir()
	base, err := filepath.Rel(overlay, filepath.Join(deployDir(t), "reconciler"))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [%[1]s]\ncomponents: [%[1]s/two-replicas]\n", base)
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered := kubectl{path: testbed.Kubectl(t)}.must(t, "", "kustomize", overlay)
	for _, want := range []string{"replicas: 2", "kind: PodDisruptionBudget", "minAvailable: 1", "--leader-elect", "topologyKey: kubernetes.io/hostname"} {
		if !strings.Contains(rendered, want) {
			t.Errorf("the overlay gives no %q:\n%s", want, rendered)
		}
	}
}
