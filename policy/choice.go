package policy

import (
	"fmt"
	"time"
)

// A Request is what a choice is made from.
type Request struct {
	// Current is the tag in the manifest, or empty when it isn't known.
	Current string
	// CurrentDigest is the digest in the manifest, or empty.
	CurrentDigest string
	// Foreign says that another image stands in the manifest, which the policy's is
	// to replace. The current tag counts as ever, but what it stands for in the
	// policy's repository isn't in use yet, and must show what any other must.
	Foreign bool
	// Tags are all that the registry lists, in any order. They are only read.
	Tags []string
	// Hold is what a person moved away from, or nil.
	Hold *Hold
	// Facts tells of images what their tags don't. Without it nothing is
	// asked for, which [Choice.Unchecked] says.
	Facts Witness
	// Now is the time by which ages are measured. Only policies with a minimum
	// age need it.
	Now time.Time
}

// A Hold keeps a policy from undoing what a person did: where a person moved a
// value back in Git, nothing up to the tag that stood there is taken again.
type Hold struct {
	// Tag is the one that the person moved away from.
	Tag string
	// Words say who moved it, when and by which commit, on one line.
	Words string
}

// A Choice is the tag that a policy wants, and why.
type Choice struct {
	// Tag is one of the request's tags.
	Tag string `json:"tag"`
	// Digest is the image that the facts were told of, where they were asked
	// for; the tag is trusted for that image alone.
	Digest string `json:"digest,omitempty"`
	// Changed says that it isn't the current tag, or that the tag is the one
	// but stands for another digest, where that is followed. So it always is
	// when the current tag isn't known.
	Changed bool `json:"changed"`
	// Keep says that what stands in the manifest stays as it is, digest
	// included: what the tag stands for now doesn't fit (yet).
	Keep bool `json:"keep,omitempty"`
	// Level says how far it is from the current tag.
	Level Level `json:"level"`
	// Reason is a sentence or two that fit a pull request.
	Reason string `json:"reason"`
	// Waiting are tags that would be preferred, but don't fit yet or aren't
	// trusted: at most ten, the best first.
	Waiting []Candidate `json:"waiting,omitempty"`
	// Unchecked names what the policy asks for and nobody could tell.
	Unchecked []string `json:"unchecked,omitempty"`
}

// A Candidate is a tag that a policy looked at.
type Candidate struct {
	// Tag is as the registry lists it. It may be hostile text when rejected.
	Tag string `json:"tag"`
	// Verdict is what became of it.
	Verdict Verdict `json:"verdict"`
	// Reason says why, in the policy's words. It never holds the tag itself.
	Reason string `json:"reason"`
	// Until is when a tag that waits is old enough, as far as the facts go; zero where
	// it waits for something else.
	Until time.Time `json:"until,omitzero"`
}

// A Verdict is what became of a candidate.
type Verdict string

const (
	// Chosen is the verdict on the one tag that is wanted.
	Chosen Verdict = "chosen"
	// PassedOver is the verdict on a tag that fits, where another is better.
	PassedOver Verdict = "passed-over"
	// Waits is the verdict on a tag that would be better, but is too young, or
	// lacks a platform or a signature.
	Waits Verdict = "waits"
	// Rejected is the verdict on a tag that doesn't fit the policy.
	Rejected Verdict = "rejected"
)

// A Level says which part of the version a change moves, up or down.
type Level string

const (
	// LevelNone is no change at all.
	LevelNone Level = "none"
	// LevelPatch moves the third or fourth number, or only the prerelease.
	LevelPatch Level = "patch"
	// LevelMinor moves the second number; of a calendar version the second unit.
	LevelMinor Level = "minor"
	// LevelMajor moves the first number; of a calendar version the first unit.
	LevelMajor Level = "major"
	// LevelOther is a change that can't be measured: the current tag is unknown
	// or no version, says the same version in another form or variant, or the
	// policy doesn't order by versions.
	LevelOther Level = "other"
)

// NoChoice is the error of [Policy.Choose] when no tag fits.
type NoChoice struct {
	// Image is the repository, as the policy writes it.
	Image string `json:"image"`
	// Reason counts why the tags were rejected, on one line.
	Reason string `json:"reason"`
}

// Error names the image and gives the reason.
func (e *NoChoice) Error() string {
	return fmt.Sprintf("choosing a tag of %q: %s", e.Image, e.Reason)
}
