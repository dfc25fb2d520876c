// Package policy decides which tag of an image is wanted.
//
// It reads the policy files that people commit beside their manifests (kind
// ImagePolicy) and the settings that all updates of a repository share (kind
// UpdateConfig), and it makes the choice among the tags that a registry lists.
// Both are functions of bytes and values: the package does no I/O, so that a
// choice can be tried, explained and tested without a registry or a cluster.
//
// Reading is strict, because a policy that is silently half understood moves
// production to the wrong tag. Whatever isn't understood is a [Problem] with
// file, line, column and a hint. A field that the design names but this
// version doesn't build yet is a Problem too; it is never ignored.
//
// # How a tag is read
//
// Without filterTags a tag is a version when it is written as an optional
// leading v, one to three numbers without leading zeros, and an optional
// suffix. The suffix is a prerelease when its first part is a number or one of
// the words alpha, beta, rc, cr, pre, preview, prerelease, dev, snapshot,
// nightly, canary, next, ea, milestone, test, unstable, experimental, insiders
// or edge, or one of a, b, c, m followed by a number; a dash in front is not
// needed where the version has two numbers at least (3.13.0rc1). All that
// follows is the variant (-alpine3.18, -debian-12). A single number of six
// digits or more is a date or a build number, and never a version.
//
// The current tag sets the form: only tags with the same leading v, as many
// numbers and the same variant take its place. When the current tag is unknown
// or no version, only tags of three numbers without a variant do.
//
// With filterTags the policy filters for itself: what extract yields is read as
// a semantic version, and the form of the current tag doesn't matter.
//
// # How one is chosen
//
// Ranges and their rule for prereleases are those of Masterminds/semver: a
// prerelease fits only where the range names one or prereleases is true. Of the
// tags that fit, the highest version wins. Among equal versions the current tag
// stays; otherwise the one with more numbers wins, then the longer tag, then
// the later one bytewise. A tag that is older than the current one never fits
// unless allowDowngrade is true.
//
// # Flux
//
// The ImageRepository, ImagePolicy and ImageUpdateAutomation documents of Flux
// are policies, too ([ParseFlux], [ResolveFlux]), and mean what they mean there:
// only marked references are governed, tags are read and ordered as Flux does,
// the current tag doesn't matter, and what the policy selects is taken even where
// that is older. Four things differ, for the better: numbers are compared exactly,
// and a tag that isn't one is passed over instead of ending the choice; of equal
// versions always the same one wins; a reference that is pinned to a digest stays
// pinned; and what a person moved back in Git is held.
package policy
