package policy

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// APIVersion is the apiVersion of every document that this package reads.
	APIVersion = "towline.dev/v1"

	kindImagePolicy  = "ImagePolicy"
	kindUpdateConfig = "UpdateConfig"
	kindSync         = "Sync"
	kindBot          = "BotConfig"
	kindReconciler   = "ReconcilerConfig"

	// maxFile bounds a file and maxDocument one document of it, in bytes.
	// Policies are a few hundred bytes long, but they may stand in one file
	// with everything else a team deploys.
	maxFile     = 8 << 20
	maxDocument = 256 << 10
)

const (
	// group is what every apiVersion of ours begins with, and fluxGroup every
	// one of Flux's image automation.
	group     = "towline.dev/"
	fluxGroup = "image.toolkit.fluxcd.io/"
)

// IsPolicyFile reports whether a file may hold a document that says which image
// is wanted, ours or one of Flux's. It is cheap and may say yes too often, so
// that a tree of thousands of manifests is searched without parsing them.
func IsPolicyFile(data []byte) bool {
	return bytes.Contains(data, []byte(group)) || bytes.Contains(data, []byte(fluxGroup))
}

// A header is what tells the documents of a file apart.
type header struct{ apiVersion, kind string }

// document is one YAML document of ours, parsed but not yet decoded.
type document struct {
	header
	root   *yaml.Node
	effort *int // steps left for all documents of the file
}

// documents gives the documents of a file whose apiVersion begins with the
// group; all others are passed over, even where they aren't valid YAML, since a
// Helm template may stand beside a policy. One that can't be read is a Problem
// where its text holds one of the wanted kinds, and hides no other.
func documents(file string, data []byte, group string, kinds ...string) ([]document, Problems) {
	if !bytes.Contains(data, []byte(group)) {
		return nil, nil
	}
	wanted := func(text []byte) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return bytes.Contains(text, []byte(kind)) })
	}
	if len(data) > maxFile {
		return nil, Problems{{
			Position: Position{File: file},
			Message:  fmt.Sprintf("the file has more than %d MiB", maxFile>>20),
			Hint:     "put its policies into a file of their own",
		}}
	}
	var found []document
	var problems Problems
	effort := maxEffort
	for _, c := range split(data) {
		if !bytes.Contains(c.text, []byte(group)) {
			continue
		}
		root, problem := c.parse(file)
		switch {
		case problem != nil && wanted(c.text):
			problems = append(problems, *problem)
		case problem == nil && root != nil:
			if h := headerOf(root); strings.HasPrefix(h.apiVersion, group) {
				found = append(found, document{header: h, root: root, effort: &effort})
			}
		}
	}
	return found, problems
}

// known reports a Problem for a document of ours whose apiVersion or kind this
// version doesn't know, and true for one of the kind.
func (doc document) known(file, kind string) (bool, Problems) {
	at := func(key string) Position {
		place := lookup(doc.root, key)
		return Position{File: file, Line: place.Line, Column: place.Column}
	}
	kinds := []string{kindImagePolicy, kindUpdateConfig, kindSync}
	switch {
	case doc.kind == kindSync || doc.kind == kindBot || doc.kind == kindReconciler:
		return false, nil // The cluster's affair, or files that the programs themselves are given.
	case doc.apiVersion != APIVersion:
		return false, Problems{{at("apiVersion"), fmt.Sprintf("apiVersion: %s is not known", quote(doc.apiVersion)), "write " + APIVersion}}
	case doc.kind == "":
		return false, Problems{{at("apiVersion"), "kind: is missing", didYouMean("", kinds)}}
	case doc.kind != kindImagePolicy && doc.kind != kindUpdateConfig:
		return false, Problems{{at("kind"), fmt.Sprintf("kind: %s is not known", quote(doc.kind)), didYouMean(doc.kind, kinds)}}
	}
	return doc.kind == kind, nil
}

// headerOf reads the two fields that say what a document is.
func headerOf(root *yaml.Node) header {
	var h header
	if n := lookup(root, "apiVersion"); n != root {
		h.apiVersion = n.Value
	}
	if n := lookup(root, "kind"); n != root {
		h.kind = n.Value
	}
	return h
}

// lookup gives the value of a key of a mapping, or the mapping itself.
func lookup(root *yaml.Node, key string) *yaml.Node {
	if root.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value == key {
				return follow(root.Content[i+1])
			}
		}
	}
	return root
}

// A chunk is the text of one document, with the number of lines before it.
type chunk struct {
	text  []byte
	lines int
}

// split cuts a stream into its documents at the marks "---" and "...", which
// YAML allows at the start of a line for nothing else. Cutting before parsing
// keeps one bad document from hiding the others.
func split(data []byte) []chunk {
	var chunks []chunk
	start, startLine, line, empty := 0, 0, 0, true
	cut := func(end int) {
		chunks = append(chunks, chunk{data[start:end], startLine})
		start, startLine, empty = end, line, true
	}
	for at := 0; at < len(data); line++ {
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		text := data[at:next]
		if isMark(text, "---") {
			if !empty {
				cut(at)
			}
			empty = false
		} else if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] != '#' && trimmed[0] != '%' {
			// Comments and directives belong to the document that follows.
			empty = false
		}
		if isMark(text, "...") {
			line++
			cut(next)
			line--
		}
		at = next
	}
	if start < len(data) {
		cut(len(data))
	}
	return chunks
}

func isMark(line []byte, mark string) bool {
	line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}

// parse gives the root of the document, with lines counted from the start of
// the file, or nil for an empty one.
func (c chunk) parse(file string) (*yaml.Node, *Problem) {
	problem := func(line, column int, message, hint string) *Problem {
		return &Problem{Position{file, c.lines + line, column}, message, hint}
	}
	if len(c.text) > maxDocument {
		return nil, problem(1, 0, fmt.Sprintf("the document has more than %d KiB", maxDocument>>10), "")
	}
	if at := firstBad(c.text); at >= 0 {
		line, column := place(c.text, at)
		return nil, problem(line, column, fmt.Sprintf("the byte %#02x is not allowed in YAML", c.text[at]), "save the file as UTF-8 text")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(c.text, &doc); err != nil {
		line, column, message := syntaxError(c.text, err)
		return nil, problem(line, column, "not valid YAML: "+message, "")
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	shift(doc.Content[0], c.lines)
	return doc.Content[0], nil
}

// firstBad gives the offset of the first byte that YAML doesn't allow, or -1.
func firstBad(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size <= 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return i
		}
		i += size
	}
	return -1
}

// syntaxError gives the place and the words of package yaml's error, which has
// the line in its text alone and leaves it out for the first one.
func syntaxError(text []byte, err error) (line, column int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	line = 1
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(message); m != nil {
		message = strings.TrimPrefix(message, m[0])
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		if strings.HasPrefix(message, "did not find expected") {
			line++ // These errors count lines from zero.
		}
	}
	if m := regexp.MustCompile(`^unknown anchor '(.*)' referenced`).FindStringSubmatch(message); m != nil {
		if at := bytes.Index(text, []byte("*"+m[1])); at >= 0 {
			line, column = place(text, at)
			return line, column, message
		}
	}
	lines := bytes.SplitN(text, []byte("\n"), line+1)
	line = min(line, len(lines))
	indent := lines[line-1]
	return line, 1 + len(indent) - len(bytes.TrimLeft(indent, " \t")), message
}

// place gives the line and column, from 1, of a byte offset.
func place(text []byte, at int) (line, column int) {
	before := text[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[start:])
}

// shift moves the lines of a node and all below it.
func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, child := range n.Content {
		shift(child, lines)
	}
}
