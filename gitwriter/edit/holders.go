package edit

import (
	"path"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// embeddedText is a scalar in a known place, to be read as a file.
type embeddedText struct {
	site *site
	name string // what such a file would be called
	// loose: what stands there need not be a file of ours at all.
	loose bool
}

// texts returns the scalars that hold files, in the order of the file.
func (f *File) texts() []embeddedText {
	if f.depth() >= maxEmbedded {
		return nil
	}
	s := &textSearch{seen: map[*yaml.Node]bool{}}
	for i, doc := range f.docs {
		s.prefix = ""
		if i > 0 {
			s.prefix = "#" + strconv.Itoa(i) + ":"
		}
		for _, root := range doc.Content {
			s.object(objectOf(root), path.Base(f.name), "")
		}
	}
	return s.found
}

// textSearch looks into the known places of objects.
type textSearch struct {
	prefix string
	seen   map[*yaml.Node]bool // an alias leads to the same text again
	found  []embeddedText
}

// object looks into one object, and into those of a List.
func (s *textSearch) object(o object, base, at string) {
	if o.aboutImages() {
		return
	}
	if o.version == "v1" && o.kind == "List" && at == "" {
		for i, item := range elements(below(o.root, "items")) {
			s.object(objectOf(item), "", ".items["+strconv.Itoa(i)+"]")
		}
		return
	}
	for _, place := range textPlaces(o, base) {
		s.descend(o.root, at, strings.Split(place.path, "."), place)
	}
}

// textPlace is a path to texts: name[] stands for each element of a sequence,
// name{} for each key of a mapping that ends like a YAML or JSON file.
type textPlace struct {
	path, name string
	loose      bool // see embeddedText
}

// textPlaces returns where objects of a kind hold texts that are files. Only
// places are listed whose text is YAML or JSON by the kind's own definition.
func textPlaces(o object, base string) []textPlace {
	const patch, values = "patch.yaml", "values.yaml"
	switch o.group + " " + o.kind {
	case "argoproj.io Application":
		return argoPlaces("spec.")
	case "argoproj.io ApplicationSet":
		return argoPlaces("spec.template.spec.")
	case "kustomize.toolkit.fluxcd.io Kustomization":
		return []textPlace{{path: "spec.patches[].patch", name: patch}}
	case "helm.toolkit.fluxcd.io HelmRelease":
		return []textPlace{{path: "spec.postRenderers[].kustomize.patches[].patch", name: patch}}
	case "helm.cattle.io HelmChart", "helm.cattle.io HelmChartConfig":
		return []textPlace{{path: "spec.valuesContent", name: values}}
	case " ConfigMap":
		return []textPlace{{path: "data{}", loose: true}}
	}
	if o.group == "kustomize.config.k8s.io" || o.version == "" && kustomizeFile(base) {
		return []textPlace{{path: "patches[].patch", name: patch}, {path: "patchesStrategicMerge[]", name: patch}, {path: "patchesJson6902[].patch", name: patch}}
	}
	return nil
}

func argoPlaces(spec string) []textPlace {
	var places []textPlace
	for _, source := range []string{"source", "sources[]"} {
		places = append(places,
			textPlace{path: spec + source + ".helm.values", name: "values.yaml"},
			textPlace{path: spec + source + ".kustomize.patches[].patch", name: "patch.yaml"})
	}
	return places
}

// descend follows the steps of a place from a node, whose own path is at. It goes
// through no alias: what many objects share is looked at once, where it is written.
func (s *textSearch) descend(n *yaml.Node, at string, steps []string, place textPlace) {
	if len(steps) == 0 {
		if n = resolve(n); n.Kind == yaml.ScalarNode && !s.seen[n] {
			s.seen[n] = true
			s.found = append(s.found, embeddedText{&site{node: n, path: s.prefix + strings.TrimPrefix(at, ".")}, place.name, place.loose})
		}
		return
	}
	key, list := strings.CutSuffix(steps[0], "[]")
	key, keys := strings.CutSuffix(key, "{}")
	child := lookupRaw(n, key)
	if child == nil {
		return
	}
	at += "." + key
	switch {
	case list && child.Kind == yaml.SequenceNode:
		for i, element := range child.Content {
			s.descend(element, at+"["+strconv.Itoa(i)+"]", steps[1:], place)
		}
	case keys && child.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(child.Content); i += 2 {
			key := child.Content[i]
			switch file := text(resolve(key)); path.Ext(file) {
			case ".yaml", ".yml", ".json":
				s.descend(child.Content[i+1], at+keyStep(key), steps[1:], textPlace{name: file, loose: place.loose})
			}
		}
	case !list && !keys:
		s.descend(child, at, steps[1:], place)
	}
}
