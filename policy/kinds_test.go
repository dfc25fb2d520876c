package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/towline-dev/towline/policy"
)

// chosen gives "tag level" of a choice, or what the error says.
func chosen(tb testing.TB, p *policy.Policy, r policy.Request) string {
	tb.Helper()
	choice, err := p.Choose(r)
	var none *policy.NoChoice
	switch {
	case errors.As(err, &none):
		return none.Reason
	case err != nil:
		tb.Fatal(err)
	}
	return choice.Tag + " " + string(choice.Level)
}

func TestKinds(t *testing.T) {
	const (
		asc      = "policy: {numerical: {order: asc}}"
		desc     = "policy: {numerical: {order: desc}}"
		letters  = "policy: {alphabetical: {order: asc}}"
		backward = "policy: {alphabetical: {order: desc}}"
		followed = "policy: {digest: {tag: stable}}"
		branch   = `filterTags: {pattern: '^main-[0-9a-f]+-(?P<ts>-?[0-9.]+)$', extract: '$ts'}`
	)
	layout := func(text string) string { return "policy: {calver: {layout: " + text + "}}" }
	for _, tt := range []struct {
		name, spec, filter, current, tags, want string
	}{
		{"highest number", asc, "", "", "9 10 8", "10 other"},
		{"lowest number", desc, "", "", "9 10 8", "8 other"},
		{"lowest number is no downgrade", desc, "", "9", "9 10 8", "8 other"},
		{"number above the current", asc, "", "10", "9 10", "10 none"},
		{"numbers of any size", asc, "", "", "99999999999999999999998 99999999999999999999999 x", "99999999999999999999999 other"},
		{"beyond what a float tells apart", asc, "", "9007199254740992", "9007199254740992 9007199254740993", "9007199254740993 other"},
		{"fractions", asc, "", "", "1.25 1.3 1.250", "1.3 other"},
		{"equal numbers: the current stays", asc, "", "007", "7 007", "007 none"},
		{"equal numbers: written most fully", asc, "", "", "7 007", "007 other"},
		{"numbers below zero", asc, branch, "", "main-a--3 main-a--10.5", "main-a--3 other"},
		{"zero has no sign", asc, branch, "main-b--0", "main-b--0 main-a-0", "main-b--0 none"},
		{"timestamps of a branch", asc, branch, "main-1a2b3c-1700000000", "main-1a2b3c-1700000000 main-ffffff-1700000001 dev-1-1900000000", "main-ffffff-1700000001 other"},
		{"no numbers", asc, "", "", "1e5 0x10 1.2.3 inf 1. .5", "none of 6 tags fits: 1 not valid as tags, 5 not numbers"},

		{"last letter", letters, "", "", "a c b", "c other"},
		{"first letter", backward, "", "", "a c b", "a other"},
		{"letters by extract", letters, "filterTags: {pattern: '^RELEASE[.](.*)$', extract: '$1'}", "RELEASE.2024-01-05T00-00-00Z", "latest RELEASE.2024-01-05T00-00-00Z RELEASE.2024-02-01T00-00-00Z", "RELEASE.2024-02-01T00-00-00Z other"},
		{"letters keep a version's form", letters, "", "1.2.3", "latest 1.2.4 1.3 1.2.5-alpine", "1.2.4 other"},

		{"latest date", layout("YYYY.MM.DD"), "", "", "2024.01.05 2024.1.31 2023.12.31", "2024.1.31 other"},
		{"level by year", layout("YYYY.MM.DD"), "", "2023.12.31", "2024.1.1", "2024.1.1 major"},
		{"level by month", layout("YYYY.MM.DD"), "", "2024.1.1", "2024.2.1", "2024.2.1 minor"},
		{"the same day written twice", layout("YYYY.MM.DD"), "", "2024.1.5", "2024.1.5 2024.01.05", "2024.1.5 none"},
		{"no such day", layout("YYYY.MM.DD"), "", "", "2024.02.30 2024.13.01 2023.02.29 2024.02.29 2024.1.0", "2024.02.29 other"},
		{"short years and padded months", layout("YY.0M"), "", "24.04", "24.04 24.10 25.4 24.13", "24.10 minor"},
		{"no separators", layout("YYYY0M0D"), "", "20240105", "20240105 20240301 2024030 202403011", "20240301 minor"},
		{"micro", layout("YYYY.MM.MICRO"), "", "2024.1.9", "2024.1.9 2024.1.10", "2024.1.10 patch"},
		{"weeks and dashes", layout("YYYY-0W"), "", "", "2024-05 2024-54 2024-9", "2024-05 other"},
		{"major first", layout("MAJOR_YYYY"), "", "", "3_2024 4_2023", "4_2023 other"},
		{"a variant stays", layout("YYYY.MM"), "", "2024.1-slim", "2024.2 2024.2-slim", "2024.2-slim minor"},
		{"dates with a v", layout("YYYY.MM"), "", "v2024.1", "2024.3 v2024.2", "v2024.2 minor"},
		{"prereleases of a date", layout("YYYY.MM.MICRO"), "", "2024.1.0", "2024.1.0 2024.2.0b3", "2024.1.0 none"},
		{"prereleases of a date, asked for", "policy: {calver: {layout: YYYY.MM.MICRO, prereleases: true}}", "", "2024.1.0", "2024.2.0b3 2024.2.0b10", "2024.2.0b10 minor"},
		{"versions are no dates", layout("YYYY.MM.DD"), "", "", "1.2.3 2024.1 2024.1.5.7 2024.1.5x latest", "none of 5 tags fits: 5 not dates"},

		{"a tag that moves", followed, "", "stable", "stable v1", "stable none"},
		{"another tag before", followed, "", "v1", "stable v1", "stable other"},
		{"a tag that is gone", followed, "", "stable", "v1", `none of 1 tags fits: 1 not tags`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, tt.spec, tt.filter)
			if got := chosen(t, p, policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags)}); got != tt.want {
				t.Errorf("chosen %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTagsInTheWild holds how versions are told from what only looks like one.
func TestTagsInTheWild(t *testing.T) {
	const every = `policy: {semver: {range: "*", prereleases: true}}`
	for _, tt := range []struct{ name, spec, current, tags, want string }{
		{"four numbers", every, "8.0.1.9", "8.0.1.9 8.0.1.10 8.0.2", "8.0.1.10 patch"},
		{"five numbers are none", every, "1.2.3.4", "1.2.3.4 1.2.3.5.6", "1.2.3.4 none"},
		{"parts that the policy asks for", `policy: {semver: {range: "*", parts: 2}}`, "1.2.3", "1.2.3 1.3 1.4.0", "1.3 minor"},
		{"parts without a current tag", `policy: {semver: {range: "*", parts: 1}}`, "", "7 8 8.1", "8 other"},
		{"years are no versions", every, "1.2.3", "1.2.3 2024.1.15", "1.2.3 none"},
		{"years after years", every, "2024.3.0", "2024.3.0 2024.3.1 4.0.0", "2024.3.1 patch"},
		{"years that the range names", `policy: {semver: {range: ">=2024.0.0"}}`, "", "2024.1.15 1.2.3", "2024.1.15 other"},
		{"years that nothing names", every, "", "2024.1.15 1.2.3", "1.2.3 other"},
		{"padded as the current one", every, "24.04", "24.04 24.10 25.04", "25.04 major"},
		{"padded unlike the current one", every, "1.2.3", "1.2.3 1.02.4", "1.2.3 none"},
		{"dashes in a date", every, "3", "3 2024-01-15", "3 none"},
		{"dots before words", every, "5.0.0", "5.0.0 5.1.0.RC1 5.1.0.M3", "5.1.0.RC1 minor"},
		{"dots before a variant", every, "5.0.0.Final", "5.0.0.Final 5.1.0.Final 5.2.0", "5.1.0.Final minor"},
		{"rc10 after rc9", every, "1.0.0-rc9", "1.0.0-rc9 1.0.0-rc10", "1.0.0-rc10 patch"},
		{"a number is a prerelease", every, "1.2.3", "1.2.3 1.2.4-5", "1.2.4-5 patch"},
		{"a number is a revision by name", `policy: {semver: {range: "*", variantWords: [number]}}`, "1.2.3-5", "1.2.3-5 1.2.4-6 1.2.4", "1.2.4-6 patch"},
		{"a word is a variant by name", `policy: {semver: {range: "*", variantWords: [Edge]}}`, "1.2.3-edge", "1.2.3-edge 1.2.4-edge 1.2.5", "1.2.4-edge patch"},
		{"a word is a prerelease by name", `policy: {semver: {range: "*", prereleaseWords: [eap]}}`, "1.2.3", "1.2.3 1.2.4-EAP2", "1.2.3 none"},
		{"and counts as one", `policy: {semver: {range: "*", prereleases: true, prereleaseWords: [eap]}}`, "1.2.3", "1.2.3 1.2.4-EAP2", "1.2.4-EAP2 patch"},
		{"hashes", every, "1", "1 1234567 deadbee 1e10abc 0abcdef 7f3a", "1 none"},
		{"as long as a tag may be", every, "", strings.Repeat("9", 128) + " " + strings.Repeat("1.", 63) + "11 1.0.0", "1.0.0 other"},
		{"zeros without end", every, "", "1.0." + strings.Repeat("0", 120) + " 1.0.0", "1.0.0 other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := chosen(t, parse(t, tt.spec), policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags)}); got != tt.want {
				t.Errorf("chosen %q, want %q", got, tt.want)
			}
		})
	}
}

// TestEqualVersionsDontFlip follows a choice whose equals are written otherwise.
func TestEqualVersionsDontFlip(t *testing.T) {
	p := parse(t, semverRange("*"), `filterTags: {pattern: '^v?(?P<v>\d+\.\d+(\.\d+)?)(-amd64)?$', extract: '$v'}`)
	tags := []string{"1.2", "1.2.0", "v1.2.0", "1.2.0-amd64", "v1.2"}
	for _, current := range append([]string{""}, tags...) {
		first, err := p.Choose(policy.Request{Current: current, Tags: tags})
		if err != nil || current != "" && first.Tag != current {
			t.Errorf("from %q to %q, %v", current, first.Tag, err)
		}
		if !strings.Contains(first.Reason, "4 other tags say the same version") {
			t.Errorf("the ties aren't told: %s", first.Reason)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name, spec, a, b string
		want             int
		ok               bool
	}{
		{"newer", semverRange("*"), "1.10.0", "1.9.0", 1, true},
		{"older", semverRange("*"), "1.9.0", "1.10.0", -1, true},
		{"the same", semverRange("*"), "v1.9.0", "1.9.0", 0, true},
		{"the lower number is preferred", "policy: {numerical: {order: desc}}", "1", "2", 1, true},
		{"unreadable", semverRange("*"), "latest", "1.0.0", 0, false},
		{"unknown without the times", "policy: {newest: {}}", "a", "b", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := parse(t, tt.spec).Compare(tt.a, tt.b); got != tt.want || ok != tt.ok {
				t.Errorf("%d, %t, want %d, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}
