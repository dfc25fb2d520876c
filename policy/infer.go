package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Suggestion is how a policy might choose for an image of which nothing is
// known but the tags in use.
type Suggestion struct {
	// Kind is the one that Policy holds, as a file names it ("semver"). It is
	// empty where no one policy suits all of the tags, which Reason tells.
	Kind string
	// Policy has the one kind with its parameters.
	Policy Kinds
	// FilterTags is nil where every tag is looked at as a whole.
	FilterTags *FilterTags
	// Reason says what the tags were taken for, and Advice what to write for
	// something else. Both are on one line; the advice may be empty.
	Reason, Advice string
}

// Infer suggests a policy by the tags that stand for one image in the manifests
// now; their order and duplicates don't matter. Each is accepted by the policy as
// the current one, and none older takes its place.
//
// What is suggested stays on what is in use: within the major version for
// versions of several numbers, and on the tag itself where nothing in it can be
// ordered. The rule, in this order: calendar versions; versions; whole numbers;
// a time, a number or a version among other parts, which a pattern finds; commit
// hashes, by the images' times; any other tag, by its digest.
func Infer(tags []string) Suggestion {
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	if len(tags) == 0 {
		return Suggestion{Reason: "no tag is in use"}
	}
	for _, tag := range tags {
		if !isTag(tag) {
			return Suggestion{Reason: quote(tag) + " can't be a tag"}
		}
	}
	for _, infer := range []func([]string) (Suggestion, bool){inferCalver, inferSemver, inferNumerical, inferPattern, inferDigest} {
		if s, ok := infer(tags); ok && s.suits(tags) {
			return s
		}
	}
	return Suggestion{Reason: fmt.Sprintf("no one policy suits the tags %s", listed(tags))}
}

// suits reports whether a policy of the suggestion would keep each of the tags
// where the registry had no other.
func (s Suggestion) suits(tags []string) bool {
	p, ok := s.build()
	if !ok {
		return false
	}
	made := func(_ Need, asked []string) ([]Facts, error) {
		facts := make([]Facts, len(asked))
		for i := range facts {
			facts[i].Created = time.Unix(1, 0)
		}
		return facts, nil
	}
	for _, tag := range tags {
		choice, err := p.Choose(Request{Current: tag, Tags: []string{tag}, Facts: made})
		if err != nil || choice.Tag != tag {
			return false
		}
	}
	return true
}

// build makes as much of a policy as choosing needs.
func (s Suggestion) build() (*Policy, bool) {
	p := &Policy{}
	var err error
	switch k := s.Policy; {
	case k.Calver != nil:
		p.kind, err = newCalver(*k.Calver)
	case k.Semver != nil:
		p.kind, err = newSemver(*k.Semver)
	case k.Numerical != nil:
		p.kind, err = newNumerical(*k.Numerical)
	case k.Alphabetical != nil:
		p.kind, err = newAlphabetical(*k.Alphabetical)
	case k.Newest != nil:
		p.kind = byCreation{}
	case k.Digest != nil:
		p.kind, err = newDigest(*k.Digest)
	}
	if f := s.FilterTags; f != nil && err == nil {
		d := &decoding{places: map[string]Position{}, bad: map[string]bool{}}
		p.filter = d.filter(*f)
		return p, p.filter != nil
	}
	return p, err == nil
}

// inferNumerical takes numbers that are too long to be versions.
func inferNumerical(tags []string) (Suggestion, bool) {
	for _, tag := range tags {
		if !isNumber(tag) {
			return Suggestion{}, false
		}
	}
	return Suggestion{
		Kind: "numerical", Policy: Kinds{Numerical: &Numerical{Order: OrderAsc}},
		Reason: fmt.Sprintf("%s %s, so the highest is taken", listed(tags), plural(tags, "is a number", "are numbers")),
	}, true
}

// inferDigest follows a tag in which nothing can be ordered.
func inferDigest(tags []string) (Suggestion, bool) {
	if len(tags) > 1 {
		return Suggestion{}, false // One of them would take the others' places.
	}
	s := Suggestion{Kind: "digest", Policy: Kinds{Digest: &Digest{Tag: tags[0]}}}
	if isMoving(tags[0]) {
		s.Reason = tags[0] + " is moved by its publisher, so its digest is followed"
	} else {
		s.Reason = tags[0] + " holds nothing to order by, so its digest is followed"
	}
	return s, true
}

// isMoving knows the words for tags that are pushed over and over again.
func isMoving(tag string) bool {
	first, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch first {
	case "latest", "stable", "main", "master", "trunk", "head", "edge", "nightly", "canary", "next", "dev", "develop",
		"development", "snapshot", "unstable", "testing", "test", "staging", "preview", "beta", "alpha", "rc", "current",
		"lts", "mainline", "release", "rolling", "prod", "production":
		return true
	}
	return false
}

// listed names the first of the tags.
func listed(tags []string) string {
	if len(tags) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(tags[:3], ", "), len(tags)-3)
	}
	if len(tags) < 2 {
		return strings.Join(tags, "")
	}
	return strings.Join(tags[:len(tags)-1], ", ") + " and " + tags[len(tags)-1]
}

func plural(tags []string, one, many string) string {
	if len(tags) == 1 {
		return one
	}
	return many
}
