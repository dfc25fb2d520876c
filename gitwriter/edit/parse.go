package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	// MaxSize is the largest file that Parse looks into, in bytes.
	MaxSize = 16 << 20
	// maxDepth is how deep a document may nest.
	maxDepth = 500
	// maxNodes bounds the memory that one file can cost: a node takes 200 bytes
	// or so, however few bytes it took to write.
	maxNodes = 1 << 19
)

// File is a parsed file and the references in it. It isn't safe for use by
// several goroutines at once.
type File struct {
	name    string
	src     *source
	docs    []*yaml.Node
	aliases map[*yaml.Node][]*yaml.Node // by what they stand for
	entries []entry
	opaque  []Problem
	host    *embedded // what this is the text of, nil for a file
	sources []Source
	// template says that the documents are those of readTemplate, and held are the
	// values that an action is part of.
	template bool
	held     map[*yaml.Node]bool
}

// entry is a reference with the values that it is written with.
type entry struct {
	ref Reference
	// value is the one scalar of an image or a marker; the others are those of an
	// image in parts. What the file doesn't have is nil.
	value, registry, newName, newTag, digest *site
	// prefix is what stands before the image in value, such as oci://.
	prefix string
	// inTag: the digest stands behind the tag, in newTag. bare: it has no algorithm.
	inTag, bare bool
	ranges      bool // a version of less than three numbers is a range there
	// A reference of an embedded text is the one of index inner there.
	in    *embedded
	inner int
}

// site is a place where a value is used: a scalar, or an alias of one.
type site struct {
	node *yaml.Node // as it stands, perhaps an alias
	path string
}

// scalar returns the scalar that the site's value comes from.
func (s *site) scalar() *yaml.Node { return resolve(s.node) }

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Parse finds the references of a file. The problems say what was passed over,
// and why; a file that can't be edited safely has no references. data must not
// be changed as long as the File is used.
func Parse(file string, data []byte) (*File, []Problem) { return Finder{}.Parse(file, data) }

// Parse is the function Parse with what the Finder was told.
func (fd Finder) Parse(file string, data []byte) (*File, []Problem) {
	f := &File{name: file, src: &source{data: data}}
	return f, fd.parse(f)
}

// parse fills a file that has nothing but its name, its source and perhaps a host.
func (fd Finder) parse(f *File) []Problem {
	if p, ok := f.unfit(fd); ok {
		return []Problem{p}
	}
	if !fd.Relevant(f.src.data) {
		return nil
	}
	docs, err := decode(f.src.data)
	if err != nil {
		return fd.parseTemplate(f, err)
	}
	f.docs = docs
	w := newSurvey(f)
	if p, ok := w.run(); !ok {
		f.docs = nil
		return []Problem{p}
	}
	f.aliases = w.aliases
	markers, problems := findMarkers(f, w)
	problems = append(problems, fd.collect(f, markers)...)
	problems = append(problems, fd.embed(f)...)
	if len(f.entries) == 0 {
		f.docs, f.aliases = nil, nil
	}
	return problems
}

// References returns the file's references in the order of the file.
func (f *File) References() []Reference {
	refs := make([]Reference, len(f.entries))
	for i, e := range f.entries {
		refs[i] = e.ref
		if m := e.ref.Marker; m != nil {
			c := *m
			refs[i].Marker = &c
		}
		if s := e.ref.Source; s != nil {
			c := *s
			refs[i].Source = &c
		}
	}
	return refs
}

// Opaque returns the places that name an image by a template or a variable
// (${TAG}, {{ .tag }}), so that it can't be told which one. They are no mistakes.
func (f *File) Opaque() []Problem { return slices.Clone(f.opaque) }

// Sources returns the chart repositories that the file defines, in its order.
func (f *File) Sources() []Source { return slices.Clone(f.sources) }

// unfit tells of files that aren't worth giving to the parser.
func (f *File) unfit(fd Finder) (Problem, bool) {
	data := f.src.data
	if len(data) > MaxSize {
		return f.problem(ProblemLimit, 0, 0, fmt.Sprintf("the file is larger than %d MiB", MaxSize>>20), ""), true
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return f.problem(ProblemSyntax, 0, 0, "the file is UTF-16", "store it as UTF-8"), true
	}
	if len(data) > maxNodes/2 && fd.Relevant(data) && indicators(data) > maxNodes {
		return f.problem(ProblemLimit, 0, 0, fmt.Sprintf("the file has more than %d values", maxNodes), ""), true
	}
	return Problem{}, false
}

// indicators counts the bytes that can start a node: an upper bound, but for a
// factor of two, of what the parser will allocate.
func indicators(data []byte) int {
	n := 0
	for i, c := range data {
		switch c {
		case ':', ',', '[', '{':
			n++
		case '-', '?':
			if i+1 == len(data) || isBlank(data[i+1]) || breakLen(data[i+1:]) > 0 {
				n++
			}
		}
	}
	return n
}

// read reads the documents of a later state of the file, as they were read at first.
func (f *File) read(data []byte) ([]*yaml.Node, error) {
	if !f.template {
		return decode(data)
	}
	t, ok := readTemplate(data)
	if !ok {
		return nil, errors.New("the template is no longer well-formed")
	}
	return t.docs, nil
}

// syntaxProblem turns the parser's error, "yaml: line 3: text", into a Problem.
// The parser leaves the line out where it is the first, and where the bytes
// aren't text.
func (f *File) syntaxProblem(err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line, column := 1, 0
	if at := firstBad(f.src.data); at >= 0 {
		line, column = f.src.position(at)
	} else if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, message = n, text
			}
		}
	}
	message = fmt.Sprintf("not valid YAML: %.200s", message) // it may hold an anchor of any length
	if bytes.Contains(f.src.data, []byte("{{")) {
		return f.problem(ProblemTemplate, line, column, message, "the file looks like a Go template, which can't be edited")
	}
	return f.problem(ProblemSyntax, line, column, message, "")
}

// firstBad returns the offset of the first byte that can't be in a text file:
// invalid UTF-8 or a control character; -1 if there is none.
func firstBad(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7F {
			return i
		}
		i += n
	}
	return -1
}

func (f *File) problem(kind ProblemKind, line, column int, message, hint string) Problem {
	return Problem{Kind: kind, File: f.name, Line: line, Column: column, Message: message, Hint: hint}
}
