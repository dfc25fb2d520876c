package policy

// manifest is the document of one ImagePolicy.
type manifest struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       Spec     `yaml:"spec"`
}

type metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// A Spec is what a person wrote below "spec" of an ImagePolicy, checked, and
// with the defaults filled in.
type Spec struct {
	// Image is the repository, without tag and digest. Required.
	Image string `yaml:"image"`
	// Schedule says when the registry is asked: five cron fields with an
	// optional CRON_TZ=, or a descriptor. Default "@every 5m".
	Schedule string `yaml:"schedule"`
	// FilterTags passes over tags by pattern, and says which part of a tag is
	// the version. Default: every tag is looked at, as a whole.
	FilterTags *FilterTags `yaml:"filterTags"`
	// Policy has exactly one kind of ordering. Required.
	Policy Kinds `yaml:"policy"`
	// Exclude lists tags that are never chosen: exact, or as /regular
	// expression/, which matches anywhere in the tag. Default none.
	Exclude []string `yaml:"exclude"`
	// Pin says whether the manifest gets the digest too. Default "tag".
	Pin Pin `yaml:"pin"`
	// AllowDowngrade lets a tag be chosen that is older than the current one.
	// Default false.
	AllowDowngrade bool `yaml:"allowDowngrade"`
	// Update says where and how the choice is written.
	Update Update `yaml:"update"`

	// MinimumAge, Platforms and Verify are known, but not built yet.
	MinimumAge Unsupported `yaml:"minimumAge"`
	Platforms  Unsupported `yaml:"platforms"`
	Verify     Unsupported `yaml:"verify"`
}

// FilterTags has the names and the meaning that Flux gave them.
type FilterTags struct {
	// Pattern is a regular expression (RE2). Only tags that it matches,
	// anywhere, are looked at. Required.
	Pattern string `yaml:"pattern"`
	// Extract makes the value to compare from the pattern's groups: $name,
	// ${name} or $1. Default: the whole tag.
	Extract string `yaml:"extract"`
}

// Kinds are the ways to order tags, of which a policy has exactly one.
type Kinds struct {
	// Semver orders by semantic version.
	Semver *Semver `yaml:"semver"`

	// The others are known, but not built yet.
	Numerical    Unsupported `yaml:"numerical"`
	Alphabetical Unsupported `yaml:"alphabetical"`
	Calver       Unsupported `yaml:"calver"`
	Newest       Unsupported `yaml:"newest"`
	Digest       Unsupported `yaml:"digest"`
}

// Semver takes the highest semantic version in a range.
type Semver struct {
	// Range is a constraint as Masterminds/semver reads it. Required; "*" takes
	// every release.
	Range string `yaml:"range"`
	// Prereleases lets prereleases fit, even where the range names none. They
	// are ordered as versions are: "<2.0.0" then takes in 2.0.0-rc.1, and
	// "<2.0.0-0" doesn't. Default false.
	Prereleases bool `yaml:"prereleases"`
}

// Update says where and how a choice is written.
type Update struct {
	// Paths are globs, as [Match] reads them, of the files to edit. Default:
	// every file below the policy file's own directory.
	Paths []string `yaml:"paths"`
	// Group names the pull request that this policy's update shares with
	// others. Default none: it travels alone.
	Group string `yaml:"group"`
	// Mode says how the update travels. Default "pull-request".
	Mode Mode `yaml:"mode"`
}

// A Mode says how an update travels.
type Mode string

const (
	// ModePullRequest proposes the update for review.
	ModePullRequest Mode = "pull-request"
	// ModeCommit commits it to the base branch.
	ModeCommit Mode = "commit"
	// ModeNotify writes nothing and only reports it.
	ModeNotify Mode = "notify"
)

// A Pin says what a reference in a manifest is pinned to.
type Pin string

const (
	// PinTag writes the tag alone.
	PinTag Pin = "tag"
	// PinDigest writes tag@sha256:…, so that the tag can't be moved.
	PinDigest Pin = "digest"
)
