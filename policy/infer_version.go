package policy

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// inferSemver takes tags that are versions, where one range suits them: they
// have one major version, and are all releases or all prereleases, since a policy
// that takes prereleases would move a release to one.
func inferSemver(tags []string) (Suggestion, bool) {
	var low version
	var forms []form
	single := true
	for i, tag := range tags {
		v, f, why := readVersion(tag, nil)
		digits, _ := cutDigits(strings.TrimPrefix(tag, "v"))
		switch {
		case why != "" || f.year || hasHash(f.variant):
			return Suggestion{}, false
		case f.parts == 1 && len(digits) > 3 && (f.variant == "" || !isYear(v.numbers[0])):
			return Suggestion{}, false // A build's number; 2022-latest is a version.
		}
		single = single && f.parts == 1
		forms = append(forms, f)
		if i == 0 {
			low = v
			continue
		}
		if (low.pre == "") != (v.pre == "") {
			return Suggestion{}, false
		}
		if compareVersions(&v, &low) < 0 {
			low = v
		}
	}
	for _, tag := range tags {
		if v, _, _ := readVersion(tag, nil); !single && v.numbers[0] != low.numbers[0] {
			return Suggestion{}, false
		}
	}
	s := withinMajor(&low, single)
	s.Reason = fmt.Sprintf("%s %s: %s%s", listed(tags), plural(tags, "is a version", "are versions"), s.Reason, formWords(forms))
	return s, true
}

// withinMajor suggests a range for versions from the lowest one on. The reason
// only says what fits.
func withinMajor(low *version, single bool) Suggestion {
	major := low.numbers[0]
	pre, below := low.pre != "", ""
	s := Suggestion{Kind: "semver"}
	if pre {
		below = "-0" // what comes before the next major version is none of this one
	}
	least := fmt.Sprintf("%d.%d.%d%s", major, low.numbers[1], low.numbers[2], below)
	spec := &Semver{Prereleases: pre}
	switch {
	case single:
		spec.Range = fmt.Sprintf(">=%d", major)
		s.Reason = fmt.Sprintf("single numbers from %d on fit", major)
		s.Advice = "digest: {tag: …} stays on the tag and follows what is pushed to it"
	case major == 0:
		spec.Range = fmt.Sprintf(">=%s <1.0.0%s", least, below)
		s.Reason = "releases below 1.0.0 fit"
		s.Advice = fmt.Sprintf(`"~0.%d" takes patches alone, ">=%s" all`, low.numbers[1], least)
	case pre && major < math.MaxUint64:
		spec.Range = fmt.Sprintf(">=%s <%d.0.0-0", least, major+1)
	default:
		spec.Range = fmt.Sprintf("^%d", major)
	}
	if s.Reason == "" {
		s.Reason = fmt.Sprintf("minor and patch releases of %d fit", major)
		s.Advice = fmt.Sprintf(`">=%s" takes major ones, too`, strings.TrimPrefix(spec.Range, "^"))
	}
	if pre {
		if single {
			spec.Range += ".0.0-0"
		}
		s.Reason += ", prereleases among them"
		s.Advice = "drop prereleases: true for releases alone"
	}
	s.Policy.Semver = spec
	return s
}

// formWords says how the form of the tags in use counts, which needs no filter.
func formWords(forms []form) string {
	first := forms[0]
	if slices.ContainsFunc(forms, func(f form) bool { return f.parts != first.parts || f.variant != first.variant }) {
		return " that are written as each is"
	}
	var words []string
	if first.parts == 2 || first.parts == 4 {
		words = append(words, "have "+map[uint8]string{2: "two", 4: "four"}[first.parts]+" numbers")
	}
	if strings.ContainsAny(first.variant, "0123456789") {
		words = append(words, "end like "+first.variant) // Its numbers may differ.
	} else if first.variant != "" {
		words = append(words, "end in "+first.variant)
	}
	if len(words) == 0 {
		return ""
	}
	return " if they " + strings.Join(words, " and ")
}

// A calendar is a layout with what must be seen before it is believed in.
type calendar struct {
	layout string
	padded bool // a number with a leading zero
}

// calendars are the layouts that are tried, the narrower before the wider ones.
// Where no tag shows whether months and days are padded, the layout takes both.
func calendars() []calendar {
	return []calendar{
		{"YYYY.0M.0D.MICRO", true}, {"YYYY.MM.DD.MICRO", false}, {"YYYY.MAJOR.MINOR.MICRO", false},
		{"YYYY.0M.0D", true}, {"YYYY.MM.MICRO", false}, {"YYYY.MINOR.MICRO", false},
		{"YYYY.0M", true}, {"YYYY.MM", false}, {"YYYY.MINOR", false},
		{"YYYY-0M-0D", true}, {"YYYY-MM-DD", false}, {"YYYY_MM_DD", false},
		{"YYYY0M0D-MICRO", false}, {"YYYY0M0D.MICRO", false}, {"YYYY0M0D", false},
		{"YY.0M.MICRO", true}, {"YY.0M", true},
	}
}

// inferCalver takes tags that begin with a year of one layout.
func inferCalver(tags []string) (Suggestion, bool) {
	zero := regexp.MustCompile(`[0-9][-._]?0[0-9]`)
	for _, c := range calendars() {
		spec := Calver{Layout: c.layout}
		k, err := newCalver(spec)
		if err != nil || c.padded && !slices.ContainsFunc(tags, zero.MatchString) {
			continue
		}
		pre, ok := k.readAll(tags)
		if !ok {
			continue
		}
		spec.Prereleases = pre
		s := Suggestion{Kind: "calver", Policy: Kinds{Calver: &spec}}
		s.Reason = fmt.Sprintf("%s %s (%s), and the latest is taken", listed(tags), plural(tags, "is a calendar version", "are calendar versions"), c.layout)
		if pre {
			s.Reason += ", prereleases among them"
		}
		return s, true
	}
	return Suggestion{}, false
}

// readAll reports whether all tags have the layout, and whether they are
// prereleases. What begins with two digits must be a year in which images were made.
func (k *byDate) readAll(tags []string) (pre, ok bool) {
	for i, tag := range tags {
		var r reading
		if k.read(tag, false, &r) != "" || hasHash(r.written.variant) || !isYear(r.version.numbers[0]) {
			return false, false
		}
		if year := r.version.numbers[0]; strings.HasPrefix(k.spec.Layout, "YY.") && (year < 2012 || year > 2049) {
			return false, false
		}
		if i > 0 && pre != (r.version.pre != "") {
			return false, false
		}
		pre = r.version.pre != ""
	}
	return pre, true
}
