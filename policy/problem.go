package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Position is a place in a file. Lines and columns start at 1; columns count
// characters, not bytes. Zero means that the part isn't known.
type Position struct {
	// File is the slash-separated name under which the file was read.
	File string `json:"file,omitempty"`
	// Line counts from the start of the file, not of the YAML document.
	Line int `json:"line,omitempty"`
	// Column is that of the first character of the value or the key.
	Column int `json:"column,omitempty"`
}

// String gives "file:line:column" and leaves out the parts that aren't known,
// so that editors and terminals can jump to it.
func (p Position) String() string {
	parts := make([]string, 0, 3)
	if p.File != "" {
		parts = append(parts, p.File)
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprint(p.Line))
		if p.Column > 0 {
			parts = append(parts, fmt.Sprint(p.Column))
		}
	}
	return strings.Join(parts, ":")
}

// A Problem is one thing that is wrong in a file which a person wrote: where,
// what, and how to mend it.
type Problem struct {
	Position
	// Message says what is wrong, beginning with the path of the field.
	Message string `json:"message"`
	// Hint says how to mend it. It may be empty.
	Hint string `json:"hint,omitempty"`
}

// Error gives "file:line:column: message (hint)" on one line.
func (p Problem) Error() string {
	text := p.Message
	if place := p.String(); place != "" {
		text = place + ": " + text
	}
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	return text
}

// Problems are all that is wrong in a file, so that a person mends them in one
// go. A function returns them as an error through [Problems.Err], because an
// empty list in an error value would not be nil.
type Problems []Problem

// Error gives one problem a line, in the order of their places.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps.Sorted() {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}

// Err gives the problems, sorted, as an error, or nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps.Sorted()
}

// Sorted gives a copy in the order of file, line, column and message.
func (ps Problems) Sorted() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return sorted
}
