package health

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// judge gives an object's health by the rule.
func (c *compiled) judge(object *unstructured.Unstructured) Health {
	health := Health{Ref: inventory.RefOf(object), Status: InProgress}
	seen, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if found && seen != object.GetGeneration() {
		health.Message = fmt.Sprintf("its generation is %d, and %d was observed", object.GetGeneration(), seen)
		return health
	}
	for _, part := range []struct {
		expression *expression
		means      Status
	}{{c.inProgress, InProgress}, {c.failed, Failed}, {c.current, Current}} {
		if part.expression == nil {
			continue
		}
		holds, err := part.expression.holds(object.Object)
		if err != nil {
			health.Message = err.Error()
			return health
		}
		if holds {
			health.Status = part.means
			break
		}
	}
	if health.Status != Current {
		health.Reason, health.Message = words(object)
	}
	return health
}

// condition is what conditions of most kinds hold.
type condition struct{ kind, status, reason, message string }

// words finds what an object itself says about why it isn't as it should be: the condition that speaks of it, or else
// status.reason and status.message.
func words(object *unstructured.Unstructured) (reason, message string) {
	bad := slices.DeleteFunc(conditions(object), func(c condition) bool { return c.weight() == 0 })
	if len(bad) == 0 {
		status, _, _ := unstructured.NestedMap(object.Object, "status")
		return text(status, "reason"), clip(text(status, "message"))
	}
	worst := slices.MaxFunc(bad, func(a, b condition) int { return cmp.Compare(a.weight(), b.weight()) })
	return worst.reason, clip(worst.message)
}

// conditions reads status.conditions; what isn't one is passed over.
func conditions(object *unstructured.Unstructured) []condition {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	all := make([]condition, 0, len(list))
	for _, entry := range list {
		if fields, ok := entry.(map[string]any); ok {
			all = append(all, condition{text(fields, "type"), text(fields, "status"), text(fields, "reason"), text(fields, "message")})
		}
	}
	return all
}

// weight orders conditions by how much they tell of what is wrong; those of weight 0 tell nothing.
func (c condition) weight() int {
	switch c.kind {
	case "Stalled", "Failed", "Failure", "Error", "Degraded", "ReplicaFailure":
		if c.status == "True" {
			return 3
		}
		return 0
	case "Ready", "Available", "Healthy", "Succeeded":
		if c.status != "True" {
			return 2
		}
		return 0
	case "Reconciling", "Progressing":
		return 0
	}
	if c.status == "False" {
		return 1
	}
	return 0
}

func text(fields map[string]any, name string) string {
	value, _ := fields[name].(string)
	return value
}
