package policy

import (
	"bytes"
	"maps"
	"path"

	"go.yaml.in/yaml/v3"
)

// fluxNamespace is a Namespace document, for what accessFrom asks.
type fluxNamespace struct {
	name   string
	labels map[string]string
}

// metadataName is the label that Kubernetes itself gives to every namespace.
const metadataName = "kubernetes.io/metadata.name"

// namespacesOf finds the Namespace documents of a file. What can't be read is
// passed over: whoever applies it is told.
func namespacesOf(data []byte) []fluxNamespace {
	word := []byte("Namespace")
	if !bytes.Contains(data, word) || len(data) > maxFile {
		return nil
	}
	var found []fluxNamespace
	for _, c := range split(data) {
		if !bytes.Contains(c.text, word) || !bytes.Contains(c.text, []byte("kind")) {
			continue
		}
		root, problem := c.parse("")
		if problem != nil || root == nil || headerOf(root) != (header{"v1", "Namespace"}) {
			continue
		}
		var m struct {
			Metadata fluxMetadata `yaml:"metadata"`
		}
		if d := decodeLeniently("", root, &m); len(d.problems) == 0 && m.Metadata.Name != "" {
			labels := maps.Clone(m.Metadata.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			labels[metadataName] = m.Metadata.Name
			found = append(found, fluxNamespace{m.Metadata.Name, labels})
		}
	}
	return found
}

// A kustomization gives its namespace to the documents of its resources.
type kustomization struct {
	dir       string
	namespace string
	resources []string // files and folders, from the root of the repository
}

// kustomizationOf reads a kustomization's file. It needs no apiVersion.
func kustomizationOf(file string, data []byte) []kustomization {
	switch path.Base(file) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
	default:
		return nil
	}
	root, problem := chunk{text: data}.parse(file)
	if problem != nil || root == nil {
		return nil
	}
	k := kustomization{dir: path.Dir(file)}
	if n := lookup(root, "namespace"); n.Kind == yaml.ScalarNode {
		k.namespace = n.Value
	}
	for _, key := range []string{"resources", "bases", "components"} {
		list := lookup(root, key)
		if list.Kind != yaml.SequenceNode {
			continue
		}
		for _, item := range list.Content {
			if n := follow(item); n.Kind == yaml.ScalarNode {
				k.resources = append(k.resources, path.Join(k.dir, n.Value))
			}
		}
	}
	if len(k.resources) == 0 {
		return nil
	}
	return []kustomization{k}
}

// maxNamespaces bounds those of one document that are told apart: "", one, and
// another are enough to see that it isn't one.
const maxNamespaces = 3

// namespaces tells which namespaces the kustomizations of a tree give to what
// doesn't name one itself.
type namespaces struct {
	above map[string][]kustomization // by what they list
	known map[string][]string
}

func newNamespaces(files []Flux) *namespaces {
	n := &namespaces{above: map[string][]kustomization{}, known: map[string][]string{}}
	for _, f := range files {
		for _, k := range f.kustomizations {
			for _, resource := range k.resources {
				n.above[resource] = append(n.above[resource], k)
			}
		}
	}
	return n
}

// of gives the namespaces of a file or folder: that of the outermost
// kustomization on each way to it, "" where none names one.
func (n *namespaces) of(name string) []string {
	if known, ok := n.known[name]; ok {
		return known
	}
	n.known[name] = nil // A circle, which kustomize refuses, ends here.
	all := map[string]bool{}
	for _, k := range n.above[name] {
		outer := n.of(k.dir)
		if len(outer) == 0 {
			outer = []string{""}
		}
		for _, namespace := range outer {
			if namespace == "" {
				namespace = k.namespace
			}
			all[namespace] = true
		}
	}
	found := sortedSet(all)
	n.known[name] = found[:min(len(found), maxNamespaces)]
	return n.known[name]
}
