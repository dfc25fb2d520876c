package policy

import (
	"fmt"
	"path"
	"slices"
)

// fluxAutomation is an ImageUpdateAutomation: which policies' markers are edited,
// and where.
type fluxAutomation struct {
	namespace string
	file      string
	dir       string // "" is the whole repository
	selector  fluxSelector
	suspended bool // or unusable
}

// fluxSelector selects objects by their labels.
type fluxSelector struct {
	MatchLabels      map[string]string `yaml:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `yaml:"key"`
		Operator string   `yaml:"operator"`
		Values   []string `yaml:"values"`
	} `yaml:"matchExpressions"`
}

// matches reports whether the labels are selected; an empty selector selects all.
func (s fluxSelector) matches(labels map[string]string) bool {
	if !hasLabels(labels, s.MatchLabels) {
		return false
	}
	for _, e := range s.MatchExpressions {
		value, has := labels[e.Key]
		ok := false
		switch e.Operator {
		case "In":
			ok = has && slices.Contains(e.Values, value)
		case "NotIn":
			ok = !has || !slices.Contains(e.Values, value)
		case "Exists":
			ok = has
		case "DoesNotExist":
			ok = !has
		}
		if !ok {
			return false
		}
	}
	return true
}

func hasLabels(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if has, ok := labels[key]; !ok || has != value {
			return false
		}
	}
	return true
}

type fluxAutomationManifest struct {
	APIVersion string       `yaml:"apiVersion"`
	Kind       string       `yaml:"kind"`
	Metadata   fluxMetadata `yaml:"metadata"`
	Spec       struct {
		Update struct {
			Path     string `yaml:"path"`
			Strategy string `yaml:"strategy"`
		} `yaml:"update"`
		PolicySelector fluxSelector `yaml:"policySelector"`
		Suspend        bool         `yaml:"suspend"`
		// How commits are made is the affair of the bot's configuration, which
		// also names the repository.
		Git       anything `yaml:"git"`
		SourceRef anything `yaml:"sourceRef"`
		Interval  anything `yaml:"interval"`
	} `yaml:"spec"`
	Status anything `yaml:"status"`
}

// automation reads an ImageUpdateAutomation. One with a problem is kept, but edits
// nothing: without it, what it was to keep apart would be edited as a whole.
func (f *Flux) automation(file string, doc document) Problems {
	var m fluxAutomationManifest
	d := decodeLeniently(file, doc.root, &m)
	if d.fluxHead(doc, m.Metadata) {
		if d.dropped(versionOf(doc), fluxV1beta2, "policySelector")["policySelector"] {
			m.Spec.PolicySelector = fluxSelector{}
		}
		for i, e := range m.Spec.PolicySelector.MatchExpressions {
			at := fmt.Sprintf("spec.policySelector.matchExpressions[%d].operator", i)
			if d.required(at, "") {
				oneOf(d, at, e.Operator, "In", "NotIn", "Exists", "DoesNotExist")
			}
		}
		if d.has("spec.update.strategy") && m.Spec.Update.Strategy != "Setters" {
			d.note("spec.update.strategy", quote(m.Spec.Update.Strategy)+" is not supported", "markers are edited, as with Setters")
		}
		if d.has("spec.git") {
			d.note("spec.git", "is not supported", "branches and commits are settings of the bot and of "+UpdateConfigFile)
		}
	}
	f.automations = append(f.automations, fluxAutomation{
		namespace: m.Metadata.Namespace, file: file, dir: rooted(m.Spec.Update.Path),
		selector: m.Spec.PolicySelector, suspended: m.Spec.Suspend || len(d.problems) > 0,
	})
	f.notes = append(f.notes, d.notes...)
	return d.problems
}

// rooted gives a path from the root of the repository, which it can't leave, or
// "" for the root itself.
func rooted(name string) string { return path.Clean("/" + name)[1:] }

// selects reports whether the automation edits the policy's markers: those of its
// own namespace that its selector takes. A namespace that isn't known may be the one.
func (a fluxAutomation) selects(p *Policy, labels map[string]string) bool {
	same := a.namespace == p.Namespace || a.namespace == "" || p.Namespace == ""
	return same && a.selector.matches(labels)
}
