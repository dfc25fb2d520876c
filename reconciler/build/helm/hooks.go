package helm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Helm's annotations.
const (
	helmHook           = "helm.sh/hook"
	helmHookWeight     = "helm.sh/hook-weight"
	helmHookDelete     = "helm.sh/hook-delete-policy"
	helmResourcePolicy = "helm.sh/resource-policy"
	helmKeep           = "keep"
)

// Ours. What they mean stands in reconciler/apply, which this package needs nothing else of.
const (
	hookAnnotation       = "towline.dev/hook"
	hookDeleteAnnotation = "towline.dev/hook-delete-policy"
	waveAnnotation       = "towline.dev/wave"
	pruneAnnotation      = "towline.dev/prune"
	pruneDisabled        = "disabled"
)

// phases are Helm's hooks as ours, "" where they have no place: nothing is tested, rolled
// back or uninstalled by a Sync. crd-install is of Helm 2; later ones pass over it.
func phases() map[string]string {
	return map[string]string{
		"pre-install": "pre-sync", "pre-upgrade": "pre-sync", "post-install": "post-sync", "post-upgrade": "post-sync",
		"pre-delete": "", "post-delete": "", "pre-rollback": "", "post-rollback": "", "test": "", "test-success": "", "test-failure": "",
		"crd-install": "",
	}
}

// policies are Helm's rules for deleting hooks as ours.
func policies() map[string]string {
	return map[string]string{"before-hook-creation": "before-creation", "hook-succeeded": "succeeded", "hook-failed": "failed"}
}

// checkAnnotations tells which annotation isn't a string, since it would be overlooked.
func checkAnnotations(object map[string]any) error {
	metadata, _ := object["metadata"].(map[string]any) // what is wrong with it is told by the collector
	annotations := metadata["annotations"]
	if annotations == nil {
		return nil
	}
	m, ok := annotations.(map[string]any)
	if !ok {
		return fmt.Errorf("metadata.annotations of %v %v isn't a map", object["kind"], name(object))
	}
	for k, v := range m {
		if _, ok := v.(string); !ok {
			return fmt.Errorf("annotation %s of %v %v isn't a string: quote it", k, object["kind"], name(object))
		}
	}
	return nil
}

func name(object map[string]any) string {
	return (&unstructured.Unstructured{Object: object}).GetName()
}

// translate gives an object our annotations for Helm's, and tells whether it is wanted.
func translate(object map[string]any) (keep bool, err error) {
	u := &unstructured.Unstructured{Object: object}
	annotations := u.GetAnnotations()
	ours := map[string]string{}
	if strings.EqualFold(strings.TrimSpace(annotations[helmResourcePolicy]), helmKeep) {
		ours[pruneAnnotation] = pruneDisabled
	}
	if hook, ok := annotations[helmHook]; ok {
		phase, err := translateAll(hook, phases())
		if err != nil {
			return false, fmt.Errorf("annotation %s of %s %s: %w", helmHook, u.GetKind(), u.GetName(), err)
		}
		if phase == "" {
			return false, nil
		}
		policy, err := translateAll(annotations[helmHookDelete], policies())
		if err != nil {
			return false, fmt.Errorf("annotation %s of %s %s: %w", helmHookDelete, u.GetKind(), u.GetName(), err)
		}
		ours[hookAnnotation] = phase
		if policy != "" {
			ours[hookDeleteAnnotation] = policy
		}
		if weight, err := strconv.Atoi(annotations[helmHookWeight]); err == nil && weight != 0 {
			ours[waveAnnotation] = strconv.Itoa(weight)
		}
	}
	for k, v := range ours {
		if _, ok := annotations[k]; !ok { // what is written in our words wins
			annotations[k] = v
		}
	}
	if len(ours) > 0 {
		u.SetAnnotations(annotations)
	}
	return true, nil
}

// translateAll translates a comma-separated list, each result once and in order.
func translateAll(list string, known map[string]string) (string, error) {
	var all []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.ToLower(strings.TrimSpace(word)); word == "" {
			continue
		}
		ours, ok := known[word]
		if !ok {
			return "", fmt.Errorf("%q isn't known to Helm", word)
		}
		if ours != "" && !slices.Contains(all, ours) {
			all = append(all, ours)
		}
	}
	slices.Sort(all)
	slices.Reverse(all) // pre-sync before post-sync
	return strings.Join(all, ","), nil
}
