package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/apply"
)

func TestUnderstood(t *testing.T) {
	for _, tt := range []struct {
		name      string
		in        map[string]string
		wave      string
		hook      string
		clear     string
		force     string
		prune     string
		reconcile string
		refused   bool
	}{
		{name: "nothing"},
		{name: "ours", in: map[string]string{apply.WaveAnnotation: "2", apply.PruneAnnotation: "disabled"}, wave: "2", prune: "disabled"},
		{name: "flux prune", in: map[string]string{"kustomize.toolkit.fluxcd.io/prune": "Disabled"}, prune: "disabled"},
		{name: "flux prune enabled", in: map[string]string{"kustomize.toolkit.fluxcd.io/prune": "enabled"}},
		{name: "flux reconcile", in: map[string]string{"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, prune: "disabled", reconcile: "disabled"},
		{name: "flux once", in: map[string]string{"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}, reconcile: "disabled"},
		{name: "flux ignore", in: map[string]string{"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}, prune: "disabled", reconcile: "disabled"},
		{name: "flux force", in: map[string]string{"kustomize.toolkit.fluxcd.io/force": "enabled"}, force: "enabled"},
		{name: "argo wave", in: map[string]string{"argocd.argoproj.io/sync-wave": "-5"}, wave: "-5"},
		{
			name: "argo hook",
			in:   map[string]string{"argocd.argoproj.io/hook": "PreSync, SyncFail", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded,BeforeHookCreation"},
			hook: "pre-sync,sync-fail", clear: "succeeded,before-creation",
		},
		{name: "argo hook without counterpart", in: map[string]string{"argocd.argoproj.io/hook": "PostDelete"}, refused: true},
		{name: "argo options", in: map[string]string{"argocd.argoproj.io/sync-options": "Prune=false,Force=true, Replace=true"}, prune: "disabled", force: "enabled"},
		{
			name: "ours win", in: map[string]string{"argocd.argoproj.io/sync-wave": "1", apply.WaveAnnotation: "7", "argocd.argoproj.io/hook": "Skip", apply.HookAnnotation: "pre-sync"},
			wave: "7", hook: "pre-sync",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apply.Understood(tt.in)
			if tt.refused != (err != nil) {
				t.Fatalf("refused with %v", err)
			}
			want := map[string]string{
				apply.WaveAnnotation: tt.wave, apply.HookAnnotation: tt.hook, apply.HookDeleteAnnotation: tt.clear,
				apply.ForceAnnotation: tt.force, apply.PruneAnnotation: tt.prune, apply.ReconcileAnnotation: tt.reconcile,
			}
			for name, value := range want {
				if diff := cmp.Diff(value, got[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}
