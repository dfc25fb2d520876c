package policy

import (
	"fmt"
	"slices"
)

// fluxAccess says which namespaces' policies may use an ImageRepository, beside
// those of its own namespace.
type fluxAccess struct {
	NamespaceSelectors []struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	} `yaml:"namespaceSelectors"`
}

// denies says why a policy of the namespace mustn't use the repository, or nothing.
// Of a namespace whose document isn't among the files only the name is known; what
// asks for more is denied.
func (r fluxRepository) denies(namespace string, documents []fluxNamespace) string {
	if namespace == r.namespace {
		return ""
	}
	if r.access == nil {
		return "its accessFrom is missing"
	}
	for _, selector := range r.access.NamespaceSelectors {
		if len(selector.MatchLabels) == 0 {
			return ""
		}
	}
	if namespace == "" {
		return "the policy's namespace isn't known"
	}
	var labels []map[string]string
	for _, n := range documents {
		if n.name == namespace {
			labels = append(labels, n.labels)
		}
	}
	why := "its accessFrom doesn't select the namespace"
	if len(labels) == 0 {
		labels = append(labels, map[string]string{metadataName: namespace})
		why = fmt.Sprintf("of the namespace's labels only %s is known, since its document isn't here", metadataName)
	}
	for _, selector := range r.access.NamespaceSelectors {
		// Where several clusters define the namespace, each of them must let it.
		if !slices.ContainsFunc(labels, func(l map[string]string) bool { return !hasLabels(l, selector.MatchLabels) }) {
			return ""
		}
	}
	return why
}
