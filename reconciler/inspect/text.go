package inspect

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// The marks that stand in place of a Secret's values.
const (
	masked       = "***"
	maskedBefore = "*** (before)"
	maskedAfter  = "*** (after)"
)

// diffContext is how many unchanged lines stand around a change, as in git.
const diffContext = 3

// text gives an object's YAML as it stands and as it would stand, without what only the
// API server writes; "" for nil.
func text(before, after *unstructured.Unstructured) (string, string) {
	a, b := stripped(before), stripped(after)
	if isSecret(before) || isSecret(after) {
		maskSecret(a, b)
	}
	return encoded(a), encoded(b)
}

// stripped is a copy without the fields of which a person changes none.
func stripped(object *unstructured.Unstructured) map[string]any {
	if object == nil {
		return nil
	}
	content := runtime.DeepCopyJSON(object.Object)
	delete(content, "status")
	metadata, _ := content["metadata"].(map[string]any)
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"} {
		delete(metadata, field)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	// kubectl keeps the whole object in it, values of Secrets included.
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return content
}

func isSecret(object *unstructured.Unstructured) bool {
	return object != nil && object.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Secret"}
}

// maskSecret puts marks in place of a Secret's values, which tell only whether they differ.
// Whatever isn't a mapping is masked as a whole.
func maskSecret(before, after map[string]any) {
	for _, field := range []string{"data", "stringData"} {
		a, b := entries(before, field), entries(after, field)
		for key := range union(a, b) {
			was, had := a[key]
			is, has := b[key]
			if had && has && fmt.Sprint(was) == fmt.Sprint(is) {
				a[key], b[key] = masked, masked
				continue
			}
			if had {
				a[key] = maskedBefore
			}
			if has {
				b[key] = maskedAfter
			}
		}
	}
}

func entries(content map[string]any, field string) map[string]any {
	value, ok := content[field]
	if !ok || value == nil {
		return map[string]any{}
	}
	values, ok := value.(map[string]any)
	if !ok {
		content[field] = masked
		return map[string]any{}
	}
	return values
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func encoded(content map[string]any) string {
	if content == nil {
		return ""
	}
	data, err := yaml.Marshal(content)
	if err != nil { // what came as JSON can be written as YAML
		return fmt.Sprintf("# %v\n", err)
	}
	return string(data)
}

// unified gives a unified diff of two texts; "" where they are the same.
func unified(ref inventory.ObjectRef, before, after string) string {
	if before == after {
		return ""
	}
	from, to := "live/"+ref.String(), "wanted/"+ref.String()
	if before == "" {
		from = "/dev/null"
	}
	if after == "" {
		to = "/dev/null"
	}
	diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: lines(before), B: lines(after), FromFile: from, ToFile: to, Context: diffContext,
	})
	if err != nil { // it writes to memory
		return fmt.Sprintf("# %v\n", err)
	}
	return diff
}

func lines(text string) []string {
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
