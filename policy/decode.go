package policy

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	// maxValues bounds the values that one document may decode to, aliases
	// written out. The widest honest document has a few hundred.
	maxValues = 20_000
	// maxProblems bounds the problems of one document: nobody reads more, and a
	// hostile file could make one for every few bytes.
	maxProblems = 50
)

// DecodeStrict fills out, a pointer, from a YAML document and reports whatever
// doesn't fit with its place: an unknown field with the nearest known name, a
// duplicate key, a value of the wrong type. What fits is decoded all the same.
//
// Fields are named by their `yaml` tag, as in package yaml, "inline" included.
// Types that implement [yaml.Unmarshaler] decode themselves, those that
// implement [encoding.TextUnmarshaler] get the text of a scalar, and a
// [time.Duration] is written as Go writes it ("1h30m"). A scalar is never
// converted: a number where text is wanted must be quoted, since YAML reads
// 1.10 as 1.1. A mapping or list without a value is an empty one; a scalar
// without a value is a Problem. Aliases and merge keys are followed, within
// bounds.
func DecodeStrict(file string, doc *yaml.Node, out any) Problems {
	return decode(file, doc, out).problems.Sorted()
}

// decoding is the state and the result of decoding one document. The validators
// use it to report at the place of a field, by path ("spec.exclude[1]").
type decoding struct {
	file     string
	problems Problems
	places   map[string]Position
	bad      map[string]bool // paths that already have a problem
	meant    map[string]bool // paths that an unknown field's name is near to
	budget   int             // values left to decode
	patterns int             // size of all regular expressions so far
	effort   *int            // steps left to find tags that patterns match

	// lenient makes a note of an unknown field, where ours make a problem.
	lenient bool
	notes   Problems
}

func decode(file string, doc *yaml.Node, out any) *decoding {
	effort := maxEffort
	d := &decoding{file: file, places: map[string]Position{}, bad: map[string]bool{}, meant: map[string]bool{}, budget: maxValues, effort: &effort}
	d.document(doc, out)
	return d
}

func (d *decoding) document(doc *yaml.Node, out any) {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		d.report(Position{File: d.file}, "", fmt.Sprintf("decoding into %T, which is not a pointer", out), "")
		return
	}
	if doc != nil && doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		doc = doc.Content[0]
	}
	if doc == nil || doc.IsZero() {
		return
	}
	d.value(doc, v.Elem(), "")
}

// decodeLeniently is decode for documents that are another program's.
func decodeLeniently(file string, doc *yaml.Node, out any) *decoding {
	d := decode(file, nil, out)
	d.lenient = true
	d.document(doc, out)
	return d
}

// note tells something about the field with the given path that doesn't make
// the document unusable.
func (d *decoding) note(path, message, hint string) {
	if len(d.notes) < maxProblems {
		d.notes = append(d.notes, Problem{Position: d.places[path], Message: path + ": " + message, Hint: hint})
	}
}

// fail reports a problem at the place of the field with the given path, or of
// the nearest field around it that is there.
func (d *decoding) fail(path, message, hint string) {
	place, found := d.places[path]
	for around := path; ; around = around[:max(strings.LastIndexAny(around, ".["), 0)] {
		if d.bad[around] {
			return // One problem a place is enough; more would follow from it.
		}
		if !found {
			place, found = d.places[around]
		}
		if around == "" {
			break
		}
	}
	place.File = d.file
	d.report(place, path, message, hint)
}

func (d *decoding) report(place Position, path, message, hint string) {
	if d.bad[path] = true; len(d.problems) > maxProblems {
		return
	}
	if len(d.problems) == maxProblems {
		message, hint = "too many problems, the rest is not shown", ""
	} else if path != "" {
		message = path + ": " + message
	}
	d.problems = append(d.problems, Problem{Position: place, Message: message, Hint: hint})
}

func (d *decoding) has(path string) bool {
	_, ok := d.places[path]
	return ok
}

func (d *decoding) at(n *yaml.Node) Position {
	return Position{File: d.file, Line: n.Line, Column: n.Column}
}

// value decodes n into v, which is addressable.
func (d *decoding) value(n *yaml.Node, v reflect.Value, path string) {
	if d.budget--; d.budget < 0 {
		if d.budget == -1 {
			d.report(d.at(n), path, fmt.Sprintf("more than %d values, aliases written out", maxValues), "")
		}
		return
	}
	n = follow(n)
	d.places[path] = d.at(n)
	switch target := v.Addr().Interface().(type) {
	case *yaml.Node:
		*target = *n
		return
	case yaml.Unmarshaler:
		d.custom(n, path, target.UnmarshalYAML(n))
		return
	case *time.Duration:
		d.duration(n, target, path)
		return
	case encoding.TextUnmarshaler:
		if d.scalar(n, path, "text", "!!str") {
			d.custom(n, path, target.UnmarshalText([]byte(n.Value)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.plain(n, v, path)
	}
}

// custom reports what a type that decodes itself has to say.
func (d *decoding) custom(n *yaml.Node, path string, err error) {
	var own Problems
	var types *yaml.TypeError
	switch {
	case err == nil:
	case errors.As(err, &own):
		d.problems = append(d.problems, own...)
		d.bad[path] = true
	case errors.As(err, &types):
		d.report(d.at(n), path, strings.Join(types.Errors, "; "), "")
	default:
		d.report(d.at(n), path, err.Error(), "")
	}
}

func (d *decoding) duration(n *yaml.Node, target *time.Duration, path string) {
	const hint = `write it as "90s", "5m" or "72h"`
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		d.report(d.at(n), path, "wants a duration, found "+describe(n), hint)
		return
	}
	value, err := time.ParseDuration(n.Value)
	if err != nil {
		d.report(d.at(n), path, quote(n.Value)+" is not a duration", hint)
		return
	}
	*target = value
}

// list decodes a sequence; one without a value is empty.
func (d *decoding) list(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode || n.ShortTag() != "!!seq" {
		d.report(d.at(n), path, "wants a list, found "+describe(n), "")
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, min(len(n.Content), maxValues))
	for i, item := range n.Content {
		if d.budget < 0 {
			break
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(item, element, fmt.Sprintf("%s[%d]", path, i))
		out = reflect.Append(out, element)
	}
	v.Set(out)
}

// follow gives the node that an alias stands for. A chain of aliases can't
// occur in parsed YAML, but a caller may have built the node by hand.
func follow(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && n.Alias != nil && i < 8; i++ {
		n = n.Alias
	}
	return n
}

// anything is the type of a field whose value doesn't matter.
type anything struct{}

// UnmarshalYAML takes any value.
func (*anything) UnmarshalYAML(*yaml.Node) error { return nil }
