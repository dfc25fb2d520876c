package policy

import "time"

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

	// MinimumAge is how long a tag must have stood for its image before it is
	// chosen, as Go writes durations ("72h"). Default 0.
	MinimumAge time.Duration `yaml:"minimumAge"`
	// Platforms are os/architecture[/variant] that the image must all have; without
	// a variant any will do. Default none, which doesn't look.
	Platforms []string `yaml:"platforms"`
	// Verify says who must have signed the image. Default: it isn't asked.
	Verify *Verify `yaml:"verify"`
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
	Semver       *Semver       `yaml:"semver"`
	Numerical    *Numerical    `yaml:"numerical"`
	Alphabetical *Alphabetical `yaml:"alphabetical"`
	Calver       *Calver       `yaml:"calver"`
	Newest       *Newest       `yaml:"newest"`
	Digest       *Digest       `yaml:"digest"`
}

// Verify names those of whom one must have signed the image, as cosign signs.
type Verify struct {
	// Keyless are identities that a certificate of the trust root proves.
	Keyless []Identity `yaml:"keyless"`
	// Keys are public keys.
	Keys []Key `yaml:"keys"`
}

// An Identity is who signed, by a certificate. Both are exact, or a /regular
// expression/ that matches the whole.
type Identity struct {
	// Issuer is the OpenID Connect issuer's URL. Required.
	Issuer string `yaml:"issuer"`
	// Subject is the e-mail address or URI of the signer. Required.
	Subject string `yaml:"subject"`
}

// A Key is where a public key in PEM stands: exactly one of a file in the
// repository and a Kubernetes Secret.
type Key struct {
	// Path is the file, from the root of the repository.
	Path string `yaml:"path"`
	// Secret is the Secret's name, in the policy's namespace.
	Secret string `yaml:"secret"`
	// Field is the Secret's field. Default cosign.pub.
	Field string `yaml:"field"`
}

// Update says where and how a choice is written.
type Update struct {
	// Paths are globs, as [Match] reads them, of the files to edit. Default:
	// every file below the policy file's own directory.
	Paths []string `yaml:"paths"`
	// Group names the pull request that this policy's update shares with
	// others. Default none: it travels alone.
	Group string `yaml:"group"`
	// Labels are put on the pull request beside those of [UpdateConfig]. Updates with
	// the label "security" come before all others. Default none.
	Labels []string `yaml:"labels"`
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
