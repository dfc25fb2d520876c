package apply

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Annotations of objects by which a repository says how they are to be treated. A value that isn't known is an error of
// the object, since a misspelt one would do the opposite of what was meant.
const (
	// PruneAnnotation keeps, with the value [Disabled], an object in the cluster when it is no longer rendered.
	PruneAnnotation = "towline.dev/prune"
	// WaveAnnotation is a whole number, 0 by default: objects of a lower wave are applied, and healthy, first.
	WaveAnnotation = "towline.dev/wave"
	// HookAnnotation makes an object a hook of one or more phases, separated by commas: pre-sync, post-sync, sync-fail.
	HookAnnotation = "towline.dev/hook"
	// HookDeleteAnnotation says when a hook is deleted, separated by commas: before-creation (the default), succeeded, failed.
	HookDeleteAnnotation = "towline.dev/hook-delete-policy"
	// ForceAnnotation says, enabled or disabled, whether the object may be deleted and made again where an immutable
	// field must change. It wins over [Set.Force].
	ForceAnnotation = "towline.dev/force"
	// ReconcileAnnotation has, with the value [Disabled], an object created where it is missing, and left alone from then on.
	ReconcileAnnotation = "towline.dev/reconcile"
)

// Values of [PruneAnnotation], [ForceAnnotation] and [ReconcileAnnotation].
const (
	Enabled  = "enabled"
	Disabled = "disabled"
)

// PruneDisabled is the value of [PruneAnnotation] that opts an object out of pruning.
const PruneDisabled = Disabled

// mostWaves bounds the number of a wave either way.
const mostWaves = 1 << 20

// traits are what an object's annotations ask for.
type traits struct {
	phases []Phase // Main alone where it is no hook
	wave   int
	clear  []When // when it is deleted, where it is a hook
	force  *bool  // nil where the set decides
	once   bool   // created, and then left alone
}

func (t traits) hook() bool { return !slices.Contains(t.phases, Main) }

// traitsOf reads an object's annotations. The error names the annotation; the traits are then those of an object without.
func traitsOf(object *unstructured.Unstructured) (traits, error) {
	plain := traits{phases: []Phase{Main}}
	found := plain
	annotations, err := Understood(object.GetAnnotations())
	if err != nil {
		return plain, err
	}
	if found.phases, err = phasesOf(annotations); err != nil {
		return plain, err
	}
	if text, ok := annotations[WaveAnnotation]; ok {
		if found.wave, err = strconv.Atoi(strings.TrimSpace(text)); err != nil || found.wave < -mostWaves || found.wave > mostWaves {
			return plain, badAnnotation(WaveAnnotation, text, "a whole number such as -1 or 10")
		}
	}
	if found.clear, err = clearsOf(annotations); err != nil {
		return plain, err
	}
	force, given, err := toggle(annotations, ForceAnnotation)
	if err != nil {
		return plain, err
	}
	if given {
		found.force = &force
	}
	reconcile, given, err := toggle(annotations, ReconcileAnnotation)
	if err != nil {
		return plain, err
	}
	found.once = given && !reconcile
	if _, _, err := toggle(annotations, PruneAnnotation); err != nil {
		return plain, err
	}
	return found, nil
}

func phasesOf(annotations map[string]string) ([]Phase, error) {
	text, ok := annotations[HookAnnotation]
	if !ok {
		return []Phase{Main}, nil
	}
	var phases []Phase
	for _, word := range words(text) {
		phase := Phase(word)
		if phase != PreSync && phase != PostSync && phase != SyncFail {
			return nil, badAnnotation(HookAnnotation, text, "pre-sync, post-sync or sync-fail")
		}
		phases = append(phases, phase)
	}
	return phases, nil
}

func clearsOf(annotations map[string]string) ([]When, error) {
	text, ok := annotations[HookDeleteAnnotation]
	if !ok {
		return []When{BeforeCreation}, nil
	}
	var clears []When
	for _, word := range words(text) {
		when := When(word)
		if when != BeforeCreation && when != Succeeded && when != HookFailed {
			return nil, badAnnotation(HookDeleteAnnotation, text, "before-creation, succeeded or failed")
		}
		clears = append(clears, when)
	}
	return clears, nil
}

// words splits a list at its commas. It is never empty: an empty text holds one empty word, which no annotation knows.
func words(text string) []string {
	list := strings.Split(text, ",")
	for i, word := range list {
		list[i] = strings.TrimSpace(word)
	}
	return list
}

// toggle reads an annotation that says enabled or disabled, and whether it is there at all.
func toggle(annotations map[string]string, name string) (on, given bool, err error) {
	switch text, ok := annotations[name]; {
	case !ok:
		return false, false, nil
	case text == Enabled:
		return true, true, nil
	case text == Disabled:
		return false, true, nil
	default:
		return false, true, badAnnotation(name, text, "enabled or disabled")
	}
}

func badAnnotation(name, value, want string) error {
	return &malformed{fmt.Sprintf("annotation %s is %q, want %s", name, value, want)}
}
