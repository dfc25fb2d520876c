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
	if telling(data) {
		return true
	}
	for _, word := range fd.words {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}

// telling looks for the words without which there is no form that this package
// knows. Each is searched for by a letter that is seldom in YAML.
func telling(data []byte) bool {
	has := func(word string) bool { return bytes.Contains(data, []byte(word)) }
	return each(data, 'g', wordAroundG) ||
		each(data, 'y', func(data []byte, i int) bool { return bytes.HasSuffix(data[:i], []byte("epositor")) }) || // Helm values, HelmRepository
		has("oci:") || // charts and artifacts
		each(data, '/', behind("docker:")) ||
		each(data, '/', behind("tekton.dev")) && has("bundles") ||
		each(data, 'R', behind("target")) && has("chart")
}

// behind tells whether a word stands before a place. JSON may write \/ for a slash.
func behind(word string) func(data []byte, i int) bool {
	return func(data []byte, i int) bool {
		return bytes.HasSuffix(bytes.TrimSuffix(data[:i], []byte("\\")), []byte(word))
	}
}

// each tells whether found is true of any place of a byte.
func each(data []byte, c byte, found func(data []byte, i int) bool) bool {
	for from := 0; ; {
		i := bytes.IndexByte(data[from:], c)
		if i < 0 {
			return false
		}
		if found(data, from+i) {
			return true
		}
		from += i + 1
	}
}

// wordAroundG knows images of all kinds, and Crossplane's packages.
func wordAroundG(data []byte, i int) bool {
	before, after := data[:i], data[i+1:]
	if bytes.HasSuffix(before, []byte("ma")) {
		return bytes.HasPrefix(after, []byte("e")) && imageKey(before[:i-2], after[1:])
	}
	return bytes.HasSuffix(before, []byte("pk")) && bytes.HasPrefix(after, []byte(".crossplane"))
}

// imageKey tells whether a word that has mage in it is a key that may hold an image:
// image, images, imageName, imageTag, $imagepolicy or one that ends in Image.
func imageKey(before, after []byte) bool {
	if len(before) == 0 {
		return false
	}
	switch before[len(before)-1] {
	case 'I':
		return endsKey(after)
	case 'i':
		return endsKey(after) || bytes.HasPrefix(after, []byte("Name")) || bytes.HasPrefix(after, []byte("Tag")) || bytes.HasSuffix(before, []byte("$i"))
	}
	return false
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
