package gitwriter_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/towline-dev/towline/gitwriter"
)

// FuzzMessage: whatever stands in a change and in a template, the last paragraph holds
// our trailers and no others, and people see no control characters.
func FuzzMessage(f *testing.F) {
	f.Add("", "a/b", "1", "2", "sha256:ab", "p", "why", true)
	f.Add("{{.Title}}\n\n{{range .Changes}}{{.Policy}}: {{.Reason}}\n{{end}}", "a", "1", "2\n\nTowline-Key: x", "", "Signed-off-by", "x\r\n\r\nA: b\n---\n", true)
	f.Add("---\n\n--- \nTowline-Key: x", "\x00", "\xff", "\u2028", "\u202e", "\v\f", "\x1b[31m", false)
	f.Add("x\n\n# ------------------------ >8 ------------------------\n{{.Group}}", "a", "1", "2", "3", "4", "# ------------------------ >8 ------------------------", false)
	f.Add("{{range 1000}}{{print . $.Level}}\n{{end}}", "a", "1", "2", "3", "4", "5", true)
	f.Fuzz(func(t *testing.T, template, image, from, to, digest, policy, reason string, signOff bool) {
		changes := []gitwriter.Change{{File: image, Path: from, Image: image, From: from, To: to, Digest: digest, Policy: policy, Reason: reason, Level: reason}}
		message, err := gitwriter.Message(gitwriter.Update{Group: policy, Base: "main", MessageTemplate: template, SignOff: signOff}, changes)
		if err != nil {
			return
		}
		if !utf8.ValidString(message) || strings.ContainsFunc(message, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Errorf("the message isn't text: %q", message)
		}
		parsed := gitwriter.ParseTrailers(message)
		if parsed.Key != gitwriter.Key(changes) || len(parsed.Updates) > 1 {
			t.Errorf("the trailers are %+v of\n%s", parsed, message)
		}
		before, last := message, ""
		if i := strings.LastIndex(message, "\n\n"); i >= 0 {
			before, last = message[:i], message[i+2:]
		}
		if strings.TrimSpace(before) == "" {
			t.Errorf("the message has no title:\n%s", message)
		}
		signed := 0
		for line := range strings.Lines(last) {
			switch name, _, _ := strings.Cut(line, ": "); name {
			case "Towline-Policy", "Towline-Image", "Towline-From", "Towline-To", "Towline-Digest", "Towline-Key":
			case "Signed-off-by":
				signed++
			default:
				t.Errorf("the last paragraph has %q", line)
			}
		}
		if signOff != (signed == 1) {
			t.Errorf("%d sign-offs:\n%s", signed, message)
		}
		for line := range strings.Lines(before) {
			if line == "---\n" || strings.HasPrefix(line, "--- ") || len(line) > 2 && strings.HasPrefix(line[2:], "------------------------ >8 ------------------------\n") {
				t.Errorf("git sees the message's end at %q", line)
			}
		}
	})
}
