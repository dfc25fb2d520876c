package health

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Rule says by CEL expressions how objects of one kind fare. They are asked in this order: InProgress, Failed, Current;
// the first that is true decides, and where none is, the object is in progress. All but Current may be empty.
//
// The meaning is that of Flux's healthCheckExprs (RFC 0009 of fluxcd/flux2): an object whose status.observedGeneration
// isn't its metadata.generation is in progress, and so is one for which an expression can't be evaluated, as when it
// names a field that isn't there yet. Unlike Flux, the message says which expression that was and why.
type Rule struct {
	APIVersion string // such as "cert-manager.io/v1"
	Kind       string
	Current    string
	InProgress string
	Failed     string
}

// Rules are compiled rules, each for a kind. The nil Rules have none. They are safe for use by several goroutines.
type Rules struct {
	rules map[schema.GroupKind]*compiled
}

// compiled is one rule.
type compiled struct {
	version    string
	inProgress *expression // may be nil
	failed     *expression // may be nil
	current    *expression
}

// CompileRules checks the rules. The error tells of all that is wrong with them, each with its place, such as
// "healthCheckExprs[0].current, line 1, column 8: …".
func CompileRules(rules []Rule) (*Rules, error) {
	compiler, err := newCompiler()
	if err != nil {
		return nil, err
	}
	checked := &Rules{rules: make(map[schema.GroupKind]*compiled, len(rules))}
	first := make(map[schema.GroupKind]int, len(rules))
	var errs []error
	for i, rule := range rules {
		place := fmt.Sprintf("healthCheckExprs[%d]", i)
		kind := schema.FromAPIVersionAndKind(rule.APIVersion, rule.Kind)
		if err := names(rule); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
			continue
		}
		if earlier, ok := first[kind.GroupKind()]; ok {
			errs = append(errs, fmt.Errorf("%s: %s is judged by healthCheckExprs[%d] already", place, kind.GroupKind(), earlier))
			continue
		}
		first[kind.GroupKind()] = i
		one, err := compiler.rule(place, rule)
		errs = append(errs, err)
		one.version = kind.Version
		checked.rules[kind.GroupKind()] = one
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return checked, nil
}

// names checks that a rule says what it is for.
func names(rule Rule) error {
	version, err := schema.ParseGroupVersion(rule.APIVersion)
	switch {
	case err != nil || version.Version == "":
		return fmt.Errorf("apiVersion %q isn't of the form GROUP/VERSION or VERSION", rule.APIVersion)
	case rule.Kind == "":
		return errors.New("it names no kind")
	case version.Group == "" && rule.Kind == "Secret":
		return errors.New("it is for Secrets, whose values conditions would tell")
	case strings.TrimSpace(rule.Current) == "":
		return errors.New("it has no expression current")
	}
	return nil
}

// has reports whether there is a rule for a kind.
func (r *Rules) has(kind schema.GroupKind) bool {
	return r.version(kind) != ""
}

// version returns the version that the rule for a kind is written for, or "" where there is none.
func (r *Rules) version(kind schema.GroupKind) string {
	if r == nil || r.rules[kind] == nil {
		return ""
	}
	return r.rules[kind].version
}

// Compute returns the health of a live object by the rule for its kind or, where there is none, as the function
// [Compute] does. It takes a second at the most.
func (r *Rules) Compute(object *unstructured.Unstructured) Health {
	health, trouble := r.assess(object)
	return health.with(trouble, trouble.Severity == Hopeless)
}

func (r *Rules) assess(object *unstructured.Unstructured) (Health, Trouble) {
	if kind := object.GroupVersionKind().GroupKind(); r.has(kind) && object.GetDeletionTimestamp() == nil {
		return r.rules[kind].judge(object), Trouble{}
	}
	return assess(object)
}
