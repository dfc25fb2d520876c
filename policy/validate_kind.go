package policy

import (
	"fmt"
	"regexp"
	"strings"
)

const layoutHint = `write it like "YYYY.MM.DD" or "YY.0M.MICRO"; see https://calver.org`

// kind makes the one kind that a policy has, or reports why it can't.
func (d *decoding) kind(kinds Kinds) kind {
	const path = "spec.policy"
	names := []string{"semver", "numerical", "alphabetical", "calver", "newest", "digest"}
	named := 0
	for _, name := range names {
		if d.has(path + "." + name) {
			named++
		}
	}
	if named != 1 {
		unknown := false
		for bad := range d.bad {
			unknown = unknown || strings.HasPrefix(bad, path+".")
		}
		if named > 1 || !unknown {
			d.fail(path, fmt.Sprintf("wants exactly one kind, found %d", named), "write one of: "+strings.Join(names, ", "))
		}
		return nil
	}
	switch {
	case kinds.Semver != nil:
		return d.semver(path+".semver", *kinds.Semver)
	case kinds.Calver != nil:
		return d.calver(path+".calver", *kinds.Calver)
	case kinds.Numerical != nil:
		kinds.Numerical.Order = oneOf(d, path+".numerical.order", kinds.Numerical.Order, OrderAsc, OrderDesc)
		return built(newNumerical(*kinds.Numerical))
	case kinds.Alphabetical != nil:
		kinds.Alphabetical.Order = oneOf(d, path+".alphabetical.order", kinds.Alphabetical.Order, OrderAsc, OrderDesc)
		return built(newAlphabetical(*kinds.Alphabetical))
	case kinds.Newest != nil:
		return byCreation{}
	case kinds.Digest != nil:
		return d.digest(path+".digest", *kinds.Digest)
	}
	return nil // What stands there is no mapping, which has been reported.
}

func (d *decoding) semver(path string, spec Semver) kind {
	d.words(path, spec.PrereleaseWords, spec.VariantWords)
	if d.has(path+".parts") && (spec.Parts < 1 || spec.Parts > maxParts) {
		d.fail(path+".parts", fmt.Sprintf("is %d", spec.Parts), fmt.Sprintf("a version has 1 to %d numbers; leave it out for as many as the current tag", maxParts))
		spec.Parts = 0
	}
	if !d.required(path+".range", rangeHint) {
		return nil
	}
	k, err := newSemver(spec)
	if err != nil {
		d.fail(path+".range", err.Error(), rangeHint)
		return nil
	}
	return k
}

func (d *decoding) calver(path string, spec Calver) kind {
	d.words(path, spec.PrereleaseWords, spec.VariantWords)
	if !d.required(path+".layout", layoutHint) {
		return nil
	}
	k, err := newCalver(spec)
	if err != nil {
		d.fail(path+".layout", err.Error(), layoutHint)
		return nil
	}
	return k
}

func (d *decoding) digest(path string, spec Digest) kind {
	if !d.required(path+".tag", "name the tag to follow, such as stable") {
		return nil
	}
	k, err := newDigest(spec)
	if err != nil {
		d.fail(path+".tag", err.Error(), "write a tag as it stands in the registry")
	}
	if d.has("spec.filterTags") {
		d.fail("spec.filterTags", "has no meaning beside digest", "leave it out: one tag is followed")
	}
	return k
}

// built gives a kind whose order is known to be right or has been reported.
func built[K kind](k K, err error) kind {
	if err != nil {
		return nil
	}
	return k
}

// words checks the words that a policy sorts suffixes by, and that none is on
// both sides.
func (d *decoding) words(path string, prerelease, variant []string) {
	valid := regexp.MustCompile(`^[A-Za-z]{1,40}$`)
	side := map[string]string{}
	for _, list := range []struct {
		name  string
		words []string
	}{{"prereleaseWords", prerelease}, {"variantWords", variant}} {
		if len(list.words) > 50 {
			d.fail(path+"."+list.name, "has more than 50 words", "")
			return
		}
		for i, word := range list.words {
			at := fmt.Sprintf("%s.%s[%d]", path, list.name, i)
			if !valid.MatchString(word) {
				d.fail(at, quote(word)+" is no word", `write the letters that a suffix begins with, such as rc, or "number"`)
			} else if other := side[strings.ToLower(word)]; other != "" && other != list.name {
				d.fail(at, quote(word)+" stands in "+other+" as well", "")
			}
			side[strings.ToLower(word)] = list.name
		}
	}
}
