package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

// parse makes a policy of the lines below its spec.
func parse(tb testing.TB, spec ...string) *policy.Policy {
	tb.Helper()
	file := "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: app}\nspec:\n  image: registry.example.com/app\n  " +
		strings.Join(spec, "\n  ") + "\n"
	policies, err := policy.Parse("app/policy.yaml", []byte(file))
	if err != nil || len(policies) != 1 {
		tb.Fatalf("parsing the policy: %d policies, %v\n%s", len(policies), err, file)
	}
	return policies[0]
}

func semverRange(text string) string { return fmt.Sprintf("policy: {semver: {range: %q}}", text) }

func TestChoose(t *testing.T) {
	every := semverRange("*")
	prereleases := `policy: {semver: {range: "*", prereleases: true}}`
	filter := `filterTags: {pattern: '^v(?P<v>.+)-alpine[0-9.]*$', extract: '$v'}`
	for _, tt := range []struct {
		name    string
		spec    []string
		current string
		tags    string
		want    string // tag level, or what the error says
	}{
		{"highest", []string{every}, "", "1.2.3 1.10.0 1.9.9", "1.10.0 other"},
		{"highest of what is current", []string{every}, "1.2.3", "1.2.3 1.10.0 1.9.9", "1.10.0 minor"},
		{"nothing newer", []string{every}, "1.10.0", "1.2.3 1.10.0 1.9.9", "1.10.0 none"},
		{"range", []string{semverRange(">=6.0.0 <7.0.0")}, "6.0.0", "6.0.0 6.0.1 6.3.0 7.0.0", "6.3.0 minor"},
		{"caret range", []string{semverRange("^1.2")}, "1.2.0", "1.1.9 1.2.4 2.0.0", "1.2.4 patch"},
		{"or", []string{semverRange("1.x || 3.x")}, "1.0.0", "1.0.0 2.0.0 3.0.0 4.0.0", "3.0.0 major"},
		{"major", []string{every}, "1.2.3", "2.0.0", "2.0.0 major"},
		{"patch", []string{every}, "1.2.3", "1.2.4", "1.2.4 patch"},

		{"never a downgrade", []string{every}, "2.0.0", "1.0.0 1.9.0", `2 older than the current tag "2.0.0"; 1.9.0 is the highest of these`},
		{"never a downgrade into the range", []string{semverRange("<2")}, "2.0.0", "1.0.0 2.0.0", `1 not in the range "<2", 1 older than`},
		{"downgrade where allowed", []string{semverRange("<2"), "allowDowngrade: true"}, "2.0.0", "1.0.0 2.0.0", "1.0.0 major"},
		{"excluded current, newer fits", []string{every, `exclude: ["1.3.0"]`}, "1.3.0", "1.2.0 1.3.0 1.3.1", "1.3.1 patch"},
		{"excluded current, nothing newer", []string{every, `exclude: ["1.3.0"]`}, "1.3.0", "1.2.0 1.3.0", "1 excluded, 1 older than"},
		{"five numbers set a floor", []string{every}, "2.0.0.1.7", "1.9.9", "older than"},
		{"a year isn't left, downgrade or not", []string{every, "allowDowngrade: true"}, "2024.1.15", "3.0.0", "1 of another form than the current tag"},
		{"zeros set a floor", []string{every}, "2024.01.05", "2023.9.9 2024.2.1", "2024.2.1 minor"},
		{"over-long current is a floor", []string{every}, "99999999999999999999.1", "1.2.3", "older than"},

		{"prereleases are not asked for", []string{every}, "1.0.0", "1.0.0 1.1.0-rc.1", "1.0.0 none"},
		{"no prerelease behind one number alone", []string{prereleases}, "1", "1 2rc1 2-rc1", "2-rc1 major"},
		{"prereleases by the flag", []string{prereleases}, "1.0.0", "1.0.0 1.1.0-rc.1 1.1.0-rc.2", "1.1.0-rc.2 minor"},
		{"prereleases by the range", []string{semverRange(">=1.0.0-0")}, "1.0.0", "1.0.0 1.1.0-rc.1", "1.1.0-rc.1 minor"},
		{"prereleases of the bound are below it", []string{`policy: {semver: {range: "<2.0.0", prereleases: true}}`}, "1.0.0", "2.0.0-rc.1 2.0.0", "2.0.0-rc.1 major"},
		{"prereleases of the bound, kept out", []string{`policy: {semver: {range: "<2.0.0-0", prereleases: true}}`}, "1.0.0", "2.0.0-rc.1 1.0.1-rc.1", "1.0.1-rc.1 patch"},
		{"release after prerelease", []string{prereleases}, "1.1.0-rc.9", "1.1.0 1.1.0-rc.10", "1.1.0 patch"},
		{"prerelease to release without the flag", []string{every}, "1.1.0-rc.9", "1.1.0 1.1.0-rc.10", "1.1.0 patch"},
		{"prerelease numbers are numbers", []string{prereleases}, "1.1.0-rc.9", "1.1.0-rc.9 1.1.0-rc.10", "1.1.0-rc.10 patch"},
		{"prerelease without a dash", []string{prereleases}, "3.12.1", "3.13.0rc1 3.13.0a2", "3.13.0rc1 minor"},
		{"only prereleases", []string{every}, "", "1.0.0-beta1 1.0.0-alpha", "2 prereleases that nothing asks for"},
		{"prerelease keeps its variant", []string{prereleases}, "1.0.0-alpine", "1.1.0-rc.1-alpine 1.1.0-rc.2", "1.1.0-rc.1-alpine minor"},

		{"two numbers stay two", []string{every}, "1.2", "1.2 1.3 1.3.1 2", "1.3 minor"},
		{"one number stays one", []string{every}, "1", "1 2 2.1 2.1.0", "2 major"},
		{"three numbers stay three", []string{every}, "1.2.3", "1.2.3 1.3 2", "1.2.3 none"},
		{"three numbers when nothing is known", []string{every}, "", "1.2.3 1.3 2", "1.2.3 other"},
		{"v stays", []string{every}, "v1.2.3", "1.3.0 v1.2.4", "v1.2.4 patch"},
		{"no v stays", []string{every}, "1.2.3", "1.2.4 v1.3.0", "1.2.4 patch"},
		{"variant stays", []string{every}, "1.2.3-alpine3.18", "1.2.4 1.2.4-alpine3.18 1.2.5-alpine3.19 1.2.5-debian", "1.2.5-alpine3.19 patch"},
		{"numbers in a variant are numbers", []string{every}, "1.2.3-alpine3.9", "1.2.3-alpine3.9 1.2.3-alpine3.18 1.2.3-alpine3.10", "1.2.3-alpine3.18 other"},
		{"a variant is never older", []string{every}, "1.2.3-alpine3.18", "1.2.3-alpine3.18 1.2.4-alpine3.9", "1.2.3-alpine3.18 none"},
		{"as many numbers in a variant", []string{every}, "1.2.3-alpine3", "1.2.4-alpine 1.2.4-alpine3 1.2.5-alpine3.18", "1.2.4-alpine3 patch"},
		{"no number in a variant", []string{every}, "1.2.3-alpine", "1.2.4-alpine 1.2.5-alpine3", "1.2.4-alpine patch"},
		{"revisions of a distribution's package", []string{every}, "1.2.3-debian-12-r5", "1.2.3-debian-12-r10 1.2.3-debian-12-r9 1.2.3-debian-11-r40", "1.2.3-debian-12-r10 other"},
		{"revisions begin anew", []string{every}, "1.2.3-debian-12-r5", "1.2.3-debian-12-r5 1.2.4-debian-12-r0", "1.2.4-debian-12-r0 patch"},
		{"but never on an older base", []string{every}, "1.2.3-debian-12-r5", "1.2.3-debian-12-r5 1.2.4-debian-11-r9", "1.2.3-debian-12-r5 none"},
		{"revisions of a distribution of Kubernetes", []string{every}, "v1.29.1-k3s2", "v1.29.1-k3s2 v1.29.2-k3s1", "v1.29.2-k3s1 patch"},
		{"revisions behind an underscore", []string{every}, "1.2.3_5", "1.2.3_5 1.2.4_1", "1.2.4_1 patch"},
		{"build metadata by a word", []string{every}, "v1.29.1-k3s1", "v1.29.1-k3s2 v1.29.2-rc1-k3s1 v1.29.2-k3s1", "v1.29.2-k3s1 patch"},
		{"build metadata behind an underscore", []string{every}, "1.2.3_9", "1.2.3_10 1.2.4", "1.2.3_10 other"},
		{"no variant stays", []string{prereleases}, "1.2.3", "1.2.4 1.2.5-alpine 1.2.6-abcdef1", "1.2.4 patch"},
		{"variant behind an underscore", []string{every}, "1.2.3_b", "1.2.4 1.2.4_b", "1.2.4_b patch"},
		{"unknown current", []string{every}, "latest", "1.2.3 latest", "1.2.3 other"},
		{"no form fits", []string{every}, "", "1.2 latest 1.2.3-alpine", "1 not versions, 2 not of the form x.y.z"},

		{"dates are no versions", []string{every}, "3", "3 4 20240101", "4 major"},
		{"hashes are no versions", []string{every}, "3", "3 1e10abc 7654321 abcdef1 4b1c2d3", "3 none"},
		{"big numbers are exact", []string{every}, "", "1.0.9007199254740992 1.0.9007199254740993", "1.0.9007199254740993 other"},
		{"over-long numbers", []string{every}, "", "1.0.18446744073709551615 1.0.18446744073709551616", "1.0.18446744073709551615 other"},
		{"over-long prerelease", []string{prereleases}, "", "1.0.0-rc.99999999999999999999 1.0.0-rc.1", "1.0.0-rc.1 other"},
		{"leading zeros", []string{every}, "", "1.02.3 1.1.0", "1.1.0 other"},
		{"four numbers", []string{every}, "", "1.2.3.4 1.1.0", "1.1.0 other"},

		{"exclude by expression", []string{every, `exclude: ["/^1\\.3\\./", "9.9.9"]`}, "", "1.2.0 1.3.0 1.3.1 9.9.9", "1.2.0 other"},
		{"exclude is exact", []string{every, `exclude: ["1.2"]`}, "", "1.2.0", "1.2.0 other"},

		{"filter", []string{every, filter}, "v1.2.3-alpine", "v1.2.3-alpine v1.2.4-alpine v1.3.0 1.4.0-alpine", "v1.2.4-alpine patch"},
		{"filter frees the form", []string{every, filter}, "v1.2-alpine3.18", "v1.2-alpine3.18 v1.2.1-alpine3.19", "v1.2.1-alpine3.19 patch"},
		{"filter unlike the current tag", []string{every, filter}, "2.0.0", "v1.9.0-alpine", "older than"},
		{"filter from another variant", []string{every, filter}, "1.9.0-debian", "v1.9.0-alpine", "v1.9.0-alpine other"},
		{"filter without extract", []string{every, "filterTags: {pattern: '^1[.]'}"}, "", "1.2.3 2.0.0", "1.2.3 other"},
		{"extract with braces and numbers", []string{every, `filterTags: {pattern: '^b(\d+)-(?P<minor>\d+)', extract: '${1}.${minor}.0'}`}, "b1-2", "b1-2 b1-10 b0-99", "b1-10 minor"},
		{"extract yields nothing", []string{every, "filterTags: {pattern: '^x(.*)', extract: '$1'}"}, "", "x", "1 dropped by filterTags"},
		{"extract yields no version", []string{every, "filterTags: {pattern: '^x(.*)', extract: '$1'}"}, "", "xy", "1 not versions"},

		{"extract yields leading zeros", []string{every, filter}, "v2024.01.05-alpine", "v2024.01.05-alpine v2024.02.01-alpine", "v2024.02.01-alpine minor"},
		{"extract yields too big a number", []string{every, filter}, "", "v18446744073709551616.0.0-alpine v1.2.2-alpine", "v1.2.2-alpine other"},
		{"extract yields too big a prerelease", []string{prereleases, filter}, "", "v2.0.0-18446744073709551616-alpine v2.0.0-99999999999999999999.1-alpine v1.2.2-alpine", "v1.2.2-alpine other"},
		{"hash behind two numbers", []string{every}, "1.2", "1.3abc 1.2 1.3.abc 1.3-", "1.2 none"},
		{"short word without a number is a variant", []string{prereleases}, "1.2.3", "1.2.4-a 1.2.4-b1 1.2.3", "1.2.4-b1 patch"},
		{"no identifiers are a variant", []string{prereleases}, "1.2.3", "1.2.4-rc..1 1.2.4-rc.01 1.2.4-01 1.2.4-rc_1 1.2.3", "1.2.3 none"},
		{"words in upper case, parts in dashes", []string{prereleases}, "1.2.3", "1.2.4-SNAPSHOT-20240101 1.2.3", "1.2.4-SNAPSHOT-20240101 patch"},
		{"equal versions: more numbers", []string{every, filter}, "", "v1.2-alpine3.20 v1.2.0-alpine", "v1.2.0-alpine other"},
		{"equal versions: longer", []string{every, filter}, "", "v1.2.0-alpine3.9 v1.2.0-alpine3.18", "v1.2.0-alpine3.18 other"},
		{"equal versions: later bytewise", []string{every, filter}, "", "v1.2.0-alpine3.18 v1.2.0-alpine3.19", "v1.2.0-alpine3.19 other"},
		{"equal versions: the current one stays", []string{every, filter}, "v1.2.0-alpine3.18", "v1.2.0-alpine3.18 v1.2.0-alpine3.19", "v1.2.0-alpine3.18 none"},
		{"equal versions with and without v", []string{every}, "", "1.2.0 v1.2.0", "v1.2.0 other"},

		{"duplicates", []string{every}, "", "1.2.3 1.2.3", "1.2.3 other"},
		{"no tags", []string{every}, "1.2.3", "", "the registry lists no tags"},
		{"hostile tags", []string{every}, "", "-1.2.3 .1.2.3 1.2.3+4 \x1b[31m " + strings.Repeat("1", 129), "5 not valid as tags"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			choice, err := parse(t, tt.spec...).Choose(policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags)})
			if err != nil {
				var none *policy.NoChoice
				if !errors.As(err, &none) || choice.Tag != "" {
					t.Fatalf("the error is a %T along with %+v", err, choice)
				}
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %q, want it to hold %q", err, tt.want)
				}
				return
			}
			if got := choice.Tag + " " + string(choice.Level); got != tt.want {
				t.Errorf("chosen %q, want %q: %s", got, tt.want, choice.Reason)
			}
			if choice.Changed != (choice.Tag != tt.current) {
				t.Errorf("changed is %t from %q to %q", choice.Changed, tt.current, choice.Tag)
			}
		})
	}
}

// TestReasons holds the words, since they stand in pull requests.
func TestReasons(t *testing.T) {
	p := parse(t, semverRange(">=1.0.0   <2.0.0"), `exclude: ["1.3.0", "/-broken$/"]`)
	choice, candidates, err := p.Explain(policy.Request{
		Current: "1.2.0",
		Tags: []string{
			"1.2.0", "1.4.0", "1.3.0", "1.3.1", "1.1.0", "2.0.0", "1.5.0-rc.1", "1.5.0-alpine", "v1.5.0", "1.5", "latest",
			"1.5.0-broken", "01.5.0", "\n",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Choice{
		Tag: "1.4.0", Changed: true, Level: policy.LevelMinor,
		Reason: `1.4.0 is the highest of the 3 tags that fit the range ">=1.0.0 <2.0.0", out of 14 listed; it is a minor update of "1.2.0".`,
	}
	if diff := cmp.Diff(want, choice); diff != "" {
		t.Errorf("choice (-want +got):\n%s", diff)
	}
	reasons := []policy.Candidate{
		{Tag: "1.4.0", Verdict: policy.Chosen, Reason: `the highest version that fits the range ">=1.0.0 <2.0.0"`},
		{Tag: "1.3.1", Verdict: policy.PassedOver, Reason: "fits, but 1.4.0 is higher"},
		{Tag: "1.2.0", Verdict: policy.PassedOver, Reason: "fits, but 1.4.0 is higher"},
		{Tag: "\n", Verdict: policy.Rejected, Reason: "is not a valid tag: up to 128 letters, digits, underscores, dots and dashes"},
		{Tag: "01.5.0", Verdict: policy.Rejected, Reason: "holds a number with a leading zero"},
		{Tag: "1.1.0", Verdict: policy.Rejected, Reason: `is older than the current tag "1.2.0", and allowDowngrade is false`},
		{Tag: "1.3.0", Verdict: policy.Rejected, Reason: `is excluded by "1.3.0"`},
		{Tag: "1.5", Verdict: policy.Rejected, Reason: `has another number of parts than the current tag "1.2.0"`},
		{Tag: "1.5.0-alpine", Verdict: policy.Rejected, Reason: `has the suffix "-alpine", unlike the current tag "1.2.0"`},
		{Tag: "1.5.0-broken", Verdict: policy.Rejected, Reason: `is excluded by "/-broken$/"`},
		{Tag: "1.5.0-rc.1", Verdict: policy.Rejected, Reason: "is a prerelease; neither the range nor prereleases asks for them"},
		{Tag: "2.0.0", Verdict: policy.Rejected, Reason: `is not in the range ">=1.0.0 <2.0.0"`},
		{Tag: "latest", Verdict: policy.Rejected, Reason: "does not begin with a number"},
		{Tag: "v1.5.0", Verdict: policy.Rejected, Reason: `has a leading v, unlike the current tag "1.2.0"`},
	}
	if diff := cmp.Diff(reasons, candidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}

func TestSentences(t *testing.T) {
	const listed = ` fits the range "*", out of 2 listed`
	for _, tt := range []struct {
		name, spec, current, tags, want string
	}{
		{"in use", "", "1.1.0", "1.1.0 x", "1.1.0 is in use already: it is the only tag that" + listed + "."},
		{"current unknown", "", "", "1.1.0 x", "1.1.0 is the only tag that" + listed + "."},
		{"current no version", "", "x", "1.1.0 x", "1.1.0 is the only tag that" + listed + `; the current tag "x" is not a version to compare with.`},
		{"downgrade", "allowDowngrade: true", "3.0.0", "1.1.0 x", "1.1.0 is the only tag that" + listed + `; it is older than "3.0.0", which allowDowngrade permits.`},
		{
			"same version", "filterTags: {pattern: '^(.*)-b$', extract: '$1'}", "1.1.0", "1.1.0-b x",
			`1.1.0-b is the only tag that fits the range "*" after filterTags, out of 2 listed; it is the same version as "1.1.0".`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			choice, err := parse(t, semverRange("*"), tt.spec).Choose(policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags)})
			if err != nil || choice.Reason != tt.want {
				t.Errorf("reason %q, %v\nwant   %q", choice.Reason, err, tt.want)
			}
		})
	}
}

func TestChoiceIsStable(t *testing.T) {
	p := parse(t, semverRange("*"))
	tags := []string{"1.0.0", "v1.2.0", "1.2.0", "latest"}
	given := slices.Clone(tags)
	first, err := p.Choose(policy.Request{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(given, tags); diff != "" {
		t.Errorf("the caller's tags were changed:\n%s", diff)
	}
	slices.Reverse(tags)
	second, err := p.Choose(policy.Request{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("another order, another choice:\n%s", diff)
	}
}

// TestChoiceAsJSON holds the names that scripts rely on.
func TestChoiceAsJSON(t *testing.T) {
	choice, err := parse(t, semverRange("*")).Choose(policy.Request{Tags: []string{"1.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(choice)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"tag":"1.0.0","changed":true,"level":"other","reason":"1.0.0 is the only tag that fits the range \"*\", out of 1 listed."}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
