package helm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/towline-dev/towline/reconciler/build"
)

// place is how text/template begins its messages, the only way in which it tells a line.
func place() *regexp.Regexp {
	return regexp.MustCompile(`^template: ((?s).+?):(\d+)(?::\d+)?: `)
}

// parseError gives an error of reading a template its place.
func (r *renderer) parseError(s source, err error) error {
	at := position{file: s.place}
	message := err.Error()
	if m := place().FindStringSubmatch(message); m != nil {
		at, message = r.position(m, at), strings.TrimPrefix(message, m[0])
	}
	return &build.Error{File: at.file, Line: at.line, Err: wrapped{message, err}}
}

// executionError gives an error of executing a template the place where it arose: in a
// helper, not in what includes it. That is told as well.
func (r *renderer) executionError(s source, err error) error {
	if cause := r.meter.alive(); cause != nil {
		return cause // cancelled: the files are not to blame
	}
	at := position{file: s.place}
	message, via := err.Error(), ""
	for inner := err; inner != nil; {
		failed, ok := errors.AsType[template.ExecError](inner)
		if !ok {
			break
		}
		message = failed.Error()
		if m := place().FindStringSubmatch(message); m != nil {
			if at.line > 0 && via == "" {
				via = fmt.Sprintf("included at %s:%d", at.file, at.line)
			}
			at, message = r.position(m, at), strings.TrimPrefix(message, m[0])
		}
		inner = errors.Unwrap(failed.Err)
		if inner == nil {
			break
		}
		if _, deeper := errors.AsType[template.ExecError](inner); !deeper {
			message = inner.Error()
			break
		}
	}
	return &build.Error{File: at.file, Line: at.line, Err: wrapped{strings.TrimPrefix(message, "template: "), err}, Hint: via}
}

// position gives the place that a message names, or the last one where it is in text that
// was given to tpl, whose lines aren't those of a file.
func (r *renderer) position(m []string, last position) position {
	line, err := strconv.Atoi(m[2])
	file, ok := r.files[m[1]]
	if err != nil || !ok {
		return last
	}
	return position{file: file, line: line}
}

// wrapped tells an error in other words.
type wrapped struct {
	message string
	err     error
}

func (w wrapped) Error() string { return w.message }
func (w wrapped) Unwrap() error { return w.err }
