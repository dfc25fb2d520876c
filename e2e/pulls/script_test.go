package pulls_test

import (
	"fmt"
	"slices"
	"strings"
)

// script is the text of a story: commands, with remarks and empty lines between them.
//
//	# A remark.
//	[github] command with "arguments in quotes"
//	| what the command reads
//	  what it prints
type script []scriptPart

// scriptPart is a command, or what stands before the next one.
type scriptPart struct {
	remark string   // lines as they are; the rest is empty then
	line   int      // of the command, from 1
	text   string   // the command's line as it is
	only   []string // where the command is for
	args   []string
	input  string
	output string
}

// parseScript reads a story.
func parseScript(text string) (script, error) {
	var s script
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		input, isInput := strings.CutPrefix(line, "|")
		output, isOutput := strings.CutPrefix(line, "  ")
		command := len(s) > 0 && s[len(s)-1].text != ""
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			s = append(s, scriptPart{remark: line + "\n"})
		case isInput && command:
			s[len(s)-1].input += strings.TrimPrefix(input, " ") + "\n"
		case isOutput && command:
			s[len(s)-1].output += output + "\n"
		case isInput || isOutput:
			return nil, fmt.Errorf("line %d belongs to no command", i+1)
		default:
			p, err := parseCommand(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			p.line = i + 1
			s = append(s, p)
		}
	}
	return s, nil
}

func parseCommand(line string) (scriptPart, error) {
	p := scriptPart{text: line}
	rest := line
	for strings.HasPrefix(rest, "[") {
		word, after, ok := strings.Cut(rest[1:], "] ")
		if !ok {
			return p, fmt.Errorf("%q has no end of [", line)
		}
		p.only, rest = append(p.only, word), after
	}
	for i, part := range strings.Split(rest, `"`) {
		if i%2 == 1 {
			p.args = append(p.args, part)
		} else {
			p.args = append(p.args, strings.Fields(part)...)
		}
	}
	if strings.Count(rest, `"`)%2 == 1 || len(p.args) == 0 {
		return p, fmt.Errorf("%q isn't a command", line)
	}
	return p, nil
}

// fits tells whether the command is for somebody to whom all these words apply.
func (p scriptPart) fits(words []string) bool {
	return !slices.ContainsFunc(p.only, func(word string) bool { return !slices.Contains(words, word) })
}

// String is the script as a file.
func (s script) String() string {
	var b strings.Builder
	for _, p := range s {
		if p.text == "" {
			b.WriteString(p.remark)
			continue
		}
		b.WriteString(p.text + "\n")
		for line := range strings.Lines(p.input) {
			b.WriteString(strings.TrimSuffix("| "+line, " \n") + map[bool]string{true: "\n"}[line == "\n"])
		}
		for line := range strings.Lines(p.output) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}
