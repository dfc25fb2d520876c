package sops

import (
	"bytes"
	"fmt"
	"strings"
)

type iniFormat struct{}

// open decrypts the values of an ini file. Values that aren't encrypted must stand on
// one line.
func (iniFormat) open(data []byte, k opening) ([]byte, error) {
	entries, flat, err := iniEntries(data)
	if err != nil {
		return nil, err
	}
	m, err := flatMetadata(flat)
	if err != nil {
		return nil, err
	}
	o, err := k(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, e := range entries {
		if e.key == "" {
			out.WriteString(e.head + "\n")
			continue
		}
		value, err := o.text(e)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s = %s\n", e.key, iniQuote(value))
	}
	return out.Bytes(), o.verify()
}

// iniEntries gives the lines of a file but for comments, which may be encrypted, and
// apart from them the section sops.
func iniEntries(data []byte) ([]entry, map[string]string, error) {
	var entries []entry
	flat := map[string]string{}
	section := "DEFAULT"
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		if name, ok := strings.CutPrefix(text, "["); ok {
			if section, ok = strings.CutSuffix(name, "]"); !ok {
				return nil, nil, errNotEncrypted
			}
			if section != "sops" {
				entries = append(entries, entry{head: text})
			}
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, nil, errNotEncrypted
		}
		key, value = strings.TrimSpace(key), iniUnquote(strings.TrimSpace(value))
		if section == "sops" {
			flat[key] = value
			continue
		}
		entries = append(entries, entry{section: section, key: key, value: value})
	}
	return entries, flat, nil
}

// iniUnquote takes the quotes off that SOPS's library for ini files writes.
func iniUnquote(value string) string {
	for _, quote := range []string{`"""`, "`", `"`, "'"} {
		if inner, ok := strings.CutPrefix(value, quote); ok && len(inner) >= len(quote) {
			if inner, ok = strings.CutSuffix(inner, quote); ok {
				return inner
			}
		}
	}
	return value
}

// iniQuote puts quotes around what wouldn't be read back otherwise, as that library does.
func iniQuote(value string) string {
	switch {
	case strings.ContainsAny(value, "\n`"):
		return `"""` + value + `"""`
	case strings.ContainsAny(value, "#;"):
		return "`" + value + "`"
	case strings.TrimSpace(value) != value:
		return `"` + value + `"`
	}
	return value
}
