package policy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/policy"
)

// sketch writes a suggestion's kind, parameters and filter on one line.
func sketch(s policy.Suggestion) string {
	text := s.Kind
	switch k := s.Policy; {
	case k.Semver != nil:
		text += " " + k.Semver.Range + prereleases(k.Semver.Prereleases)
	case k.Calver != nil:
		text += " " + k.Calver.Layout + prereleases(k.Calver.Prereleases)
	case k.Digest != nil:
		text += " " + k.Digest.Tag
	}
	if s.FilterTags != nil {
		text += strings.TrimRight(" "+s.FilterTags.Pattern+" "+s.FilterTags.Extract, " ")
	}
	return text
}

func prereleases(yes bool) string {
	if yes {
		return " prereleases"
	}
	return ""
}

func TestInfer(t *testing.T) {
	for _, tt := range []struct{ name, tags, want string }{
		{"a release", "6.1.0", "semver ^6"},
		{"a leading v", "v1.2.3", "semver ^1"},
		{"below one", "0.3.1", "semver >=0.3.1 <1.0.0"},
		{"two numbers", "1.25", "semver ^1"},
		{"one number", "14", "semver >=14"},
		{"one number with a suffix", "3-alpine", "semver >=3"},
		{"four numbers", "1.2.3.4", "semver ^1"},
		{"a variant", "1.25.3-alpine3.18", "semver ^1"},
		{"a prerelease", "1.2.3-rc.1", "semver >=1.2.3-0 <2.0.0-0 prereleases"},
		{"a prerelease below one", "0.2.0-beta2", "semver >=0.2.0-0 <1.0.0-0 prereleases"},
		{"a prerelease of one number", "8-rc1", "semver >=8.0.0-0 prereleases"},
		{"the highest number there is", "18446744073709551615.1.1-rc1", "semver ^18446744073709551615 prereleases"},
		{"a year with a word", "2022-latest", "semver >=2022"},
		{"one major version", "1.4.0 1.2.3 1.2.3", "semver ^1"},
		{"below one, the lowest counts", "0.4.0 0.2.3", "semver >=0.2.3 <1.0.0"},
		{"forms side by side", "1.25 1.25.3-alpine", "semver ^1"},
		{"major versions", "1.2.3 2.0.0", ""},
		{"a release and a prerelease", "1.2.3 1.3.0-rc.1", ""},
		{"a version and a word", "1.2.3 latest", ""},
		{"year, month, count", "2026.1.5", "calver YYYY.MM.MICRO"},
		{"padded", "2024.01.05", "calver YYYY.0M.0D"},
		{"year and month", "2024.1", "calver YYYY.MM"},
		{"no month", "2024.0.1", "calver YYYY.MINOR.MICRO"},
		{"a short year", "24.04", "calver YY.0M"},
		{"a short year, the month unpadded", "24.04 24.10", "calver YY.0M"},
		{"it may be a version", "24.10", "semver ^24"},
		{"no year of images", "5.04", "semver ^5"},
		{"dashes", "2024-01-15", "calver YYYY-0M-0D"},
		{"in one", "20260115", "calver YYYY0M0D"},
		{"in one, counted", "20260115.2", "calver YYYY0M0D.MICRO"},
		{"no day", "20261315", "numerical"},
		{"a beta", "2024.1.5b2", "calver YYYY.MM.MICRO prereleases"},
		{"a build", "1234", "numerical"},
		{"builds", "998 1234", "numerical"},
		{"seconds", "20240101101500", "numerical"},
		{"minio", "RELEASE.2026-01-01T00-00-00Z", `alphabetical ^RELEASE\.(?P<time>\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z)$ $time`},
		{"a nightly", "nightly-2024-01-15", `alphabetical ^nightly-(?P<time>\d{4}-\d{2}-\d{2})$ $time`},
		{"flux", "main-abc1234-1700000000", `numerical ^main-[0-9a-f]{7,12}-(?P<number>\d+)$ $number`},
		{"flux, a commit of digits", "main-1234567-1700000000", `numerical ^main-[0-9a-f]{7,12}-(?P<number>\d+)$ $number`},
		{"a date and a commit", "20240115-abc1234", `numerical ^(?P<number>\d+)-[0-9a-f]{7,12}$ $number`},
		{"a snapshot of debian", "bookworm-20240110-slim", `numerical ^bookworm-(?P<number>\d+)-slim$ $number`},
		{"a branch's build", "main.42", `numerical ^main\.(?P<number>\d+)$ $number`},
		{"a version with a commit", "v1.2.3-abc1234", `semver ^1 ^v(?P<version>\d+\.\d+\.\d+)-[0-9a-f]{7,12}$ $version`},
		{"a version behind a word", "release-1.4.2", `semver ^1 ^release-(?P<version>\d+\.\d+\.\d+)$ $version`},
		{"a date behind a word", "ubuntu-2024.1.5", `calver YYYY.MM.MICRO ^ubuntu-(?P<version>\d+\.\d+\.\d+)$ $version`},
		{"git describe", "1.2.3-4-gabc1234", `newest ^\d+\.\d+\.\d+-\d+-g[0-9a-f]{7,12}$`},
		{"four numbers and a commit", "1.41.0.8994-f2c27da23-ls240", `newest ^\d+\.\d+\.\d+\.\d+-[0-9a-f]{7,12}-ls\d+$`},
		{"a commit", "abc1234", "newest ^[0-9a-f]{7,12}$"},
		{"a whole commit", strings.Repeat("0a", 20), "newest ^[0-9a-f]{40}$"},
		{"an action's commit", "sha-abc1234 sha-0123abc", "newest ^sha-[0-9a-f]{7,12}$"},
		{"branches", "main-abc1234 dev-abc1234", ""},
		{"a moving tag", "latest", "digest latest"},
		{"a moving tag with a variant", "stable-alpine", "digest stable-alpine"},
		{"words", "bookworm-slim", "digest bookworm-slim"},
		{"a word of hexadecimal letters", "deadbeef", "digest deadbeef"},
		{"two words", "stable edge", ""},
		{"none", "", ""},
		{"no tag", "..", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := policy.Infer(strings.Fields(tt.tags))
			if got := sketch(s); got != tt.want {
				t.Errorf("suggested %q, want %q", got, tt.want)
			}
			if s.Reason == "" || strings.ContainsAny(s.Reason+s.Advice, "\n\x1b") {
				t.Errorf("the reason is %q, the advice %q", s.Reason, s.Advice)
			}
		})
	}
}

// What a policy could be is told by the tags in use.
func ExampleInfer() {
	s := policy.Infer([]string{"v1.25.3-alpine", "v1.24.0-alpine"})
	fmt.Println(s.Kind, s.Policy.Semver.Range)
	fmt.Println(s.Reason)
	fmt.Println(s.Advice)
	// Output:
	// semver ^1
	// v1.24.0-alpine and v1.25.3-alpine are versions: minor and patch releases of 1 fit if they end in -alpine
	// ">=1" takes major ones, too
}

// randomTag makes tags out of what tags are made of.
func randomTag(r *rand.Rand) string {
	parts := []string{"v", "1", "0", "2026", "24", "04", "12", "20260115", "1700000000", "abc1234", "gdeadbee1", "rc1", "alpine3.18",
		"main", "latest", "RELEASE", "2026-01-01T00-00-00Z", "Z", "007", "99999999999999999999", "a", "1.2.3", "b2", "x"}
	separators := []string{".", "-", "_", "", ".", "-"}
	var b strings.Builder
	for i := range 1 + r.IntN(5) {
		if i > 0 {
			b.WriteString(separators[r.IntN(len(separators))])
		}
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestInferredPoliciesKeepWhatIsInUse: whatever the tags, what is suggested for
// them parses as a policy, which keeps each where there is no other. Their order
// doesn't matter.
func TestInferredPoliciesKeepWhatIsInUse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	k := &knowledge{facts: map[string]policy.Facts{}}
	kinds := map[string]int{}
	for range 3000 {
		tags := []string{randomTag(r)}
		if r.IntN(3) == 0 {
			tags = append(tags, randomTag(r))
		}
		s := policy.Infer(tags)
		kinds[s.Kind]++
		if len(tags) == 2 && sketch(policy.Infer([]string{tags[1], tags[0], tags[1]})) != sketch(s) {
			t.Fatalf("%q: the order matters", tags)
		}
		if s.Kind == "" {
			if len(tags) == 1 {
				t.Fatalf("%q: %s", tags, s.Reason)
			}
			continue
		}
		p := parse(t, written(s)...)
		for _, tag := range tags {
			k.facts[tag] = policy.Facts{Created: time.Unix(1, 0)}
			if got := chosen(t, p, policy.Request{Current: tag, Tags: []string{tag}, Facts: k.witness}); got != tag+" none" {
				t.Fatalf("%q: %s keeps %q not, but %q", tags, sketch(s), tag, got)
			}
		}
	}
	for _, kind := range []string{"semver", "calver", "numerical", "alphabetical", "newest", "digest", ""} {
		if kinds[kind] < 10 {
			t.Errorf("%q was suggested %d times", kind, kinds[kind])
		}
	}
}

// written writes a suggestion as lines of a policy's spec.
func written(s policy.Suggestion) []string {
	params := map[string]string{"numerical": "order: asc", "alphabetical": "order: asc"}[s.Kind]
	switch k := s.Policy; {
	case k.Semver != nil:
		params = fmt.Sprintf("range: %q, prereleases: %v", k.Semver.Range, k.Semver.Prereleases)
	case k.Calver != nil:
		params = fmt.Sprintf("layout: %q, prereleases: %v", k.Calver.Layout, k.Calver.Prereleases)
	case k.Digest != nil:
		params = fmt.Sprintf("tag: %q", k.Digest.Tag)
	}
	lines := []string{fmt.Sprintf("policy: {%s: {%s}}", s.Kind, params)}
	if f := s.FilterTags; f != nil && f.Extract != "" {
		lines = append(lines, fmt.Sprintf("filterTags: {pattern: '%s', extract: '%s'}", f.Pattern, f.Extract))
	} else if f != nil {
		lines = append(lines, fmt.Sprintf("filterTags: {pattern: '%s'}", f.Pattern))
	}
	return lines
}
