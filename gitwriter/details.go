package gitwriter

import "time"

// Step is one image's move from one version to another.
type Step struct {
	Image, From, To, Digest string
}

// Steps gives the steps that changes make, each once, in the order in which they are shown.
func Steps(changes []Change) []Step {
	var steps []Step
	for _, m := range moves(changes) {
		steps = append(steps, m.step())
	}
	return steps
}

// steps gives each step of the changes once, in the order of the body.
func steps(changes []Change) []Step {
	var all []Step
	for _, m := range moves(changes) {
		all = append(all, m.step())
	}
	return all
}

func (m move) step() Step { return Step{Image: m.Image, From: m.From, To: m.To, Digest: m.Digest} }

// Details are what a reviewer wants to know of a step beside its versions. All texts
// come from registries and forges, and may hold anything; whoever shows them escapes
// and bounds them. What isn't known is zero.
type Details struct {
	From, To ImageFacts
	// Since is when the new tag was first seen standing for its digest, or was created.
	Since time.Time
	// Signer says who signed the new image, in words; "" where it wasn't asked.
	Signer string
	// Source is the address of the source repository's page, at a host that is known to be
	// a forge; Compare of what lies between the versions. Links lead to Source's host alone.
	Source, Compare string
	// Claimed is what the image names as its source at a host that isn't known; it is
	// shown, and no link.
	Claimed string
	// Releases are the releases after From up to To, newest first. More says that there
	// are others.
	Releases []Release
	More     bool
}

// ImageFacts is what an image says of itself.
type ImageFacts struct {
	Digest    string
	Created   time.Time
	Platforms []string // sorted, such as linux/amd64
	Size      int64    // bytes to pull for one platform; 0 where unknown
	Revision  string   // org.opencontainers.image.revision
	Version   string   // org.opencontainers.image.version
}

// Release is what a project tells about one of its versions.
type Release struct {
	Tag, Title, URL string
	Notes           string // Markdown of the publisher's
	At              time.Time
}
