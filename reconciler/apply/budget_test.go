package apply_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

func refs(kind string, n int) []inventory.ObjectRef {
	var all []inventory.ObjectRef
	for i := range n {
		ref := inventory.ObjectRef{Version: "v1", Kind: kind, Namespace: "shop", Name: fmt.Sprint(i)}
		if kind == "CustomResourceDefinition" {
			ref.Group = "apiextensions.k8s.io"
		}
		all = append(all, ref)
	}
	return all
}

func TestBudgetDecide(t *testing.T) {
	over := "%d of %d objects would be deleted, the budget allows %s"
	waits := "deleting a %s deletes what is in it, and waits for consent"
	tests := []struct {
		name    string
		budget  apply.Budget
		doomed  []inventory.ObjectRef
		owned   int
		deleted int
		reasons []string // of those held, each once
	}{
		{name: "nothing", owned: 10},
		{name: "no bounds", doomed: refs("ConfigMap", 10), owned: 10, deleted: 10},
		{name: "just so many objects", budget: apply.Budget{Objects: 3}, doomed: refs("ConfigMap", 3), owned: 10, deleted: 3},
		{name: "one too many", budget: apply.Budget{Objects: 3}, doomed: refs("ConfigMap", 4), owned: 10, reasons: []string{fmt.Sprintf(over, 4, 10, "3")}},
		{name: "just so many per cent", budget: apply.Budget{Percent: 30}, doomed: refs("ConfigMap", 3), owned: 10, deleted: 3},
		{name: "too many per cent", budget: apply.Budget{Percent: 30}, doomed: refs("ConfigMap", 4), owned: 10, reasons: []string{fmt.Sprintf(over, 4, 10, "30 %")}},
		{name: "within one bound but not the other", budget: apply.Budget{Objects: 20, Percent: 30}, doomed: refs("ConfigMap", 4), owned: 10, reasons: []string{fmt.Sprintf(over, 4, 10, "30 %")}},
		{name: "one object is always within a percentage", budget: apply.Budget{Percent: 30}, doomed: refs("ConfigMap", 1), owned: 2, deleted: 1},
		{name: "everything", budget: apply.Budget{Percent: 99}, doomed: refs("ConfigMap", 10), owned: 10, reasons: []string{fmt.Sprintf(over, 10, 10, "99 %")}},
		{name: "more than is owned", budget: apply.Budget{Percent: 50}, doomed: refs("ConfigMap", 3), owned: 0, reasons: []string{fmt.Sprintf(over, 3, 3, "50 %")}},
		{name: "a namespace", doomed: refs("Namespace", 1), owned: 10, reasons: []string{fmt.Sprintf(waits, "Namespace")}},
		{name: "a definition", doomed: refs("CustomResourceDefinition", 1), owned: 10, reasons: []string{fmt.Sprintf(waits, "CustomResourceDefinition")}},
		{name: "a claim doesn't count against the budget", budget: apply.Budget{Objects: 3}, doomed: append(refs("ConfigMap", 3), refs("PersistentVolumeClaim", 2)...), owned: 10,
			deleted: 3, reasons: []string{fmt.Sprintf(waits, "PersistentVolumeClaim")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			verdict := test.budget.Decide(test.doomed, test.owned)
			if got := len(verdict.Delete); got != test.deleted {
				t.Errorf("%d are deleted, want %d", got, test.deleted)
			}
			if got, want := len(verdict.Held), len(test.doomed)-test.deleted; got != want {
				t.Errorf("%d are held, want %d", got, want)
			}
			var reasons []string
			for i, held := range verdict.Held {
				if held.Action != apply.Held {
					t.Errorf("%s is %s, want held", held.Ref, held.Action)
				}
				if i == 0 || held.Reason != verdict.Held[i-1].Reason {
					reasons = append(reasons, held.Reason)
				}
			}
			if diff := cmp.Diff(test.reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

// The wanted ID is as kubectl computes it: printf shop.towline-system.ConfigMap. | sha256, base64url without padding.
func TestSetID(t *testing.T) {
	parent := inventory.ObjectRef{Version: "v1", Kind: "ConfigMap", Namespace: "towline-system", Name: "shop"}
	got := apply.SetID(parent)
	if want := "applyset-FY6rA9cruH_mGzTECNnKVpaz8qm422cT85GLMmpGQtc-v1"; got != want {
		t.Errorf("SetID = %s, want %s", got, want)
	}
	other := parent
	other.Version = "v2"
	if apply.SetID(other) != got {
		t.Error("the ID changes with the version")
	}
	other.Name = "shop2"
	if apply.SetID(other) == got {
		t.Error("the ID doesn't change with the name")
	}
}
