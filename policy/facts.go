package policy

import "time"

// A Need is what a policy must know of an image beside its tag.
type Need uint

const (
	// NeedCreated asks for [Facts.Created].
	NeedCreated Need = 1 << iota
	// NeedAge asks for [Facts.Since] and [Facts.Digest].
	NeedAge
	// NeedPlatforms asks for [Facts.Platforms] and [Facts.Digest].
	NeedPlatforms
	// NeedSignature asks for [Facts.Signature] and [Facts.Digest].
	NeedSignature
)

// Has reports whether one is asked for.
func (n Need) Has(one Need) bool { return n&one != 0 }

// Facts are what is known of the image that a tag stands for.
type Facts struct {
	// Digest is the image's, "sha256:…". What is chosen by the facts is pinned
	// to it, so that a tag which moves meanwhile isn't trusted for them.
	Digest string
	// Created is when the image says that it was made; zero where it doesn't say.
	Created time.Time
	// Since is when the tag was first seen to stand for the digest.
	Since time.Time
	// Guessed says that Since is when the image says it was made, because the
	// tag is older than what anybody remembers.
	Guessed bool
	// Platforms are those in the image, as os/architecture[/variant].
	Platforms []string
	// Signature says in words who signed the image, of those that the policy
	// asks for; empty where none of them has.
	Signature string
	// Problem says on one line why something couldn't be known and never will,
	// or why no signature counts. An image with a problem isn't chosen.
	Problem string
}

// A Witness tells the facts of tags, in their order, where the policy needs
// them. It is asked for few tags at a time, the best first; an error ends the
// choice, since a lower tag must not be taken for a registry's outage.
type Witness func(need Need, tags []string) ([]Facts, error)

// Needs says what a choice by this policy needs to know beside the tags.
func (p *Policy) Needs() Need {
	need := p.gates()
	if _, ok := p.kind.(byCreation); ok {
		need |= NeedCreated
	}
	return need
}

// gates says what an image must show before it is chosen.
func (p *Policy) gates() Need {
	var need Need
	if p.Spec.MinimumAge > 0 {
		need |= NeedAge
	}
	if len(p.Spec.Platforms) > 0 {
		need |= NeedPlatforms
	}
	if p.Spec.Verify != nil {
		need |= NeedSignature
	}
	return need
}
