package inspect

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Object is an object of the cluster and its health.
type Object struct {
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Status is Current, InProgress, Failed, Terminating, NotFound or Unknown.
	Status  string     `json:"status"`
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Created *time.Time `json:"created"`
}

// Ref is the object's reference.
func (o Object) Ref() inventory.ObjectRef {
	return inventory.ObjectRef{Group: o.Group, Version: o.Version, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// missing is an object that isn't in the cluster, or whose kind can't be read.
func missing(ref inventory.ObjectRef, status health.Status, message string) Object {
	return Object{
		Group: ref.Group, Version: ref.Version, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name,
		Status: string(status), Message: message,
	}
}

// found is a live object, judged by the Sync's rules, which may be nil. A Pod's own words
// for its trouble go before kstatus's.
func found(object *unstructured.Unstructured, rules *health.Rules) Object {
	ref := inventory.RefOf(object)
	created := object.GetCreationTimestamp().UTC()
	o := missing(ref, "", "")
	o.Created = &created
	judged := rules.Compute(object)
	o.Status, o.Reason, o.Message = string(judged.Status), judged.Reason, judged.Message
	if ref.Group == "" && ref.Kind == "Pod" && judged.Status != health.Current {
		if reason, message := podTrouble(object); reason != "" {
			o.Reason, o.Message = reason, cmp.Or(message, o.Message)
		}
	}
	return o
}

// podTrouble says what a container of a Pod waits for, or why the Pod isn't scheduled.
func podTrouble(pod *unstructured.Unstructured) (reason, message string) {
	for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		for _, status := range statuses {
			container, _ := status.(map[string]any)
			waits, _, _ := unstructured.NestedString(container, "state", "waiting", "reason")
			if waits == "" || waits == "ContainerCreating" || waits == "PodInitializing" {
				continue
			}
			message, _, _ := unstructured.NestedString(container, "state", "waiting", "message")
			return waits, message
		}
	}
	conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
	for _, condition := range conditions {
		c, _ := condition.(map[string]any)
		if c["type"] == "PodScheduled" && c["status"] == "False" {
			reason, _ := c["reason"].(string)
			message, _ := c["message"].(string)
			return reason, message
		}
	}
	return "", ""
}

// rulesOf are the Sync's own rules of health; nil where it has none.
func rulesOf(sync *v1.Sync) (*health.Rules, error) {
	exprs := sync.Spec.HealthCheckExprs
	if len(exprs) == 0 {
		return nil, nil
	}
	all := make([]health.Rule, len(exprs))
	for i, e := range exprs {
		all[i] = health.Rule{APIVersion: e.APIVersion, Kind: e.Kind, Current: e.Current, InProgress: e.InProgress, Failed: e.Failed}
	}
	rules, err := health.CompileRules(all)
	if err != nil {
		return nil, fmt.Errorf("reading spec.healthCheckExprs of Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	return rules, nil
}
