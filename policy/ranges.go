package policy

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// A constraint is a range of Masterminds/semver, asked in advance: which
// versions fit only changes at the versions that the range names and at those
// next to them, so the library is asked once at each of these, and what lies
// between needs no parsing, no allocation and no library. A test holds it equal
// to the library on ranges and versions at random.
type constraint struct {
	releases    []bound // by version
	prereleases []bound
	// library is asked itself about prereleases where a range leaves out one
	// prerelease of many versions (!=1.2.x-rc.1): then there is no such order.
	library *semver.Constraints
	// years says that the range names a version that begins with a year.
	years bool
}

// A bound says whether versions fit from this one on, up to the next bound.
type bound struct {
	at   version
	fits bool
}

// parseRange reads a range. An empty one is refused, though the library takes
// it as "*": nobody should get every version by leaving something out.
func parseRange(text string) (*semver.Constraints, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("the range is empty")
	}
	library, err := semver.NewConstraint(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a range of versions", quote(text))
	}
	return library, nil
}

// compileRange asks the library for all bounds of a range that it has read.
func compileRange(text string, library *semver.Constraints, prereleases bool) *constraint {
	asked := *library
	asked.IncludePrerelease = prereleases
	c := &constraint{}
	cores := []version{{}}
	var pres []version
	for _, l := range literals(text) {
		cores = append(cores, after(l.version)...)
		c.years = c.years || l.parts > 0 && isYear(l.numbers[0])
		if l.pre == "" {
			continue
		}
		next := l.version
		next.pre += ".0" // the prerelease right behind it
		pres = append(pres, l.version, next)
		if l.parts < 3 {
			c.library = &asked
		}
	}
	c.releases = bounds(&asked, cores)
	for _, core := range cores {
		pres = append(pres, lowest(core))
		if core.numbers[2] < math.MaxUint64 {
			core.numbers[2]++
			pres = append(pres, lowest(core))
		}
	}
	c.prereleases = bounds(&asked, pres)
	return c
}

// lowest gives the lowest prerelease of a version.
func lowest(core version) version {
	core.pre = "0"
	return core
}

// after gives a version and those at which its patches, minors and majors end.
func after(v version) []version {
	v.pre = ""
	all := []version{v}
	for i := range 3 {
		next := version{}
		copy(next.numbers[:], v.numbers[:i+1])
		if next.numbers[i] == math.MaxUint64 {
			continue
		}
		next.numbers[i]++
		all = append(all, next)
	}
	return all
}

func bounds(library *semver.Constraints, at []version) []bound {
	slices.SortFunc(at, func(a, b version) int { return compareStrictly(&a, &b) })
	at = slices.Compact(at)
	all := make([]bound, 0, len(at))
	for _, v := range at {
		all = append(all, bound{v, library.Check(v.library())})
	}
	return all
}

// library gives the version as the library has it; a fourth number is unknown there.
func (v *version) library() *semver.Version {
	return semver.New(v.numbers[0], v.numbers[1], v.numbers[2], v.pre, "")
}

// compareStrictly orders by the rules of semantic versioning to the letter.
func compareStrictly(a, b *version) int {
	for i := range 3 {
		if a.numbers[i] != b.numbers[i] {
			return cmp.Compare(a.numbers[i], b.numbers[i])
		}
	}
	return comparePre(a.pre, b.pre, strings.Compare)
}

// check reports whether the version is in the range.
func (c *constraint) check(v *version) bool {
	all := c.releases
	if v.pre != "" {
		if c.library != nil {
			return c.library.Check(v.library())
		}
		all = c.prereleases
	}
	n := sort.Search(len(all), func(i int) bool { return compareStrictly(&all[i].at, v) > 0 })
	return n > 0 && all[n-1].fits
}

// empty reports whether no version at all is in the range.
func (c *constraint) empty() bool {
	none := func(all []bound) bool { return !slices.ContainsFunc(all, func(b bound) bool { return b.fits }) }
	return none(c.releases) && c.library == nil && none(c.prereleases)
}

// A literal is a version that a range names, with how many numbers it gives.
type literal struct {
	version
	parts int
}

// literals finds the versions in a range that the library has accepted.
func literals(text string) []literal {
	const number = `(\d+|[xX*])`
	pattern := regexp.MustCompile(`v?` + number + `(?:\.` + number + `)?(?:\.` + number + `)?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?`)
	var all []literal
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		l := literal{version: version{pre: m[4]}}
		for i, part := range m[1:4] {
			n, err := strconv.ParseUint(part, 10, 64)
			if err != nil {
				break // a wildcard, or nothing
			}
			l.numbers[i] = n
			l.parts = i + 1
		}
		all = append(all, l)
	}
	return all
}
