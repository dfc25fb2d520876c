package gitwriter

import "time"

// Step is one image's move from one version to another.
type Step struct {
	Image, From, To, Digest string
}

// Details are what a reviewer wants to know of a step beside its versions. All texts
// come from registries and forges, and may hold anything; whoever shows them escapes
// and bounds them. What isn't known is zero.
type Details struct {
	From, To ImageFacts
	// Since is when the new tag was first seen standing for its digest, or was created.
	Since time.Time
	// Signer says who signed the new image, in words; "" where it wasn't asked.
	Signer string
	// Source is the address of the source repository's page, Compare of what lies between
	// the versions.
	Source, Compare string
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
