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

// Message gives the message of a commit by the default committer.
func Message(u Update, changes []Change) (string, error) {
	w := &Writer{cfg: Config{CommitterName: "Towline", CommitterEmail: "towline@towline.invalid"}}
	return w.commitMessage(u, Key(changes), changes)
}
