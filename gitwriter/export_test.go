package gitwriter

import (
	"maps"
	"slices"
)

// FunctionNames gives the functions of message templates, sorted.
func FunctionNames() []string {
	names := slices.Sorted(maps.Keys((&meter{}).functions()))
	return slices.DeleteFunc(names, func(name string) bool { return name == stepName || name == "call" })
}
