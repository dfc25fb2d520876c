package releasenotes

import (
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// versions are the spellings under which a version may be released, the likeliest first,
// without a leading v: the tag, what the image says of itself, the tag without what names
// a variant, such as -alpine.
func versions(i Image) []string {
	var all []string
	add := func(v string) {
		v = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(v), "v"))
		if v != "" && len(v) <= 128 && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	add(i.Tag)
	add(i.Labels[LabelVersion])
	add(regexp.MustCompile(`^v?\d+(?:\.\d+)*`).FindString(i.Tag))
	return all
}

// split takes a tag apart into what it shares with the others of its series, and the
// version: web/ and 1.2.3 of web/v1.2.3. The version is "" where there is none.
func (s *search) split(tag string) (prefix, version string) {
	digits := regexp.MustCompile(`^[vV]?(\d.*)$`)
	if m := digits.FindStringSubmatch(tag); m != nil {
		return "", strings.ToLower(m[1])
	}
	for _, name := range s.names {
		if len(tag) <= len(name)+1 || !strings.EqualFold(tag[:len(name)], name) || !strings.ContainsAny(tag[len(name):len(name)+1], "-/@_.") {
			continue
		}
		if m := digits.FindStringSubmatch(tag[len(name)+1:]); m != nil {
			return tag[:len(name)+1], strings.ToLower(m[1])
		}
	}
	return tag, ""
}

func (s *search) versionOf(tag string) string {
	_, version := s.split(tag)
	return version
}

// tagOf finds the tag of a version: the first spelling that there is a tag for; one that
// is the version alone before one that the name stands before; "" where there is none.
func (s *search) tagOf(spellings, tags []string) string {
	for _, spelling := range spellings {
		named := ""
		for _, tag := range tags {
			if strings.EqualFold(tag, spelling) {
				return tag
			}
			prefix, version := s.split(tag)
			switch {
			case version != spelling:
			case prefix == "":
				return tag
			case named == "":
				named = tag
			}
		}
		if named != "" {
			return named
		}
	}
	return ""
}

// ordered reads a version that can be compared; nil for any other.
func ordered(version string) *semver.Version {
	v, err := semver.NewVersion(version)
	if err != nil {
		return nil
	}
	return v
}

// oldVersion is the old version in the spelling that can be compared.
func (s *search) oldVersion() *semver.Version {
	// What names a variant reads as a version before the plain one: the plain one counts.
	for _, spelling := range slices.Backward(s.from) {
		if v := ordered(spelling); v != nil {
			return v
		}
	}
	return nil
}

// passed tells that the releases so far reach back to the old version.
func (s *search) passed(all []answered) bool {
	if s.tagOf(s.from, tagsOf(all)) != "" {
		return true
	}
	to, oldest := s.tagOf(s.to, tagsOf(all)), s.oldVersion()
	prefix, _ := s.split(to)
	for _, r := range all {
		if p, version := s.split(r.Tag); p == prefix && oldest != nil {
			if v := ordered(version); v != nil && !v.GreaterThan(oldest) {
				return true
			}
		}
	}
	return false
}
