package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/util/duration"
)

// paint is how text is coloured; without a terminal it isn't.
type paint bool

// painter tells whether w is a terminal that may be coloured (https://no-color.org).
func painter(p process, w io.Writer) paint {
	file, ok := w.(*os.File)
	return paint(ok && term.IsTerminal(int(file.Fd())) && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb")
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	cyan   = "\x1b[36m"
	bold   = "\x1b[1m"
	normal = "\x1b[0m"
)

func (p paint) in(colour, text string) string {
	if !p || text == "" {
		return text
	}
	return colour + text + normal
}

// diff colours the lines of a unified diff as git does. Control characters in it are
// replaced: an object may hold anything.
func (p paint) diff(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, end := strings.TrimSuffix(line, "\n"), "\n"
		if body == line {
			end = ""
		}
		body = printable(strings.ReplaceAll(body, "\t", "    "))
		switch {
		case strings.HasPrefix(body, "--- "), strings.HasPrefix(body, "+++ "):
			body = p.in(bold, body)
		case strings.HasPrefix(body, "@@"):
			body = p.in(cyan, body)
		case strings.HasPrefix(body, "-"):
			body = p.in(red, body)
		case strings.HasPrefix(body, "+"):
			body = p.in(green, body)
		}
		b.WriteString(body + end)
	}
	return b.String()
}

// age is how long ago something was, as kubectl writes it.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "-"
	}
	return duration.HumanDuration(max(0, now.Sub(then)))
}

// agePtr is age for a time that may be unknown.
func agePtr(now time.Time, then *time.Time) string {
	if then == nil {
		return "-"
	}
	return age(now, *then)
}

// maxCell bounds a message in a table; the whole of it is in the other forms.
const maxCell = 120

// brief is a message for a table: one line, not too long, with short revisions.
func brief(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if before, after, ok := strings.Cut(word, "@sha1:"); ok && len(after) >= hashDigits {
			words[i] = before + "@" + after[:shownDigits] + after[hashDigits:]
		}
	}
	text = strings.Join(words, " ")
	if runes := []rune(text); len(runes) > maxCell {
		return string(runes[:maxCell-1]) + "…"
	}
	return text
}

// The digits of a commit's hash, and those that people are shown.
const (
	hashDigits  = 40
	shownDigits = 8
)

// say writes a line of progress. Standard error may be gone; the result is what counts.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintln(w, printableLines(fmt.Sprintf(format, args...)))
}
