package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// format is the value of -o, which every listing takes.
type format string

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Type implements pflag.Value.
func (*format) Type() string { return "format" }

// Set implements pflag.Value.
func (f *format) Set(s string) error {
	switch s {
	case "table", "json", "yaml":
		*f = format(s)
		return nil
	}
	return fmt.Errorf("the output format %q isn't known: use table, json or yaml", s)
}

func addFormat(cmd *cobra.Command, f *format) {
	*f = "table"
	cmd.Flags().VarP(f, "output", "o", "output format: table, json or yaml")
}

// print writes a listing: value as JSON or YAML, or the table that rows makes.
func (f format) print(w io.Writer, value any, rows func(*table)) error {
	switch f {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(value)
	case "yaml":
		data, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	t := &table{}
	rows(t)
	return t.write(w)
}

// table lines up columns as kubectl does.
type table struct{ lines []string }

func (t *table) row(cells ...string) {
	for i, c := range cells {
		// Tabs and line ends in a value would break the columns; control characters, the terminal.
		cells[i] = printable(c)
	}
	t.lines = append(t.lines, strings.Join(cells, "\t"))
}

func (t *table) write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, l := range t.lines {
		if _, err := fmt.Fprintln(tw, l); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// printable replaces what could move a terminal's cursor, or hide or reorder text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '·'
		}
		return r
	}, s)
}

// printableLines is printable for a message of several lines: an error may hold what a
// server said or a repository names.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}
