package policy

import (
	"path"
	"strings"
)

// A Policy says which tag of one image is wanted. It is only made by [Parse] and
// [ResolveFlux], and is valid; it is never changed, and so may be used by several goroutines.
type Policy struct {
	// Name and Namespace are those of the document; the namespace may be empty.
	Name, Namespace string
	// Position is the start of the document in its file.
	Position Position
	// Spec is what the document says, with the defaults filled in.
	Spec Spec

	image    Position // of spec.image's value
	kind     kind
	filter   *filter
	excludes []exclusion
	released []string // tags that aren't held any more

	flux      bool   // made of Flux's documents
	follows   bool   // the digest, although the kind doesn't say so
	suspended bool   // nothing is scanned or changed
	scope     string // tells policies of one name apart, by a folder
}

// Dir gives the slash-separated directory of the policy's file, "." at the root.
func (p *Policy) Dir() string { return path.Dir(p.Position.File) }

// Key gives "namespace/name", or "name" where there is no namespace. Where Flux's
// documents define several policies of one name in different folders, as for
// several clusters, the folder that tells them apart stands in front.
func (p *Policy) Key() string {
	if p.scope != "" {
		return p.scope + "/" + keyOf(p.Namespace, p.Name)
	}
	return keyOf(p.Namespace, p.Name)
}

// Image gives the repository as the file writes it, not normalised.
func (p *Policy) Image() string { return p.Spec.Image }

// ImagePosition is where the value of spec.image stands.
func (p *Policy) ImagePosition() Position { return p.image }

// Schedule says when the registry is asked, as robfig/cron's standard parser
// reads it.
func (p *Policy) Schedule() string { return p.Spec.Schedule }

// Group names the pull request that the update shares with others, or is empty.
func (p *Policy) Group() string { return p.Spec.Update.Group }

// Paths gives the globs of the files to edit, from the root of the repository,
// or nothing for every file below [Policy.Dir].
func (p *Policy) Paths() []string { return p.Spec.Update.Paths }

// Mode says how the update travels.
func (p *Policy) Mode() Mode { return p.Spec.Update.Mode }

// Pin says what references are pinned to.
func (p *Policy) Pin() Pin { return p.Spec.Pin }

// FollowsDigest reports whether a reference to the wanted tag is to be rewritten
// when that tag stands for another image than before.
func (p *Policy) FollowsDigest() bool {
	_, ok := p.kind.(byDigest)
	return ok || p.follows
}

// MarkedOnly reports whether the policy governs only references with a marker
// that names it, as Flux's policies do.
func (p *Policy) MarkedOnly() bool { return p.flux }

// Suspended reports whether nothing is to be scanned and changed for the policy
// at present.
func (p *Policy) Suspended() bool { return p.suspended }

// Covers reports whether the policy may edit a file, which is named from the
// root of the repository with slashes.
func (p *Policy) Covers(file string) bool {
	if len(p.Spec.Update.Paths) > 0 {
		return Match(p.Spec.Update.Paths, file)
	}
	dir := p.Dir()
	return dir == "." || strings.HasPrefix(path.Clean(file), dir+"/")
}

func keyOf(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
