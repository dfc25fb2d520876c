package edit

import (
	"bytes"
	"path"
)

// Candidate tells whether a file of this slash-separated path may hold
// references: *.yaml, *.yml, *.json, and kustomize's file without extension.
func Candidate(file string) bool {
	switch path.Ext(file) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return path.Base(file) == "Kustomization"
}

// Relevant is Finder.Relevant of what is found without being told.
func Relevant(data []byte) bool { return Finder{}.Relevant(data) }

// Relevant tells cheaply, without parsing, whether data may hold references or
// sources. It is exact in one direction: where it says false, Parse finds nothing.
// Images nearly always need the word "image" as a key or in a marker;
// imagePullPolicy and its like alone don't count.
func (fd Finder) Relevant(data []byte) bool {
	return imageWord(data) || contains(data, otherWords()) || contains(data, fd.words) ||
		bytes.Contains(data, []byte("targetRevision")) && bytes.Contains(data, []byte("chart"))
}

// otherWords has a word of each form that does without the word image.
func otherWords() []string {
	return []string{
		"repository",             // Helm values
		"HelmRepository", "oci:", // charts and artifacts
		"docker:", "bundles", "crossplane.io", // known fields
		"imageName", "dockerImage", "serverImage", "initImage",
	}
}

func contains(data []byte, words []string) bool {
	for _, word := range words {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}

func imageWord(data []byte) bool {
	word := []byte("image")
	for {
		i := bytes.Index(data, word)
		if i < 0 {
			return false
		}
		if endsKey(data[i+len(word):]) || (i > 0 && data[i-1] == '$') {
			return true
		}
		data = data[i+len(word):]
	}
}

// endsKey tells whether what follows "image" leaves the key at image or images.
func endsKey(rest []byte) bool {
	if len(rest) > 0 && rest[0] == 's' {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return true
	}
	c := rest[0]
	return !isAlnum(c)
}
