package policy

import "fmt"

// Digest follows one tag that the publisher moves: the reference is pinned to
// the digest that the tag stands for.
type Digest struct {
	// Tag is the tag to follow, such as stable. Required.
	Tag string `yaml:"tag"`
}

// byDigest is the kind digest.
type byDigest struct{ tag string }

func newDigest(spec Digest) (byDigest, error) {
	if !isTag(spec.Tag) {
		return byDigest{}, fmt.Errorf("%s can't be a tag", quote(spec.Tag))
	}
	return byDigest{tag: spec.Tag}, nil
}

const otherTag = "is not the tag that is followed"

func (k byDigest) read(value string, _ bool, _ *reading) string {
	if value != k.tag {
		return otherTag
	}
	return ""
}

func (k byDigest) fits(*reading) class       { return fits }
func (k byDigest) compare(_, _ *reading) int { return 0 }
func (k byDigest) level(_, _ *reading) Level { return LevelOther }
func (k byDigest) form() formRule            { return formRule{} }

func (k byDigest) words() phrases {
	return phrases{superlative: "one", comparative: "followed", noun: "tag", among: "digest: {tag: " + quote(k.tag) + "}"}
}
