package policy

import "fmt"

// A Request is what a choice is made from.
type Request struct {
	// Current is the tag in the manifest, or empty when it isn't known.
	Current string
	// Tags are all that the registry lists, in any order; duplicates count once.
	Tags []string
}

// A Choice is the tag that a policy wants, and why.
type Choice struct {
	// Tag is one of the request's tags.
	Tag string `json:"tag"`
	// Changed says that it isn't the current tag; so it always is when that
	// isn't known.
	Changed bool `json:"changed"`
	// Level says how far it is from the current tag.
	Level Level `json:"level"`
	// Reason is a sentence that fits a pull request.
	Reason string `json:"reason"`
	// Candidates are all tags of the request: those that fit, the best first,
	// then the rejected ones bytewise.
	Candidates []Candidate `json:"candidates"`
}

// A Candidate is a tag that a policy looked at.
type Candidate struct {
	// Tag is as the registry lists it. It may be hostile text when rejected.
	Tag string `json:"tag"`
	// Verdict is what became of it.
	Verdict Verdict `json:"verdict"`
	// Reason says why, in the policy's words. It never holds the tag itself.
	Reason string `json:"reason"`
}

// A Verdict is what became of a candidate.
type Verdict string

const (
	// Chosen is the verdict on the one tag that is wanted.
	Chosen Verdict = "chosen"
	// PassedOver is the verdict on a tag that fits, where another is better.
	PassedOver Verdict = "passed-over"
	// Rejected is the verdict on a tag that doesn't fit the policy.
	Rejected Verdict = "rejected"
)

// A Level says which part of the version a change moves, up or down.
type Level string

const (
	// LevelNone is no change at all.
	LevelNone Level = "none"
	// LevelPatch moves the third number, or only the prerelease.
	LevelPatch Level = "patch"
	// LevelMinor moves the second number.
	LevelMinor Level = "minor"
	// LevelMajor moves the first number.
	LevelMajor Level = "major"
	// LevelOther is a change that can't be measured: the current tag is unknown
	// or no version, or says the same version in another form.
	LevelOther Level = "other"
)

// NoChoice is the error of [Policy.Choose] when no tag fits.
type NoChoice struct {
	// Image is the repository, as the policy writes it.
	Image string `json:"image"`
	// Reason counts why the tags were rejected, on one line.
	Reason string `json:"reason"`
	// Candidates are all tags of the request, bytewise, each with its reason.
	Candidates []Candidate `json:"candidates"`
}

// Error names the image and gives the reason.
func (e *NoChoice) Error() string {
	return fmt.Sprintf("choosing a tag of %q: %s", e.Image, e.Reason)
}
