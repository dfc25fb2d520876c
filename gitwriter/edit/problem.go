package edit

import (
	"fmt"
	"strings"
)

// ProblemKind tells callers what a Problem is about, so that they can branch
// without reading its message.
type ProblemKind string

// The kinds of problems.
const (
	// ProblemSyntax: the file isn't valid YAML.
	ProblemSyntax ProblemKind = "syntax"
	// ProblemTemplate: the file is a Go template and no YAML; it was read line by line.
	ProblemTemplate ProblemKind = "template"
	// ProblemLimit: the file is larger, deeper or more crowded than allowed.
	ProblemLimit ProblemKind = "limit"
	// ProblemDuplicateKey: a mapping names a key twice.
	ProblemDuplicateKey ProblemKind = "duplicate-key"
	// ProblemMarker: a Flux marker that can't be honoured.
	ProblemMarker ProblemKind = "marker"
	// ProblemEmbedded: a text inside a scalar names images, and is written so that it can't be edited.
	ProblemEmbedded ProblemKind = "embedded"
)

// Problem is something in a file that a person should know of: a file that was
// passed over, or a marker that will never work. Line and Column are 1-based,
// 0 when unknown; columns count characters, not bytes.
type Problem struct {
	Kind         ProblemKind
	File         string
	Line, Column int
	Message      string
	Hint         string // how to mend it; may be empty
}

// Error returns "file:line:column: message (hint)", leaving out unknown parts.
func (p Problem) Error() string {
	s := place(p.File, p.Line, p.Column) + ": " + p.Message
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// RefusedError says why a file was left as it is.
type RefusedError struct {
	File         string
	Line, Column int // of the value that couldn't be changed
	Path         string
	Reason       string
}

// Error returns "file:line:column: path: not changed: reason".
func (e *RefusedError) Error() string {
	s := place(e.File, e.Line, e.Column) + ": "
	if e.Path != "" {
		s += e.Path + ": "
	}
	return s + "not changed: " + e.Reason
}

// place returns file:line:column without the parts that are zero.
func place(file string, line, column int) string {
	var b strings.Builder
	b.WriteString(file)
	if line > 0 {
		fmt.Fprintf(&b, ":%d", line)
		if column > 0 {
			fmt.Fprintf(&b, ":%d", column)
		}
	}
	return b.String()
}
