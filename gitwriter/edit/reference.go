package edit

import "fmt"

// Form tells how a reference names its image.
type Form string

// The forms of references.
const (
	FormImage     Form = "image"     // the value of an image: key
	FormKustomize Form = "kustomize" // an entry of kustomize's images:
	FormMarker    Form = "marker"    // a scalar with a Flux marker behind it
	FormHelm      Form = "helm"      // Helm values: repository and tag, each in its own value
	FormChart     Form = "chart"     // the version of a chart in an OCI registry
	FormArtifact  Form = "artifact"  // the tag or digest of an OCI artifact that an URL names
	FormPatch     Form = "patch"     // the value of a JSON patch's operation on an image
	FormField     Form = "field"     // a field that a kind, or a [Field], is known to hold an image in
)

// Reference is one place in a file that names an image.
type Reference struct {
	File  string
	Index int // position within File.References
	// Line and Column of the value, 1-based; columns count characters. Where an
	// image's parts stand in values of their own they are those of the tag, or of
	// the digest where there is no tag.
	Line, Column int
	// Path is the value's place in its document, such as
	// spec.template.spec.containers[0].image. Keys that aren't plain words stand as
	// ["like/this"], and the path of a document that is a single value is ".".
	// In the documents after the first, "#1:" and so on goes before it. Where a value
	// is the text of a file (a Helm chart's values, a patch, a ConfigMap's file), the
	// path goes on behind a |, as in spec.source.helm.values|web.image or
	// data["a.yaml"]|#1:image; line and column are always those of the outer file.
	Path string
	Form Form
	// Image is the repository as written, without tag and digest; Helm's registry
	// and repository stand joined, and so do a chart's repository and its name. It
	// is empty for a marker of field tag or digest, where the file doesn't say, and
	// for a chart whose Source isn't in the file.
	Image string
	// Tag and Digest as written; empty where the file names none. The + of a chart's
	// version is _ here, as in the registry's tags, and a digest without algorithm
	// has its sha256:.
	Tag, Digest string
	Source      *SourceRef // set for charts that name their repository by an object
	Marker      *Marker    // set for FormMarker only
	// Anchor is the name of the YAML anchor (*name) through which the value is
	// given, empty where the value stands in place.
	Anchor string
}

// Marker is Flux's comment {"$imagepolicy": "namespace:name[:field]"}.
type Marker struct {
	Namespace, Name string
	Field           string // "" (the whole image), "tag", "name" or "digest"
}

// String returns namespace:name or namespace:name:field.
func (m Marker) String() string {
	s := m.Namespace + ":" + m.Name
	if m.Field != "" {
		s += ":" + m.Field
	}
	return s
}

// Change asks for one reference to name another version.
type Change struct {
	Reference Reference // as File.References gave it
	// Image is the new repository; "" keeps the one that stands there, and so
	// does another spelling of the same repository (see SameImage).
	Image string
	Tag   string // the new tag; "" keeps what is there
	// Digest is the new digest. "" drops the digest of a reference whose tag
	// changes, and keeps it where the tag stays.
	Digest string
}

// Edit is one byte range that Rewrite replaced. Start and End are offsets in
// the old data; Old and New are the bytes of the range before and after.
type Edit struct {
	File, Path   string
	Line, Column int
	Start, End   int
	Old, New     string
	Image        string // the reference's repository, as far as it is known
	From, To     string // the versions as tag, tag@digest or digest; for a renamed image the names
}

// String returns "file:line:column: path: old -> new".
func (e Edit) String() string {
	return fmt.Sprintf("%s: %s: %s -> %s", place(e.File, e.Line, e.Column), e.Path, e.Old, e.New)
}
