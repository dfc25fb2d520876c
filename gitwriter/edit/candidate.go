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

// Relevant tells cheaply, without parsing, whether data may hold references. It
// is exact in one direction: where it says false, Parse finds nothing. Every
// form that this package knows needs the word "image" as a key or in a marker;
// imagePullPolicy and its like alone don't count.
func Relevant(data []byte) bool {
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
