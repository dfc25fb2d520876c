package policy

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Semver takes the highest semantic version in a range.
type Semver struct {
	// Range is a constraint as Masterminds/semver reads it. Required; "*" takes
	// every release.
	Range string `yaml:"range"`
	// Prereleases lets prereleases fit, even where the range names none. They
	// are ordered as versions are: "<2.0.0" then takes in 2.0.0-rc.1, and
	// "<2.0.0-0" doesn't. Default false.
	Prereleases bool `yaml:"prereleases"`
	// Parts is how many numbers a tag has, 1 to 4. Default 0: as many as the
	// current tag, and three where that is no version.
	Parts int `yaml:"parts"`
	// PrereleaseWords and VariantWords name first words of suffixes that are to
	// be read as a prerelease, or as a variant, against the rule; "number"
	// stands for a number. Default none.
	PrereleaseWords []string `yaml:"prereleaseWords"`
	VariantWords    []string `yaml:"variantWords"`
}

// byVersion is the kind semver.
type byVersion struct {
	spec  Semver
	asked *constraint // as the policy asks
	open  *constraint // the same, prereleases included
	named *words
	// flux reads and orders tags as Flux does: to the letter of semantic
	// versioning, but for a leading v and leading zeros.
	flux bool
}

func newSemver(spec Semver) (*byVersion, error) {
	if spec.Parts < 0 || spec.Parts > maxParts {
		return nil, fmt.Errorf("a version has 1 to %d numbers, not %d", maxParts, spec.Parts)
	}
	library, err := parseRange(spec.Range)
	if err != nil {
		return nil, err
	}
	k := &byVersion{
		spec:  spec,
		asked: compileRange(spec.Range, library, spec.Prereleases),
		open:  compileRange(spec.Range, library, true),
	}
	if k.asked.empty() {
		return nil, fmt.Errorf("no version is in the range %s", quote(spec.Range))
	}
	if len(spec.PrereleaseWords)+len(spec.VariantWords) > 0 {
		k.named = &words{prerelease: spec.PrereleaseWords, variant: spec.VariantWords}
	}
	return k, nil
}

func (k *byVersion) read(value string, extracted bool, r *reading) string {
	switch {
	case k.flux && !isWhole(value):
		return noVersion
	case k.flux:
		return readValue(value, r)
	case extracted:
		// Helm writes the plus sign, which no tag may have, as an underscore.
		return readValue(strings.Replace(value, "_", "+", 1), r)
	}
	ver, written, why := readVersion(value, k.named)
	r.version, r.written = ver, written
	return why
}

// readValue reads what filterTags extracted, by the library's own rules. They
// leave it open how the value is written, and allow leading zeros (2024.01.05),
// as Flux does.
func readValue(value string, r *reading) string {
	ver, err := semver.NewVersion(value)
	switch {
	case err != nil && overflows(value):
		return tooBig
	case err != nil:
		return noVersion
	case hasTooBig(ver.Prerelease()):
		return tooBig
	}
	core, _, _ := strings.Cut(value, "-")
	core, _, _ = strings.Cut(core, "+")
	r.version = version{pre: ver.Prerelease()}
	r.version.numbers = [maxParts]uint64{ver.Major(), ver.Minor(), ver.Patch()}
	r.written = form{parts: uint8(1 + strings.Count(core, ".")), variant: ver.Metadata()} // #nosec G115 -- three at most
	return ""
}

// isWhole reports whether Flux would try to read the value as a version: it has
// to have two dots (fluxcd/pkg/version, ParseVersion), wherever they stand.
func isWhole(value string) bool { return strings.Count(value, ".") >= 2 }

// overflows tells a version whose numbers are too big from no version at all.
func overflows(value string) bool {
	rest := strings.TrimPrefix(value, "v")
	for range 3 {
		digits, after := cutDigits(rest)
		if digits == "" {
			return false
		}
		if _, why := number(digits); why == tooBig {
			return true
		}
		rest = strings.TrimPrefix(after, ".")
	}
	return false
}

func (k *byVersion) fits(r *reading) class {
	switch {
	case k.asked.check(&r.version):
		return fits
	case r.version.pre != "" && !k.spec.Prereleases && k.open.check(&r.version):
		return prereleaseUnasked
	}
	return outOfRange
}

func (k *byVersion) compare(a, b *reading) int {
	if k.flux {
		return compareStrictly(&a.version, &b.version)
	}
	if c := compareVersions(&a.version, &b.version); c != 0 {
		return c
	}
	return compareVariants(&a.written, &b.written)
}

// compareVariants orders variants that differ in their numbers alone.
func compareVariants(a, b *form) int {
	if a.variant == b.variant || !sameShape(a.variant, b.variant) {
		return 0
	}
	return natural(a.variant, b.variant)
}

// olderBase reports whether a variant is built on an older base than another:
// alpine3.17 than alpine3.18. The number of a build or package revision at its end
// (-r5, -k3s2, _5) begins anew with each version and says nothing of the base.
func olderBase(a, b *form) bool {
	if a.variant == b.variant || !sameShape(a.variant, b.variant) {
		return false
	}
	return natural(cutRevision(a.variant), cutRevision(b.variant)) < 0
}

// cutRevision cuts a revision off the end of a variant.
func cutRevision(variant string) string {
	rest := strings.TrimRight(variant, "0123456789")
	at := strings.LastIndexAny(rest, "-_.")
	if rest == variant || at < 0 {
		return variant
	}
	switch strings.ToLower(rest[at+1:]) {
	case "r", "rev", "b", "build", "p", "ls", "k3s", "rke2r":
		return variant[:at]
	case "":
		if variant[at] == '_' || at == 0 {
			return variant[:at]
		}
	}
	return variant
}

func (k *byVersion) level(from, to *reading) Level { return levelOf(&from.version, &to.version) }

// levelOf says which number of a version a change moves.
func levelOf(from, to *version) Level {
	switch {
	case from.numbers[0] != to.numbers[0]:
		return LevelMajor
	case from.numbers[1] != to.numbers[1]:
		return LevelMinor
	case from.numbers != to.numbers || from.pre != to.pre:
		return LevelPatch
	}
	return LevelOther
}

func (k *byVersion) form() formRule {
	if k.flux {
		return formRule{}
	}
	return formRule{asCurrent: true, plain: true, parts: uint8(k.spec.Parts), otherwise: 3, years: k.asked.years} // #nosec G115 -- 0 to 4, validated
}

func (k *byVersion) words() phrases {
	return phrases{"highest", "higher", "version", "the range " + quote(strings.Join(strings.Fields(k.spec.Range), " "))}
}

// floorOf gives the version that a tag amounts to at least, where the tag begins
// with two numbers but isn't a version (1.2.3.4.5). Such a current tag sets no
// form, but nothing older may take its place.
func floorOf(tag string) (version, bool) {
	rest := strings.TrimPrefix(tag, "v")
	var v version
	count := 0
	for ; count < maxParts; count++ {
		digits, after := cutDigits(rest)
		if digits == "" {
			break
		}
		n, why := number(digits)
		if why != "" {
			n = ^uint64(0) // the highest there is
		}
		v.numbers[count] = n
		if rest = strings.TrimPrefix(after, "."); rest == after {
			count++
			break
		}
	}
	return v, count >= 2
}
