package reconciler

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// set is what the Sync wants of some of its objects. Where it can't be told which of
// them are scaled by others, those that were are applied over once.
func (w *work) set(ctx context.Context, objects []*unstructured.Unstructured) apply.Set {
	scaled, err := w.autoscalers.of(ctx, objects, w.namespace())
	if err != nil && w.news("autoscalers", masked(err.Error())) {
		w.Log.WarnContext(ctx, "listing autoscalers", "sync", w.st.key.String(), "error", err)
	}
	return apply.Set{
		ID: w.st.set, Namespace: w.namespace(), Objects: objects, Ignore: ignored(w.sync.Spec.Ignore), Force: w.sync.Spec.Force,
		Managed: func(ref inventory.ObjectRef) []string {
			if scaled[ref.Identity()] {
				return []string{"spec.replicas"}
			}
			return nil
		},
	}
}

// readRules reads those rules of the spec that only we understand.
func (w *work) readRules() error {
	if w.st.rulesOf == w.sync.Generation {
		return nil
	}
	if err := apply.CheckIgnore(ignored(w.sync.Spec.Ignore)); err != nil {
		return fmt.Errorf("reading spec.ignore: %w", err)
	}
	all := make([]health.Rule, len(w.sync.Spec.HealthCheckExprs))
	for i, e := range w.sync.Spec.HealthCheckExprs {
		all[i] = health.Rule{APIVersion: e.APIVersion, Kind: e.Kind, Current: e.Current, InProgress: e.InProgress, Failed: e.Failed}
	}
	w.st.rules = nil
	if len(all) > 0 {
		rules, err := health.CompileRules(all)
		if err != nil {
			return fmt.Errorf("reading spec: %w", err)
		}
		w.st.rules = rules
	}
	w.st.rulesOf = w.sync.Generation
	return nil
}

func ignored(rules []v1.IgnoreRule) []apply.IgnoreRule {
	all := make([]apply.IgnoreRule, len(rules))
	for i, r := range rules {
		all[i] = apply.IgnoreRule{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, Fields: r.Fields}
	}
	return all
}
