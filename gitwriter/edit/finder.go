package edit

import "path"

// Finder finds the references of files. The zero value finds what this package
// finds by itself. A Finder never changes and is safe for concurrent use.
type Finder struct{}

// Found is what a file names, without the file: it is small, and fit to be kept.
type Found struct {
	References []Reference
	Opaque     []Problem // as File.Opaque
	Problems   []Problem // as Parse
}

// Parse is the function Parse with what the Finder was told.
func (Finder) Parse(file string, data []byte) (*File, []Problem) { return Parse(file, data) }

// Find parses a file and keeps of it only what it names.
func (f Finder) Find(file string, data []byte) Found {
	parsed, problems := f.Parse(file, data)
	return Found{References: parsed.References(), Opaque: parsed.Opaque(), Problems: problems}
}

// Fingerprint changes whenever a Finder may find something else in the same file:
// what was found may be kept by fingerprint, [Class] of the file's name, and content.
func (Finder) Fingerprint() string { return "1" }

// Class is all that Parse makes of a file's name: files of one class and the same
// content hold the same references, but for the name.
func Class(file string) string {
	if kustomizeFile(path.Base(file)) {
		return "kustomization"
	}
	return ""
}
