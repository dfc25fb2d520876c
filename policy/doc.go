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
// file, line, column and a hint. So is what could never choose a tag, as far as
// that is certain.
//
// # Kinds
//
// A policy has exactly one way to read and order tags: [Semver], [Numerical],
// [Alphabetical], [Calver], [Newest] by the image's own creation time, or
// [Digest], which follows one tag that its publisher moves. Each has a file of
// its own.
//
// # How a tag is read
//
// Without filterTags a tag is a version when it is written as an optional
// leading v, one to four numbers, and an optional suffix. A single number of
// six digits or more is a date or a build number, and never a version; nor is
// what has letters right behind its numbers, as a commit's hash may, unless
// these begin a prerelease behind two numbers at least (3.13.0rc1).
//
// The suffix is a prerelease when its first part is a number or one of the
// words alpha, beta, rc, cr, pre, preview, prerelease, dev, snapshot, nightly,
// canary, next, ea, milestone, test, unstable, experimental, insiders or edge,
// or one of a, b, c, m followed by a number. All that follows is the variant
// (-alpine3.18, -debian-12, _5). A policy moves words from one side to the other
// by prereleaseWords and variantWords.
//
// The current tag sets the form: only tags with the same leading v, as many
// numbers and the same variant but for the numbers in it take its place. What
// counts by years doesn't replace what counts from one, and numbers have leading
// zeros only where the current tag has. When the current tag is unknown or no
// version, only tags of three numbers without these and without a variant do.
//
// Calver reads a layout instead of the numbers, and the suffix likewise.
// Numerical and Digest have no form, Alphabetical and Newest only where the
// current tag is a version. With filterTags the policy filters for itself: what
// extract yields is read, and the form of the current tag doesn't matter.
//
// # How one is chosen
//
// Ranges and their rule for prereleases are those of Masterminds/semver: a
// prerelease fits only where the range names one or prereleases is true. Of the
// tags that fit, the best by the kind's order wins; of equal versions the one of
// the later variant. Among equals the current tag stays; otherwise the one with
// more numbers wins, then the longer tag, then the later one bytewise. A tag
// that is older than the current one, or of an older variant, never fits unless
// allowDowngrade is true.
//
// A [Hold] keeps back what a person moved away from in Git, and all that is not
// above it. It is given; the package knows no history. [Policy.Released] tells of
// tags that the policy's author wants nevertheless.
//
// # What an image must show
//
// Age, platforms, signatures and creation times aren't in a tag. A [Witness]
// tells of them, for few tags at a time, the best first; one that doesn't pass
// waits, and the next is asked about. The current tag may always stay. Without a
// witness nothing is asked, which [Choice.Unchecked] says. What passed is only
// trusted for the digest that the witness told of.
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
