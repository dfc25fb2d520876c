// Package substitute puts values in for variables in text, strictly.
//
//	${NAME}             the value; an error where there is none
//	${NAME:-default}    the default where there is no value or an empty one; also :=
//	${NAME-default}     the default where there is no value; also =
//	$${NAME}            the text ${NAME}
//
// A default may hold variables itself. Values are put in as they are: what looks like
// a variable in a value stays so. Whatever else stands between ${ and } is an error,
// not an empty text: no other form of the shell is known. A $ without a brace is text.
package substitute

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ErrNoValue says that a variable has neither a value nor a default.
var ErrNoValue = errors.New("has no value")

// ErrForm says that what stands in the braces isn't one of the forms.
var ErrForm = errors.New("not a form that is known")

// ErrTooLong says that a text would grow beyond its bound.
var ErrTooLong = errors.New("the text grows too long")

// maxNested bounds how deep defaults stand in defaults.
const maxNested = 8

// Has tells whether text holds anything that Expand changes or refuses.
func Has(text string) bool { return strings.Contains(text, "${") }

// Expand gives text with its variables replaced, at most limit bytes long. Errors are
// ErrNoValue, ErrForm or ErrTooLong; they name variables and tell no values.
func Expand(text string, variables map[string]string, limit int) (string, error) {
	e := expansion{variables: variables, limit: limit}
	return e.expand(text, 0)
}

type expansion struct {
	variables map[string]string
	limit     int
}

func (e expansion) expand(text string, depth int) (string, error) {
	if depth > maxNested {
		return "", fmt.Errorf("defaults within defaults, more than %d deep: %w", maxNested, ErrForm)
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			out.WriteString(text)
			return out.String(), e.bounded(&out)
		}
		inner, after, err := braced(rest)
		if err != nil {
			return "", err
		}
		if plain, escaped := strings.CutSuffix(before, "$"); escaped {
			out.WriteString(plain + "${" + inner + "}")
		} else {
			out.WriteString(before)
			value, err := e.value(inner, depth)
			if err != nil {
				return "", err
			}
			out.WriteString(value)
		}
		if err := e.bounded(&out); err != nil {
			return "", err
		}
		text = after
	}
}

func (e expansion) bounded(out *strings.Builder) error {
	if out.Len() > e.limit {
		return fmt.Errorf("more than %d bytes with its variables: %w", e.limit, ErrTooLong)
	}
	return nil
}

// braced splits after the brace that closes the one that text follows.
func braced(text string) (inner, after string, err error) {
	open := 1
	for i := range len(text) {
		switch {
		case text[i] == '}':
			if open--; open == 0 {
				return text[:i], text[i+1:], nil
			}
		case strings.HasPrefix(text[i:], "${"):
			open++
		}
	}
	return "", "", fmt.Errorf("a brace isn't closed after ${%s: %w", brief(text), ErrForm)
}

// value gives what stands for the text between braces.
func (e expansion) value(inner string, depth int) (string, error) {
	name, rest := cutName(inner)
	value, known := e.variables[name]
	switch {
	case name == "":
	case rest == "" && known:
		return value, nil
	case rest == "":
		return "", fmt.Errorf("variable %s %w", name, ErrNoValue)
	case strings.HasPrefix(rest, ":-"), strings.HasPrefix(rest, ":="):
		if value != "" {
			return value, nil
		}
		return e.expand(rest[2:], depth+1)
	case rest[0] == '-', rest[0] == '=':
		if known {
			return value, nil
		}
		return e.expand(rest[1:], depth+1)
	}
	return "", fmt.Errorf("${%s}: %w", brief(inner), ErrForm)
}

// cutName splits after the longest name that text begins with.
func cutName(text string) (name, rest string) {
	n := 0
	for n < len(text) && (text[n] == '_' || 'a' <= text[n]|0x20 && text[n]|0x20 <= 'z' || n > 0 && '0' <= text[n] && text[n] <= '9') {
		n++
	}
	return text[:n], text[n:]
}

// CheckName tells why a name can't be that of a variable, or nil.
func CheckName(name string) error {
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
		return fmt.Errorf("%q can't be the name of a variable: letters, digits and _ only, no digit first", brief(name))
	}
	return nil
}

// brief keeps a text of any length, and its further lines, out of an error.
func brief(text string) string {
	const keep = 40
	text, _, more := strings.Cut(text, "\n")
	if len(text) > keep {
		text, more = strings.ToValidUTF8(text[:keep], ""), true
	}
	if more {
		return text + "…"
	}
	return text
}
