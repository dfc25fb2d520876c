package apply

import (
	"maps"
	"slices"
	"strings"
)

// Annotations by which repositories that are written for Flux (kustomize-controller's documentation) and Argo CD (its
// documentation of sync phases, waves and options) ask for what ours ask for.
const (
	fluxPrune       = "kustomize.toolkit.fluxcd.io/prune"
	fluxReconcile   = "kustomize.toolkit.fluxcd.io/reconcile"
	fluxForce       = "kustomize.toolkit.fluxcd.io/force"
	fluxApply       = "kustomize.toolkit.fluxcd.io/ssa"
	argoWave        = "argocd.argoproj.io/sync-wave"
	argoHook        = "argocd.argoproj.io/hook"
	argoHookDelete  = "argocd.argoproj.io/hook-delete-policy"
	argoSyncOptions = "argocd.argoproj.io/sync-options"
)

// Understood returns an object's annotations with those of ours that its annotations for Flux and Argo CD stand for, so
// that a repository means the same here as there. Where an annotation of ours is there too, it wins. The given map isn't
// changed. A hook of Argo CD's that has no counterpart, such as PostDelete, is an error.
func Understood(annotations map[string]string) (map[string]string, error) {
	foreign := map[string]string{}
	if err := hooksOfArgo(foreign, annotations); err != nil {
		return nil, err
	}
	if wave, ok := annotations[argoWave]; ok {
		foreign[WaveAnnotation] = wave
	}
	options := strings.FieldsFunc(annotations[argoSyncOptions], func(r rune) bool { return r == ',' || r == ' ' })
	never := says(annotations, fluxReconcile, Disabled) || says(annotations, fluxApply, "ignore")
	if never || says(annotations, fluxPrune, Disabled) || slices.Contains(options, "Prune=false") {
		foreign[PruneAnnotation] = Disabled
	}
	if never || says(annotations, fluxApply, "ifnotpresent") {
		foreign[ReconcileAnnotation] = Disabled
	}
	if says(annotations, fluxForce, Enabled) || slices.Contains(options, "Force=true") {
		foreign[ForceAnnotation] = Enabled
	}
	if len(foreign) == 0 {
		return annotations, nil
	}
	maps.Copy(foreign, annotations)
	return foreign, nil
}

// says compares as Flux does, whatever the case.
func says(annotations map[string]string, name, value string) bool {
	return strings.EqualFold(annotations[name], value)
}

func hooksOfArgo(found, annotations map[string]string) error {
	ours := map[string]string{
		"PreSync": string(PreSync), "PostSync": string(PostSync), "SyncFail": string(SyncFail),
		"BeforeHookCreation": string(BeforeCreation), "HookSucceeded": string(Succeeded), "HookFailed": string(HookFailed),
	}
	for from, to := range map[string]string{argoHook: HookAnnotation, argoHookDelete: HookDeleteAnnotation} {
		text, ok := annotations[from]
		if _, own := annotations[to]; !ok || own {
			continue
		}
		list := words(text)
		for i, word := range list {
			if list[i], ok = ours[word]; !ok {
				return badAnnotation(from, text, "what has a counterpart here: see "+to)
			}
		}
		found[to] = strings.Join(list, ",")
	}
	return nil
}

// KeepsFromPruning reports whether a live object's annotations opt it out of pruning.
func KeepsFromPruning(annotations map[string]string) bool {
	return orAsTheyAre(annotations)[PruneAnnotation] == PruneDisabled
}

// orAsTheyAre is [Understood] for objects that were applied already: what isn't understood there says nothing.
func orAsTheyAre(annotations map[string]string) map[string]string {
	if understood, err := Understood(annotations); err == nil {
		return understood
	}
	return annotations
}
