package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// word begins a command's line.
const word = "/towline"

// Parse finds the commands of a comment in Markdown, in their order. A command stands on
// a line of its own, indented by three blanks at most. Lines that are quoted, stand in
// code or in an HTML comment aren't commands: they show one.
func Parse(body string) []Command {
	var (
		commands []Command
		m        markdown
	)
	for line := range strings.Lines(bounded(body)) {
		line, ok := m.text(strings.TrimRight(line, "\n"))
		if !ok {
			continue
		}
		if c, ok := parseLine(line); ok {
			commands = append(commands, c)
		}
		if len(commands) == MaxCommands {
			break
		}
	}
	return commands
}

// bounded gives what is read of a body, in whole lines that end in "\n".
func bounded(body string) string {
	if len(body) > MaxBody {
		body = body[:MaxBody]
		body = body[:strings.LastIndexAny(body, "\r\n")+1]
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
}

func parseLine(line string) (Command, bool) {
	fields := strings.Fields(line)
	if len(fields) == 0 || !strings.EqualFold(fields[0], word) {
		return Command{}, false
	}
	c := Command{Text: printable(line)}
	if len(fields) == 1 {
		c.Problem = "it asks for nothing; there are " + known()
		return c, true
	}
	verb, arguments := Verb(strings.ToLower(fields[1])), fields[2:]
	switch verb {
	case Hold:
		c.For, c.Problem = holdTime(arguments)
	case Rebase, Release, Ignore:
		if len(arguments) > 0 {
			c.Problem = fmt.Sprintf("nothing may follow %s on its line", verb)
		}
	default:
		c.Problem = unknown(string(verb))
	}
	if c.Problem == "" {
		c.Verb = verb
	}
	return c, true
}

// holdTime reads the time behind hold; none is 0.
func holdTime(arguments []string) (time.Duration, string) {
	const problem = "a hold takes one time, such as 90m, 12h, 7d or 2w, up to a year, or none until it is released"
	switch len(arguments) {
	case 0:
		return 0, ""
	case 1:
	default:
		return 0, problem
	}
	text := strings.ToLower(arguments[0])
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	number, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if err != nil || unit == 0 || number <= 0 || number > int64(MaxHold/unit) || text[0] == '+' {
		return 0, problem
	}
	return time.Duration(number) * unit, ""
}

// printable makes a line fit for messages.
func printable(line string) string {
	const limit = 100 // bytes
	line = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, line)), " ")
	if len(line) <= limit {
		return line
	}
	cut := limit
	for line[cut]&0xC0 == 0x80 { // within a rune
		cut--
	}
	return line[:cut] + "…"
}
