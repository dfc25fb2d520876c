package rest_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// TestALostInventoryIsFoundAgain deletes or damages the inventory while nobody looks, together with an object's manifest:
// the object isn't forgotten, and isn't deleted before a person says so.
func TestALostInventoryIsFoundAgain(t *testing.T) {
	tests := []struct {
		name   string
		damage func(*scene)
	}{
		{"deleted", func(s *scene) {
			s.must(s.configMaps().Delete(s.ctx(), "towline-inventory-shop", metav1.DeleteOptions{}))
		}},
		{"damaged", func(s *scene) {
			_, err := s.configMaps().Patch(s.ctx(), "towline-inventory-shop", types.MergePatchType, []byte(`{"data":{"objects.json":"[\n]\n"}}`), metav1.PatchOptions{})
			s.must(err)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.start()
			files := setting("kept", "1")
			files["app/dropped.yaml"] = setting("dropped", "1")["app/dropped.yaml"]
			s.sync(files, "1s")
			// A person's copy, with the label but never applied by us, isn't the Sync's.
			copied, err := s.configMaps().Get(s.ctx(), "kept", metav1.GetOptions{})
			s.must(err)
			copied = &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "copied"}, "data": copied.Object["data"],
			}}
			live, err := s.configMaps().Get(s.ctx(), "kept", metav1.GetOptions{})
			s.must(err)
			copied.SetLabels(live.GetLabels())
			_, err = s.configMaps().Create(s.ctx(), copied, metav1.CreateOptions{})
			s.must(err)

			s.program.Stop()
			test.damage(s)
			s.commit(nil, "app/dropped.yaml")
			s.start()
			var message string
			s.await(s.syncs(), "shop", "waiting for consent", func(o *unstructured.Unstructured) bool {
				message = readyMessage(o)
				return strings.Contains(message, "towline.dev/prune-consent=")
			})
			for _, name := range []string{"kept", "dropped", "copied"} {
				if _, err := s.configMaps().Get(s.ctx(), name, metav1.GetOptions{}); err != nil {
					t.Errorf("%s, before consent is given: %v", name, err)
				}
			}
			if !strings.Contains(message, "dropped") || strings.Contains(message, "copied") {
				t.Errorf("consent is asked for by %q, want it of dropped alone", message)
			}
			_, key, _ := strings.Cut(message, "towline.dev/prune-consent=")
			key, _, _ = strings.Cut(key, " ")
			if said, err := s.kubectl("annotate", "--overwrite", "syncs.towline.dev/shop", "towline.dev/prune-consent="+key); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			s.awaitReady()
			if _, err := s.configMaps().Get(s.ctx(), "dropped", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("dropped, with consent: error %v, want it gone", err)
			}
			if _, err := s.configMaps().Get(s.ctx(), "copied", metav1.GetOptions{}); err != nil {
				t.Errorf("copied: %v", err)
			}
		})
	}
}

func readyMessage(o *unstructured.Unstructured) string {
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range all {
		if m, ok := c.(map[string]any); ok && m["type"] == "Ready" {
			text, _ := m["message"].(string)
			return text
		}
	}
	return ""
}
