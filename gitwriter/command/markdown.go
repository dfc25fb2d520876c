package command

import "strings"

// markdown goes through the lines of a text and tells those that stand as text from
// those that are shown as code, or not at all.
type markdown struct {
	fence  string // what opened the code that goes on; "" outside of code
	hidden bool   // within an HTML comment
}

// text gives a line without its indentation, if it is text.
func (m *markdown) text(line string) (string, bool) {
	bare := strings.TrimLeft(line, " ")
	indented := len(line)-len(bare) > 3 || strings.HasPrefix(bare, "\t")
	if m.hidden {
		m.hidden = !strings.Contains(line, "-->")
		return "", false
	}
	mark, info := fenceOf(bare)
	switch {
	case m.fence != "":
		if !indented && strings.HasPrefix(mark, m.fence) && strings.TrimSpace(info) == "" {
			m.fence = ""
		}
		return "", false
	case indented:
		return "", false
	case mark != "" && !strings.Contains(info, "`"):
		m.fence = mark
		return "", false
	case strings.HasPrefix(bare, "<!--"):
		m.hidden = !strings.Contains(bare[len("<!--"):], "-->")
		return "", false
	}
	return bare, true
}

// fenceOf gives the backticks or tildes that a line begins with, three at least, and
// what follows them. https://spec.commonmark.org/0.31.2/#fenced-code-blocks
func fenceOf(line string) (mark, info string) {
	for _, c := range []string{"`", "~"} {
		info = strings.TrimLeft(line, c)
		if n := len(line) - len(info); n >= 3 {
			return line[:n], info
		}
	}
	return "", ""
}
