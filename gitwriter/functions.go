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

// stepName is what counts steps; no template may name it.
const stepName = "towline_step"

// functions are those of message templates: few, pure, and bounded in what they give.
// Those of text/template that make text are replaced by bounded ones; the others (and,
// or, not, eq, ne, lt, le, gt, ge, len, index, slice) are as they are.
func (m *meter) functions() template.FuncMap {
	return template.FuncMap{
		"base":  func(s string) (string, error) { return m.value(path.Base(s)) },
		"join":  func(sep string, all []string) (string, error) { return m.value(strings.Join(all, sep)) },
		"lower": func(s string) (string, error) { return m.value(strings.ToLower(s)) },
		"trunc": m.trunc,
		"upper": func(s string) (string, error) { return m.value(strings.ToUpper(s)) },

		"call":     func(...any) (string, error) { return "", errors.New("there is nothing to call") },
		"html":     m.printing(func(args ...any) string { return html.EscapeString(fmt.Sprint(args...)) }),
		"js":       m.printing(template.JSEscaper),
		"print":    m.printing(fmt.Sprint),
		"printf":   m.printf,
		"println":  m.printing(fmt.Sprintln),
		"urlquery": m.printing(func(args ...any) string { return url.QueryEscape(fmt.Sprint(args...)) }),
	}
}

// printing counts what a function reads and what it makes. A whole update isn't for
// printing: there may be much of it, and little to show for it.
func (m *meter) printing(do func(...any) string) func(...any) (string, error) {
	return func(args ...any) (string, error) {
		for _, arg := range args {
			size := 0
			switch v := arg.(type) {
			case string:
				size = len(v)
			case []string:
				for _, each := range v {
					size += 8 + len(each)
				}
			case int, bool, float64, rune, byte:
			default:
				return "", fmt.Errorf("a %T can't be printed (hint: name a field of it)", arg)
			}
			if _, err := m.spend(1 + size/8); err != nil {
				return "", err
			}
		}
		return m.value(do(args...))
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
	return m.printing(func(args ...any) string { return fmt.Sprintf(format, args...) })(args...)
}
