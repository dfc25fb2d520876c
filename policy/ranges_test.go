package policy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/towline-dev/towline/policy"
)

// inRange reports what a policy says of one version, however it is written.
func inRange(tb testing.TB, p *policy.Policy, version string) bool {
	tb.Helper()
	choice, err := p.Choose(policy.Request{Tags: []string{version}})
	return err == nil && choice.Tag == version
}

// ranged makes a policy of a range; nil where the policy refuses it.
func ranged(text string, prereleases bool) *policy.Policy {
	file := fmt.Sprintf("{apiVersion: towline.dev/v1, kind: ImagePolicy, metadata: {name: a}, spec: {image: a, "+
		"filterTags: {pattern: '.*'}, policy: {semver: {range: '%s', prereleases: %t}}}}", strings.ReplaceAll(text, "'", "''"), prereleases)
	policies, err := policy.Parse("a.yaml", []byte(file))
	if err != nil || len(policies) != 1 {
		return nil
	}
	return policies[0]
}

// sameAsLibrary holds a policy's range against the library's own answer.
func sameAsLibrary(tb testing.TB, text, version string, prereleases bool) {
	tb.Helper()
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return
	}
	v, err := semver.NewVersion(version)
	if err != nil || strings.ContainsAny(version, "+_") {
		return
	}
	constraint.IncludePrerelease = prereleases
	p := ranged(text, prereleases)
	if want := constraint.Check(v); p == nil && want {
		tb.Fatalf("the range %q, prereleases %t, is refused, and %s is in it", text, prereleases, version)
	} else if p != nil && inRange(tb, p, version) != want {
		tb.Fatalf("%s in the range %q, prereleases %t: %t, the library says %t", version, text, prereleases, !want, want)
	}
}

// TestRangesAreTheLibrarys tries ranges and versions at random, near each other.
func TestRangesAreTheLibrarys(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same ranges every time
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	number := func() string { return pick("0", "0", "1", "2", "3", "10") }
	pre := func() string { return pick("", "", "-0", "-1", "-rc.1", "-rc.2", "-rc.1.0", "-alpha", "-rc1") }
	version := func() string { return number() + "." + number() + "." + number() + pre() }
	bound := func() string {
		switch random.IntN(5) {
		case 0:
			return number() + "." + number()
		case 1:
			return number()
		case 2:
			return pick("x", "*", number()+".x", number()+"."+number()+".x", number()+"."+number()+".x-rc.1")
		}
		return version()
	}
	term := func() string {
		if random.IntN(8) == 0 {
			return bound() + " - " + bound()
		}
		return pick("", "=", "!=", ">", "<", ">=", "<=", "~", "~>", "^") + bound()
	}
	for range 200 {
		terms := []string{term()}
		for random.IntN(2) == 0 && len(terms) < 4 {
			terms = append(terms, pick(" ", ", ", " || ")+term())
		}
		text := strings.Join(terms, "")
		for range 20 {
			sameAsLibrary(t, text, version(), random.IntN(2) == 0)
		}
	}
}

// FuzzRange: what is in a range is what the library says.
func FuzzRange(f *testing.F) {
	f.Add(">=1.0.0-0 <2.0.0 || ^3", "2.0.0-rc.1", true)
	f.Add("!=1.2.x-rc.1", "1.2.4-rc.1", false)
	f.Add("1.2 - 1.4.5, !=1.3", "1.3.18446744073709551615", false)
	f.Add("^0.0.3 || ~0.0 || <18446744073709551615.0.0", "0.0.3-alpha.beta-1", true)
	f.Fuzz(func(t *testing.T, text, version string, prereleases bool) {
		if strings.ContainsAny(text, "\r\n\x00") {
			t.Skip("not on one line of YAML")
		}
		sameAsLibrary(t, text, version, prereleases)
	})
}
