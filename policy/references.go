package policy

import "fmt"

// maxReferences bounds the fields of one configuration: every file is searched for
// each of them.
const maxReferences = 100

// ReferenceConfig names a field of some kind of object that holds an image, beside
// those that are found anyway. Without Tag and Image its value is a whole image.
type ReferenceConfig struct {
	// Group is an apiVersion without its version. Default: any group.
	Group string `yaml:"group"`
	// Kind is the kind of object. Default: any kind, and files of no kind as well.
	Kind string `yaml:"kind"`
	// Path is the way to the value, as in spec.servers[*].imageName; the editor's
	// documentation has its grammar.
	Path string `yaml:"path"`
	// Tag is the key beside the value that holds the tag, where the value is the
	// image's name alone. Default: none.
	Tag string `yaml:"tag"`
	// Image is the image whose tag the value is. Default: none.
	Image string `yaml:"image"`
	// At is where the field is named.
	At Position `yaml:"-"`
}

// references checks what can be known without the editor, and notes the places.
func (d *decoding) references(path string, references []ReferenceConfig) {
	if len(references) > maxReferences {
		d.fail(path, fmt.Sprintf("has more than %d fields", maxReferences), "")
	}
	for i := range references {
		r, at := &references[i], fmt.Sprintf("%s[%d]", path, i)
		r.At = d.places[at]
		if d.required(at+".path", "name the way to the value, such as spec.imageName") && !isLine(r.Path) {
			d.fail(at+".path", quote(r.Path)+" is not a path", "write it like spec.imageName")
		}
		for _, field := range []struct{ key, text string }{{"group", r.Group}, {"kind", r.Kind}, {"tag", r.Tag}, {"image", r.Image}} {
			if d.has(at+"."+field.key) && !isLine(field.text) {
				d.fail(at+"."+field.key, quote(field.text)+" is not a name", "leave it out, or name one")
			}
		}
		if d.has(at+".tag") && d.has(at+".image") {
			d.fail(at+".image", "excludes tag", "tag is for an image whose name stands in the file, image for one whose tag alone does")
		}
	}
}
