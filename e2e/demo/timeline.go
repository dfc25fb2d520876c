package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// say prints. A terminal that went away is no reason to stop.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// narrator prints each step as it happens, with the time since the start.
type narrator struct {
	out   io.Writer
	began time.Time
}

func (n *narrator) step(format string, args ...any) {
	say(n.out, "%6.1fs  ● %s\n", time.Since(n.began).Seconds(), fmt.Sprintf(format, args...))
}

func (n *narrator) note(format string, args ...any) {
	say(n.out, "%6.1fs    %s\n", time.Since(n.began).Seconds(), fmt.Sprintf(format, args...))
}

// quote prints somebody else's text, indented, with line ends of Windows shown.
func (n *narrator) quote(text string) {
	say(n.out, "\n")
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if whole, cr := strings.CutSuffix(line, "\r"); cr {
			line = whole + "␍"
		}
		say(n.out, "          │ %s\n", line)
	}
	say(n.out, "\n")
}

// timeline holds how long each milestone took since what it answers to.
type timeline struct{ rows []milestone }

type milestone struct {
	name     string
	at       time.Time
	took     time.Duration
	measured string
}

func (t *timeline) add(name string, since, at time.Time) {
	from := map[string]string{
		"tag seen": "after the publication", "pull request opened": "after the publication",
		"merged": "for the forge to merge", "applied": "after the merge", "healthy": "after the merge",
		"drift healed": "after the deletion",
	}[name]
	// A server's clock may count whole seconds and so lie before the cause.
	t.rows = append(t.rows, milestone{name: name, at: at, took: max(0, at.Sub(since)), measured: from})
}

func (t *timeline) print(w io.Writer) {
	say(w, "\n  timeline\n")
	for _, m := range t.rows {
		say(w, "  %s  %-20s %7.3fs %s\n", m.at.Format("15:04:05.000"), m.name, m.took.Seconds(), m.measured)
	}
}
