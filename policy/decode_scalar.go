package policy

import (
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// plain decodes a scalar into a Go value of a basic kind, and anything at all
// into an interface.
func (d *decoding) plain(n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		if d.scalar(n, path, "text", "!!str") {
			v.SetString(n.Value)
		}
		return
	case reflect.Bool:
		if !d.scalar(n, path, "true or false", "!!bool") {
			return
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if !d.scalar(n, path, "a whole number", "!!int") {
			return
		}
	case reflect.Float32, reflect.Float64:
		if !d.scalar(n, path, "a number", "!!float", "!!int") {
			return
		}
	case reflect.Interface:
	default:
		d.report(d.at(n), path, "decoding into "+v.Type().String()+" is not possible", "")
		return
	}
	// Package yaml checks the range of numbers, and bounds aliases below an
	// interface.
	if err := n.Decode(v.Addr().Interface()); err != nil {
		d.report(d.at(n), path, describe(n)+" is out of range", "")
	}
}

// scalar reports whether n is a scalar of one of the tags, and if not, why.
func (d *decoding) scalar(n *yaml.Node, path, wanted string, tags ...string) bool {
	if n.Kind == yaml.ScalarNode {
		for _, tag := range tags {
			if n.ShortTag() == tag {
				return true
			}
		}
	}
	hint := ""
	if wanted == "text" {
		hint = quoteHint(n)
	}
	if isNull(n) {
		hint = "give it a value, or leave the field out"
	}
	d.report(d.at(n), path, "wants "+wanted+", found "+describe(n), hint)
	return false
}

// quoteHint tells how to make text of a scalar that YAML reads as something
// else. Its bytes are kept: 1.10 stays 1.10.
func quoteHint(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	switch n.ShortTag() {
	case "!!int", "!!float", "!!bool", "!!timestamp":
		return "write it in quotes: " + quote(n.Value)
	}
	return ""
}

func describe(n *yaml.Node) string {
	switch tag := n.ShortTag(); {
	case n.Kind == yaml.MappingNode && tag == "!!map":
		return "a mapping"
	case n.Kind == yaml.SequenceNode && tag == "!!seq":
		return "a list"
	case n.Kind != yaml.ScalarNode:
		return "a value of the type " + shorten(tag)
	}
	value := shorten(n.Value)
	switch tag := n.ShortTag(); tag {
	case "!!str":
		return "the text " + strconv.Quote(value)
	case "!!int", "!!float":
		return "the number " + value
	case "!!bool":
		return "the boolean " + value
	case "!!timestamp":
		return "the date " + value
	case "!!null":
		return "no value"
	default:
		return "a value of the type " + shorten(tag)
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// quote puts what a file says into a message, on one line. Backslashes are only
// doubled where something had to be escaped: a pattern reads as it was written.
func quote(text string) string {
	text = cut(text)
	if quoted := strconv.Quote(text); quoted != `"`+strings.ReplaceAll(text, `\`, `\\`)+`"` {
		return quoted
	}
	return `"` + text + `"`
}

// cut keeps what a file says short.
func cut(text string) string {
	const limit = 80
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

// shorten keeps what a file says short and printable, where it isn't quoted.
func shorten(text string) string {
	runes := []rune(cut(text))
	for i, r := range runes {
		if !strconv.IsPrint(r) {
			runes[i] = '\uFFFD'
		}
	}
	return string(runes)
}
