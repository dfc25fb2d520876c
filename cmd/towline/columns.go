package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// columns lines up rows that come one by one: each is as wide as the widest so far, as
// kubectl has it with --watch.
type columns struct{ widths []int }

const columnGap = 3

func (c *columns) write(w io.Writer, cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		cell = printable(cell)
		if i == len(c.widths) {
			c.widths = append(c.widths, 0)
		}
		width := utf8.RuneCountInString(cell)
		c.widths[i] = max(c.widths[i], width)
		b.WriteString(cell)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", c.widths[i]-width+columnGap))
		}
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}
