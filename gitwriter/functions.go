package gitwriter

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"path"
	"strings"
	"text/template"
	"unicode/utf8"
)

// stepName is no name that a person would give.
const stepName = "towline_step"

// functions are those of message templates: few, pure, and bounded in what they give.
// Those of text/template that make text are replaced by bounded ones; the others (and,
// or, not, eq, ne, lt, le, gt, ge, len, index, slice) are as they are.
func (m *meter) functions() template.FuncMap {
	return template.FuncMap{
		stepName: m.spend,
		"base":   func(s string) (string, error) { return m.value(path.Base(s)) },
		"join":   func(sep string, all []string) (string, error) { return m.value(strings.Join(all, sep)) },
		"lower":  func(s string) (string, error) { return m.value(strings.ToLower(s)) },
		"trunc":  m.trunc,
		"upper":  func(s string) (string, error) { return m.value(strings.ToUpper(s)) },

		"call":     func(...any) (string, error) { return "", errors.New("there is nothing to call") },
		"html":     func(args ...any) (string, error) { return m.value(html.EscapeString(fmt.Sprint(args...))) },
		"js":       func(args ...any) (string, error) { return m.value(template.JSEscaper(args...)) },
		"print":    func(args ...any) (string, error) { return m.value(fmt.Sprint(args...)) },
		"printf":   m.printf,
		"println":  func(args ...any) (string, error) { return m.value(fmt.Sprintln(args...)) },
		"urlquery": func(args ...any) (string, error) { return m.value(url.QueryEscape(fmt.Sprint(args...))) },
	}
}

// value counts what making a text took.
func (m *meter) value(text string) (string, error) {
	if len(text) > maxValue {
		return "", fmt.Errorf("a value has more than %d bytes", maxValue)
	}
	if _, err := m.spend(1 + len(text)/8); err != nil {
		return "", err
	}
	return text, nil
}

// trunc keeps the first n characters.
func (m *meter) trunc(n int, text string) (string, error) {
	if n < 0 {
		return "", fmt.Errorf("trunc to %d characters", n)
	}
	if utf8.RuneCountInString(text) > n {
		text = string([]rune(text)[:n])
	}
	return m.value(text)
}

// printf is fmt's without what makes much of little: large widths, and arguments used
// more than once.
func (m *meter) printf(format string, args ...any) (string, error) {
	digits, verb := 0, false
	for _, c := range []byte(format) {
		switch {
		case !verb || c == '.':
			verb, digits = verb || c == '%', 0
		case c == '*' || c == '[':
			return "", fmt.Errorf("printf with %q isn't supported", string(c))
		case c >= '0' && c <= '9':
			if digits++; digits > 2 {
				return "", errors.New("printf with a width of more than two digits isn't supported")
			}
		case !strings.ContainsRune("+-# ", rune(c)):
			verb = false
		}
	}
	return m.value(fmt.Sprintf(format, args...))
}
