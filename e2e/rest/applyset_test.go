package rest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/e2e/testbed"
)

// kubectl runs kubectl with its alpha support of ApplySets, and returns all it says.
func (s *scene) kubectl(args ...string) (string, error) {
	s.Helper()
	command := exec.CommandContext(s.ctx(), testbed.Kubectl(s), append([]string{"--kubeconfig", s.cluster.Kubeconfig, "-n", s.namespace}, args...)...)
	command.Env = append(os.Environ(), "KUBECTL_APPLYSET=true")
	said, err := command.CombinedOutput()
	return string(said), err
}

// TestKubectlUnderstandsTheApplySet holds that a Sync is an ApplySet's parent to kubectl: it won't touch ours, and when it
// is handed over it knows what belongs to it and prunes that.
func TestKubectlUnderstandsTheApplySet(t *testing.T) {
	s := newScene(t)
	s.start()
	files := setting("kept", "1")
	files["app/dropped.yaml"] = setting("dropped", "1")["app/dropped.yaml"]
	s.sync(files, "1s")
	sync, err := s.syncs().Get(s.ctx(), "shop", metav1.GetOptions{})
	s.must(err)
	annotations := sync.GetAnnotations()
	got := map[string]string{}
	for _, key := range []string{"tooling", "contains-group-kinds", "additional-namespaces"} {
		got[key] = annotations["applyset.kubernetes.io/"+key]
	}
	if diff := cmp.Diff(map[string]string{"tooling": "towline/v1", "contains-group-kinds": "ConfigMap", "additional-namespaces": ""}, got); diff != "" {
		t.Errorf("annotations of the Sync (-want +got):\n%s", diff)
	}

	folder := t.TempDir()
	s.must(os.WriteFile(filepath.Join(folder, "kept.yaml"), []byte(files["app/kept.yaml"]), 0o600))
	apply := []string{"apply", "--server-side", "--force-conflicts", "--prune", "--applyset=syncs.towline.dev/shop", "-f", folder}
	said, err := s.kubectl(apply...)
	if err == nil || !strings.Contains(said, `is managed by tooling "towline" instead of "kubectl"`) {
		t.Fatalf("kubectl says %q, error %v; want it to leave the Sync's objects alone", said, err)
	}

	// The hand-over: the Sync is suspended, and its objects are kubectl's from then on.
	_, err = s.syncs().Patch(s.ctx(), "shop", types.MergePatchType, []byte(`{"spec":{"suspend":true}}`), metav1.PatchOptions{})
	s.must(err)
	s.await(s.syncs(), "shop", "suspended", func(o *unstructured.Unstructured) bool { return isTrue(o, "Suspended") })
	if said, err = s.kubectl("annotate", "syncs.towline.dev/shop", "--overwrite", "applyset.kubernetes.io/tooling=kubectl/v1.36"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if said, err = s.kubectl(apply...); err != nil {
		t.Fatalf("kubectl apply after the hand-over: %v: %s", err, said)
	}
	if !strings.Contains(said, "configmap/dropped pruned") || strings.Contains(said, "configmap/kept pruned") {
		t.Errorf("kubectl says %q, want dropped pruned and nothing else", said)
	}
	if _, err := s.configMaps().Get(s.ctx(), "dropped", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("dropped: error %v, want it gone", err)
	}
	if _, err := s.configMaps().Get(s.ctx(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("kept: %v", err)
	}
	if _, err := s.configMaps().Get(s.ctx(), "towline-inventory-shop", metav1.GetOptions{}); err != nil {
		t.Errorf("the inventory, which isn't part of the set: %v", err)
	}
}
