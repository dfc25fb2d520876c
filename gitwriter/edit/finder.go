package edit

import (
	"fmt"
	"path"
	"strings"
)

// findings is raised whenever other references are found in the same file.
const findings = "6"

// Finder finds the references of files. The zero value finds what this package
// finds by itself. A Finder never changes and is safe for concurrent use.
type Finder struct {
	fields []fieldRule
	words  []string // one of them stands in every file that holds one of the fields
}

// NewFinder returns a Finder that also finds what the fields hold. The error says
// which field can't be one, and why.
func NewFinder(fields ...Field) (Finder, error) {
	var fd Finder
	for _, field := range fields {
		rule, err := field.rule()
		if err != nil {
			return Finder{}, fmt.Errorf("reading the field %q: %w", field.Path, err)
		}
		fd.fields = append(fd.fields, rule)
		fd.words = append(fd.words, rule.word())
	}
	return fd, nil
}

// Unnamed returns the words of which one stands in every file that refers to an image
// by a field which doesn't name it (see Field.Image). [NewMentions] takes them.
func (fd Finder) Unnamed(image string) []string {
	var words []string
	for i, r := range fd.fields {
		if r.Image != "" && SameImage(r.Image, image) {
			words = append(words, fd.words[i])
		}
	}
	return words
}

// Found is what a file names, without the file: it is small, and fit to be kept.
type Found struct {
	References []Reference
	Sources    []Source  // as File.Sources
	Opaque     []Problem // as File.Opaque
	Problems   []Problem // as Parse
}

// Find parses a file and keeps of it only what it names.
func (fd Finder) Find(file string, data []byte) Found {
	parsed, problems := fd.Parse(file, data)
	return Found{References: parsed.References(), Sources: parsed.Sources(), Opaque: parsed.Opaque(), Problems: problems}
}

// Fingerprint changes whenever a Finder may find something else in the same file:
// what was found may be kept by fingerprint, [Class] of the file's name, and content.
func (fd Finder) Fingerprint() string {
	var b strings.Builder
	b.WriteString(findings)
	for _, r := range fd.fields {
		fmt.Fprintf(&b, ";%q,%q,%q,%q,%q", r.Group, r.Kind, r.Path, r.Tag, r.Image)
	}
	return b.String()
}

// Class is all that Parse makes of a file's name: files of one class and the same
// content hold the same references, but for the name.
func Class(file string) string {
	if kustomizeFile(path.Base(file)) {
		return "kustomization"
	}
	return ""
}
