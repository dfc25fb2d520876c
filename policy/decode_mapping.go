package policy

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// structure decodes a mapping whose keys are the fields of a struct; one
// without a value is empty.
func (d *decoding) structure(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) || !d.isMapping(n, path) {
		return
	}
	known := fieldsOf(v.Type())
	for _, p := range d.pairs(n, path, 0) {
		inner := join(path, p.key.Value)
		index, ok := known[p.key.Value]
		if !ok && d.lenient {
			d.places[inner] = d.at(p.key)
			d.note(inner, "unknown field, which does nothing", unknownHint(p.key.Value, known, v.Type()))
			continue
		}
		if !ok {
			d.report(d.at(p.key), inner, "unknown field", unknownHint(p.key.Value, known, v.Type()))
			d.meant[join(path, Nearest(p.key.Value, slices.Collect(maps.Keys(known))))] = true
			continue
		}
		d.value(p.value, v.FieldByIndex(index), inner)
	}
}

// mapping decodes a mapping whose keys are text of any kind.
func (d *decoding) mapping(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) || !d.isMapping(n, path) {
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		d.report(d.at(n), path, "decoding into "+v.Type().String()+", whose keys are not text", "")
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n, path, 0) {
		if p.key.ShortTag() != "!!str" {
			d.report(d.at(p.key), join(path, p.key.Value), "wants text as its key, found "+describe(p.key), quoteHint(p.key))
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value, element, join(path, p.key.Value))
		out.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), element)
	}
	v.Set(out)
}

func (d *decoding) isMapping(n *yaml.Node, path string) bool {
	if n.Kind == yaml.MappingNode && n.ShortTag() == "!!map" {
		return true
	}
	d.report(d.at(n), path, "wants a mapping, found "+describe(n), "")
	return false
}

type pair struct{ key, value *yaml.Node }

// pairs gives the keys and values of a mapping, merge keys written out: what
// stands in the mapping itself wins over what is merged, and of several merged
// mappings the first wins, as the merge key's specification says.
func (d *decoding) pairs(n *yaml.Node, path string, depth int) []pair {
	var own []pair
	var merged []*yaml.Node
	seen := map[string]int{}
	d.budget -= len(n.Content) / 2
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), n.Content[i+1]
		switch first, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.report(d.at(key), path, "wants text as its key, found "+describe(key), "")
		case key.ShortTag() == "!!merge":
			merged = append(merged, value)
		case twice:
			d.report(d.at(n.Content[i]), join(path, key.Value), "the key stands here twice", "first on line "+strconv.Itoa(first))
		default:
			seen[key.Value] = n.Content[i].Line
			own = append(own, pair{key, value})
		}
	}
	for _, m := range merged {
		for _, p := range d.merge(m, path, depth+1) {
			if _, ok := seen[p.key.Value]; !ok {
				seen[p.key.Value] = p.key.Line
				own = append(own, p)
			}
		}
	}
	return own
}

// merge gives the pairs that a merge key's value brings: a mapping or a list of
// mappings. Four levels of merges are more than any honest file has.
func (d *decoding) merge(n *yaml.Node, path string, depth int) []pair {
	target := follow(n)
	if d.budget--; d.budget < 0 || depth > 4 {
		d.report(d.at(n), path, "merge keys nested too deeply", "write the fields out")
		return nil
	}
	if target.Kind == yaml.MappingNode {
		return d.pairs(target, path, depth)
	}
	if target.Kind != yaml.SequenceNode {
		d.report(d.at(n), path, "wants a mapping to merge, found "+describe(target), "")
		return nil
	}
	var all []pair
	for _, item := range target.Content {
		if d.budget < 0 {
			break
		}
		all = append(all, d.merge(item, path, depth+1)...)
	}
	return all
}

// fieldsOf gives the index of each field of a struct by its YAML name.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if slices.Contains(strings.Split(options, ","), "inline") && f.Type.Kind() == reflect.Struct {
			for inner, index := range fieldsOf(f.Type) {
				fields[inner] = append([]int{i}, index...)
			}
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		fields[name] = []int{i}
	}
	return fields
}

// unknownHint says what was meant by an unknown field: one with nearly that name
// here, or one with that very name further down.
func unknownHint(name string, known map[string][]int, t reflect.Type) string {
	names := slices.Sorted(maps.Keys(known))
	if Nearest(name, names) != "" {
		return didYouMean(name, names)
	}
	if parent := parentOf(name, t, 3); parent != "" {
		return "it belongs below " + quote(parent)
	}
	return didYouMean(name, names)
}

// parentOf gives the path below which a struct has a field of that very name.
func parentOf(name string, t reflect.Type, levels int) string {
	known := fieldsOf(t)
	for _, parent := range slices.Sorted(maps.Keys(known)) {
		child := t.FieldByIndex(known[parent]).Type
		if child.Kind() == reflect.Pointer || child.Kind() == reflect.Slice {
			child = child.Elem()
		}
		if child.Kind() != reflect.Struct || levels == 0 {
			continue
		}
		if fieldsOf(child)[name] != nil {
			return parent
		}
		if deeper := parentOf(name, child, levels-1); deeper != "" {
			return parent + "." + deeper
		}
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return shorten(key)
	}
	return path + "." + shorten(key)
}
