package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Decode adds the documents of a manifest file to c. The name's ending tells
// JSON from YAML. YAML is read as kubectl reads it (YAML 1.1 scalars), except
// that a key that stands twice in a map is an error.
func Decode(c *Collector, file string, data []byte) {
	if path.Ext(file) == ".json" {
		decodeJSON(c, file, data)
		return
	}
	for _, d := range split(data) {
		decodeYAML(c, file, d)
	}
}

// CheckSyntax gives the first error of reading a YAML file as such, with its
// line, or nil. It is for builders whose library doesn't tell the place.
func CheckSyntax(file string, data []byte) error {
	for _, d := range split(data) {
		if _, err := d.json(file); err != nil {
			return err
		}
	}
	return nil
}

// document is a part of a YAML stream; line is its first line, counted from 1.
type document struct {
	line int
	text []byte
}

// split cuts a YAML stream at its document marks. The marks stay with the
// document that they start, so that what follows on their line isn't lost.
func split(data []byte) []document {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var docs []document
	start, startLine, line, directives := 0, 1, 1, true
	cut := func(end, next int) {
		if text := data[start:end]; meaningful(text) {
			docs = append(docs, document{line: startLine, text: text})
		}
		start, startLine = end, next
	}
	for at := 0; at < len(data); line++ {
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		switch text := data[at:next]; {
		case mark(text, "---"):
			if !directives {
				cut(at, line)
			}
			directives = false
		case mark(text, "..."):
			cut(at, line)
			start, startLine, directives = next, line+1, true
		case directives && meaningful(text) && text[0] != '%':
			directives = false
		}
		at = next
	}
	cut(len(data), line)
	return docs
}

func mark(line []byte, m string) bool {
	return bytes.HasPrefix(line, []byte(m)) && (len(line) == len(m) || strings.ContainsRune(" \t\r\n", rune(line[len(m)])))
}

// meaningful tells whether text holds more than blank lines, comments and a bare mark.
func meaningful(text []byte) bool {
	for line := range bytes.Lines(text) {
		if mark(line, "---") {
			line = line[3:]
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
}

func decodeYAML(c *Collector, file string, d document) {
	data, err := d.json(file)
	if err != nil {
		c.Fail(err)
		return
	}
	var unquoted Unquoted
	if c.values != nil {
		unquoted = UnquotedOf(d.text)
	}
	addJSON(c, origin{file: file, line: d.first(), unquoted: unquoted}, data)
}

// first gives the first line that means something.
func (d document) first() int { return d.line + blankLines(d.text) }

// json converts the document, and tells the line where it can't be.
func (d document) json(file string) ([]byte, error) {
	if oddBreak(d.text) {
		return nil, &Error{File: file, Line: d.first(), Err: errors.New("a document mark after a line break that isn't a line feed"),
			Hint: "save the file with LF or CRLF line ends"}
	}
	data, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		line, err := yamlError(d.line, d.first(), err)
		return nil, &Error{File: file, Line: min(line, d.line+bytes.Count(d.text, []byte("\n"))), Err: err}
	}
	return data, nil
}

// oddBreak tells whether a mark follows one of YAML 1.1's other line breaks. The
// decoder would end there, and what follows would be lost in silence.
func oddBreak(text []byte) bool {
	for _, br := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
		for _, m := range []string{"---", "..."} {
			if bytes.Contains(text, []byte(br+m)) {
				return true
			}
		}
	}
	return false
}

// blankLines counts the lines above the first that means something.
func blankLines(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		if meaningful(line) {
			return n
		}
		n++
	}
	return 0
}

// yamlError takes the line out of the YAML package's message, which offers it no
// other way, and counts it from the top of the file.
func yamlError(start, first int, err error) (int, error) {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	text = strings.TrimPrefix(text, "yaml: ")
	text = strings.TrimSpace(strings.TrimPrefix(text, "unmarshal errors:"))
	m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text)
	if m == nil {
		return first, errors.New(text)
	}
	n, convErr := strconv.Atoi(m[1])
	if convErr != nil {
		return first, errors.New(text)
	}
	return start + n - 1, errors.New(strings.TrimPrefix(text, m[0]))
}

func decodeJSON(c *Collector, file string, data []byte) {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		start := int(dec.InputOffset())
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return
		}
		line := lineOf(data, start)
		if err != nil {
			if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
				line = lineOf(data, int(syntax.Offset)-1)
			}
			c.Fail(&Error{File: file, Line: line, Err: err})
			return
		}
		addJSON(c, origin{file: file, line: line}, raw)
	}
}

// lineOf gives the line of the first byte at or after offset that isn't blank.
func lineOf(data []byte, offset int) int {
	offset = min(max(offset, 0), len(data))
	rest := data[offset:]
	offset += len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

func addJSON(c *Collector, at origin, data []byte) {
	if trimmed := bytes.TrimSpace(data); bytes.Equal(trimmed, []byte("null")) {
		return // an empty document
	} else if len(trimmed) == 0 || trimmed[0] != '{' {
		c.Fail(&Error{File: at.file, Line: at.line, Err: errors.New("not an object"), Hint: "name files that aren't manifests in .towlineignore"})
		return
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(data, &object); err != nil { // whole numbers become int64
		c.Fail(&Error{File: at.file, Line: at.line, Err: err})
		return
	}
	c.document(at, "", object)
}
