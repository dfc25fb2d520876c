package edit

import (
	"regexp"
	"strings"
)

// typed matches plain scalars that some reader in use takes for a number or a
// date: YAML 1.1's types (yaml.org/type: int, float with base 60, timestamp),
// YAML 1.2's core schema, and Go's number literals, which go-yaml reads too.
// Underscores are taken out before.
var typed = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`[-+]?[0-9]+`,
	`[-+]?0[bB][01]+`,
	`[-+]?0[oO][0-7]+`,
	`[-+]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][-+]?[0-9]+)?`,
	`[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?`,
	`[-+]?[0-9]+(?::[0-9]{1,2})+(?:\.[0-9]*)?`,
	`[-+]?\.(?:inf|Inf|INF)`,
	`\.(?:nan|NaN|NAN)`,
	`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:.*)?`,
}, "|") + `)$`)

// decimal matches integers that print as they are written.
var decimal = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,14})$`)

// readsAsString tells whether a plain scalar of this text is a string for every
// YAML reader, 1.1 or 1.2.
func readsAsString(s string) bool {
	switch strings.ToLower(s) {
	case "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=":
		return false
	}
	return !typed.MatchString(strings.ReplaceAll(s, "_", ""))
}

// needsQuotes tells whether a plain scalar has to become a quoted one when its
// text changes from old to text. An image tag is a string to all who use it, so
// only a number that stays a plain one (a marker on an integer field) stays bare.
func needsQuotes(old, text string, form Form) bool {
	if strings.HasPrefix(text, "[") { // an IPv6 registry would start a flow sequence
		return true
	}
	if readsAsString(text) {
		return false
	}
	return form != FormMarker || !decimal.MatchString(old) || !decimal.MatchString(text)
}
