package command_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/command"
)

// told gives what commands ask for in short: the verb with its time, and "!" for one
// that can't be read.
func told(commands []command.Command) string {
	var out []string
	for _, c := range commands {
		text := string(c.Verb)
		switch {
		case c.Problem != "":
			text = "!"
		case c.For > 0:
			text += " " + c.For.String()
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"nothing", "Looks good to me.", ""},
		{"empty", "", ""},
		{"each verb", "/towline rebase\n/towline hold\n/towline release\n/towline ignore", "rebase, hold, release, ignore"},
		{"within a text", "Not now.\n\n/towline hold 7d\n\nThe freeze ends then.", "hold 168h0m0s"},
		{"line ends of Windows", "Not now.\r\n/towline hold 7d\r\nthanks", "hold 168h0m0s"},
		{"line ends of old", "Not now.\r/towline rebase\rthanks", "rebase"},
		{"minutes", "/towline hold 90m", "hold 1h30m0s"},
		{"hours", "/towline hold 12h", "hold 12h0m0s"},
		{"weeks", "/towline hold 2w", "hold 336h0m0s"},
		{"a year", "/towline hold 365d", "hold 8760h0m0s"},
		{"capitals", "/Towline HOLD 7D", "hold 168h0m0s"},
		{"many blanks", "   /towline \t hold   7d  ", "hold 168h0m0s"},
		{"more than a year", "/towline hold 366d", "!"},
		{"a number that overflows", "/towline hold 99999999999999999999w", "!"},
		{"zero", "/towline hold 0d", "!"},
		{"less than nothing", "/towline hold -7d", "!"},
		{"with a sign", "/towline hold +7d", "!"},
		{"a fraction", "/towline hold 1.5d", "!"},
		{"no unit", "/towline hold 7", "!"},
		{"no number", "/towline hold d", "!"},
		{"another unit", "/towline hold 7y", "!"},
		{"two times", "/towline hold 7d 2h", "!"},
		{"a word too many", "/towline rebase please", "!"},
		{"no verb", "/towline", "!"},
		{"an unknown verb", "/towline merge", "!"},
		{"another program's", "/towlines hold\n/towline-hold\n/rebase", ""},
		{"not at the beginning", "please /towline hold", ""},
		{"in a list", "- /towline hold\n* /towline hold\n1. /towline hold", ""},
		{"quoted", "> /towline hold\n>> /towline rebase\n>/towline release", ""},
		{"an answer below a quote", "> /towline hold\n\n/towline release", "release"},
		{"in code within a line", "Write `/towline hold`.\n`/towline hold`", ""},
		{"in code by indentation", "    /towline hold\n\t/towline hold\n  \t/towline hold", ""},
		{"between fences", "```\n/towline hold\n```\n/towline rebase", "rebase"},
		{"between fences with a language", "```sh\n/towline hold\n```", ""},
		{"between tildes", "~~~\n/towline hold\n```\n/towline hold\n~~~\n/towline rebase", "rebase"},
		{"between long fences", "````\n```\n/towline hold\n````\n/towline rebase", "rebase"},
		{"a fence that isn't closed", "```\n/towline hold\n``` no\n/towline hold", ""},
		{"a fence within a line of text", "a ```\n/towline hold", "hold"},
		{"code in one line, of three", "```/towline hold```\n/towline rebase", "rebase"},
		{"hidden", "<!-- \n/towline hold\n-->\n/towline rebase", "rebase"},
		{"hidden in one line", "<!-- a -->\n/towline rebase", "rebase"},
		{"hidden to the end", "<!--\n/towline hold", ""},
		{"a fence that is hidden", "<!--\n```\n-->\n/towline rebase", "rebase"},
		{"no text", "/towline \x00\xff\u202e", "!"},
		{"too many", strings.Repeat("/towline rebase\n", 100), strings.TrimSuffix(strings.Repeat("rebase, ", command.MaxCommands), ", ")},
		{"behind what is read", strings.Repeat("x\n", command.MaxBody/2) + "/towline hold", ""},
		{"cut off", strings.Repeat("x", command.MaxBody-len("\n/towline hold 9")) + "\n/towline hold 99d", ""},
		{"one long line", "/towline hold" + strings.Repeat(" ", command.MaxBody), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, told(command.Parse(tt.body))); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	const there = "there are hold, ignore, rebase and release"
	for _, tt := range []struct{ line, text, want string }{
		{"/towline", "/towline", "it asks for nothing; " + there},
		{"/towline merge", "/towline merge", "it isn't known; " + there},
		{"/towline relase", "/towline relase", "it isn't known; " + there + " (hint: perhaps rebase or release)"},
		{"/towline releas", "/towline releas", "it isn't known; " + there + " (hint: perhaps release)"},
		{"/towline Rebsae", "/towline Rebsae", "it isn't known; " + there + " (hint: perhaps rebase)"},
		{"/towline hodl 7d", "/towline hodl 7d", "it isn't known; " + there + " (hint: perhaps hold)"},
		{"/towline  hold\t7\u202ex\x07", "/towline hold 7 x", "a hold takes one time, such as 90m, 12h, 7d or 2w, up to a year, or none until it is released"},
		{"/towline release now", "/towline release now", "nothing may follow release on its line"},
		{"/towline " + strings.Repeat("é", 200), "/towline " + strings.Repeat("é", 45) + "…", "it isn't known; " + there},
	} {
		want := []command.Command{{Text: tt.text, Problem: tt.want}}
		if diff := cmp.Diff(want, command.Parse(tt.line)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.line, diff)
		}
	}
}

// FuzzParse holds that whatever a comment says, there are at most so many commands, each
// is readable or has a problem, and texts are one short printable line.
func FuzzParse(f *testing.F) {
	for _, body := range []string{"/towline hold 7d", "```\n/towline\n", "> /towline x", "<!--\n/towline ignore", "/towline hold 1w\r/towline rebase"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		commands := command.Parse(body)
		if len(commands) > command.MaxCommands {
			t.Fatalf("%d commands", len(commands))
		}
		for _, c := range commands {
			if (c.Verb == command.Unknown) != (c.Problem != "") || c.For < 0 || c.For > command.MaxHold || c.For%time.Minute != 0 {
				t.Errorf("%+v", c)
			}
			if len(c.Text) > 110 || !utf8.ValidString(c.Text) || strings.ContainsFunc(c.Text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("the text is %q", c.Text)
			}
			if !strings.Contains(strings.ToLower(body), "/towline") {
				t.Error("a command of nothing")
			}
		}
		quoted := ""
		for line := range strings.Lines(strings.ReplaceAll(body, "\r", "\n")) {
			quoted += "> " + line
		}
		if n := len(command.Parse(quoted)); n > 0 {
			t.Errorf("%d commands of a quoted text", n)
		}
	})
}

func ExampleParse() {
	for _, c := range command.Parse("Let us wait for the holidays.\n\n/towline hold 2w") {
		fmt.Println(c.Verb, c.For)
	}
	// Output: hold 336h0m0s
}
