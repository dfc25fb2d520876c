package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

// knowledge is a witness that notes what it is asked for.
type knowledge struct {
	facts map[string]policy.Facts
	asked [][]string
	err   error
}

func (k *knowledge) witness(need policy.Need, tags []string) ([]policy.Facts, error) {
	if need == 0 {
		return nil, errors.New("asked for nothing")
	}
	k.asked = append(k.asked, slices.Clone(tags))
	if k.err != nil {
		return nil, k.err
	}
	facts := make([]policy.Facts, len(tags))
	for i, tag := range tags {
		facts[i] = k.facts[tag]
	}
	return facts, nil
}

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func old() policy.Facts {
	return policy.Facts{Digest: "sha256:old", Since: now().Add(-100 * time.Hour), Platforms: []string{"linux/amd64", "linux/arm64"}, Signature: "signed by ci"}
}

func TestGates(t *testing.T) {
	young := old()
	young.Since = now().Add(-70 * time.Hour)
	thin := old()
	thin.Platforms = []string{"linux/amd64"}
	variant := old()
	variant.Platforms = []string{"linux/arm64/v8"}
	unsigned := old()
	unsigned.Signature = ""
	broken := old()
	broken.Problem = "is not an image"
	const (
		age       = "minimumAge: 72h"
		platforms = "platforms: [linux/amd64, linux/arm64]"
		verify    = "verify: {keys: [{path: cosign.pub}]}"
	)
	for _, tt := range []struct {
		name, spec, current, tags string
		facts                     map[string]policy.Facts
		want                      string // tag and digest, or the error's words
		words                     string // in the reason
		asked                     string
	}{
		{"old enough", age, "1.0.0", "1.0.0 1.1.0", map[string]policy.Facts{"1.1.0": old()}, "1.1.0 sha256:old", "", "1.1.0"},
		{"too young", age, "1.0.0", "1.0.0 1.1.0", map[string]policy.Facts{"1.1.0": young}, "1.0.0 ", "1.1.0 was first seen at 2026-02-26T14:00:00Z; minimumAge 72h is reached in 2h.", "1.1.0"},
		{"the next best is old enough", age, "1.0.0", "1.0.0 1.1.0 1.2.0 1.3.0", map[string]policy.Facts{"1.3.0": young, "1.2.0": young, "1.1.0": old()}, "1.1.0 sha256:old", "1 more wait.", "1.3.0 1.2.0,1.1.0"},
		{"nothing old enough, nothing in use", age, "", "1.1.0", map[string]policy.Facts{"1.1.0": young}, "none of 1 tags fits: 1 waiting; 1.1.0 was first seen", "", "1.1.0"},
		{"an age that nobody knows", age, "1.0.0", "1.0.0 1.1.0", nil, "1.0.0 ", "its age isn't known", "1.1.0"},
		{"all platforms", platforms, "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": old()}, "1.1.0 sha256:old", "", "1.1.0"},
		{"a platform is missing", platforms, "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": thin}, "1.0.0 ", "has not the platform linux/arm64", "1.1.0"},
		{"any variant of a platform", "platforms: [linux/arm64]", "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": variant}, "1.1.0 sha256:old", "", "1.1.0"},
		{"another variant", "platforms: [linux/arm64/v9]", "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": variant}, "1.0.0 ", "has not the platform linux/arm64/v9", "1.1.0"},
		{"signed", verify, "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": old()}, "1.1.0 sha256:old", "It is signed by ci.", "1.1.0"},
		{"unsigned", verify, "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": unsigned}, "1.0.0 ", "is not signed as verify asks", "1.1.0"},
		{"no image", verify, "1.0.0", "1.1.0 1.0.0", map[string]policy.Facts{"1.1.0": broken}, "1.0.0 ", "is not an image", "1.1.0"},
		{"what is in use isn't asked about", verify, "1.0.0", "1.0.0 0.9.0", nil, "1.0.0 ", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &knowledge{facts: tt.facts}
			r := policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags), Facts: k.witness, Now: now()}
			choice, candidates, err := parse(t, semverRange("*"), tt.spec).Explain(r)
			got := choice.Tag + " " + choice.Digest
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(strings.TrimPrefix(got, `choosing a tag of "registry.example.com/app": `), tt.want) || !strings.Contains(choice.Reason, tt.words) {
				t.Errorf("chosen %q, want %q\nreason %q, want %q in it", got, tt.want, choice.Reason, tt.words)
			}
			var asked []string
			for _, batch := range k.asked {
				asked = append(asked, strings.Join(batch, " "))
			}
			if got := strings.Join(asked, ","); got != tt.asked {
				t.Errorf("asked about %q, want %q", got, tt.asked)
			}
			if len(candidates) != len(r.Tags) {
				t.Errorf("%d candidates: %+v", len(candidates), candidates)
			}
		})
	}
}

func TestGatesWithoutAWitness(t *testing.T) {
	p := parse(t, semverRange("*"), "minimumAge: 72h", "platforms: [linux/amd64]", "verify: {keyless: [{issuer: i, subject: s}]}")
	if p.Needs() != policy.NeedAge|policy.NeedPlatforms|policy.NeedSignature {
		t.Errorf("it needs %b", p.Needs())
	}
	choice, err := p.Choose(policy.Request{Current: "1.0.0", Tags: []string{"1.0.0", "1.1.0"}})
	if err != nil || choice.Tag != "1.1.0" {
		t.Fatalf("%+v, %v", choice, err)
	}
	if diff := cmp.Diff([]string{"minimumAge", "platforms", "verify"}, choice.Unchecked); diff != "" {
		t.Errorf("unchecked (-want +got):\n%s", diff)
	}
}

// TestATroubledWitnessEndsTheChoice: a lower tag is no way around an outage.
func TestATroubledWitnessEndsTheChoice(t *testing.T) {
	outage := errors.New("the registry is away")
	for _, spec := range []string{semverRange("*") + "\n  minimumAge: 1h", "policy: {newest: {}}"} {
		k := &knowledge{err: outage}
		if choice, err := parse(t, spec).Choose(policy.Request{Tags: []string{"1.0.0", "1.1.0"}, Facts: k.witness}); !errors.Is(err, outage) {
			t.Errorf("%+v, %v", choice, err)
		}
	}
}

func TestOnlySoManyAreAskedAbout(t *testing.T) {
	k := &knowledge{}
	var tags []string
	for i := range 500 {
		tags = append(tags, fmt.Sprintf("1.%d.0", i))
	}
	got := chosen(t, parse(t, semverRange("*"), "minimumAge: 1h"), policy.Request{Tags: tags, Facts: k.witness, Now: now()})
	_, candidates, _ := parse(t, semverRange("*"), "minimumAge: 1h").Explain(policy.Request{Tags: tags, Facts: (&knowledge{}).witness, Now: now()})
	waiting := 0
	for _, c := range candidates {
		if c.Verdict == policy.Waits && c.Reason == "its age isn't known" {
			waiting++
		}
	}
	if waiting != 200 {
		t.Errorf("%d wait by what is explained", waiting)
	}
	asked := 0
	for _, batch := range k.asked {
		asked += len(batch)
	}
	if !strings.Contains(got, "200 waiting") || asked != 200 {
		t.Errorf("asked about %d: %s", asked, got)
	}
}

func TestNewest(t *testing.T) {
	made := func(hours int) policy.Facts {
		return policy.Facts{Created: now().Add(time.Duration(hours) * time.Hour)}
	}
	facts := map[string]policy.Facts{"a": made(1), "b": made(3), "c": made(2), "d": made(3), "1.0.0": made(4), "1.1.0": made(5), "1.1.0-x": made(9)}
	for _, tt := range []struct{ name, spec, current, tags, want string }{
		{"last created", "", "", "a c", "c other"},
		{"ties", "", "", "a b c d", "d other"},
		{"ties: the current stays", "", "b", "a b c d", "b none"},
		{"never an older image", "", "b", "a b c", "b none"},
		{"nor than one that the filter leaves out", "filterTags: {pattern: '^[ac]$'}", "b", "a b c", `none of 3 tags fits: 1 dropped by filterTags, 2 older than the current tag "b"; c is the newest of these, and allowDowngrade is false`},
		{"nor than one that isn't listed any more", "", "b", "a c", `none of 2 tags fits: 2 older than the current tag "b"; c is the newest of these, and allowDowngrade is false`},
		{"an older image where allowed", "allowDowngrade: true", "x", "a", "a other"},
		{"no time, no choice", "", "b", "b nothing", "b none"},
		{"the form of a version", "", "1.0.0", "1.0.0 1.1.0 1.1.0-x a", "1.1.0 other"},
		{"excluded", "exclude: [b, d]", "a", "a b c d", "c other"},
		{"none has a time", "", "", "x y", "none of 2 tags fits: 2 not creation times"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &knowledge{facts: facts}
			p := parse(t, "policy: {newest: {}}", tt.spec)
			r := policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags), Facts: k.witness}
			if got := chosen(t, p, r); got != tt.want {
				t.Errorf("chosen %q, want %q", got, tt.want)
			}
			if _, candidates, _ := p.Explain(r); len(candidates) != len(r.Tags) {
				t.Errorf("%d candidates: %+v", len(candidates), candidates)
			}
		})
	}
	if got := chosen(t, parse(t, "policy: {newest: {}}"), policy.Request{Tags: []string{"a"}}); got != "nobody tells when the images were created" {
		t.Errorf("without times: %s", got)
	}
}

func TestFollowingADigest(t *testing.T) {
	young := policy.Facts{Digest: "sha256:new", Since: now()}
	aged := policy.Facts{Digest: "sha256:new", Since: now().Add(-time.Hour)}
	type outcome struct {
		Tag, Digest   string
		Changed, Keep bool
	}
	for _, tt := range []struct {
		name, current, digest string
		facts                 policy.Facts
		want                  outcome
	}{
		{"moved and old enough", "stable", "sha256:old", aged, outcome{"stable", "sha256:new", true, false}},
		{"moved and too young", "stable", "sha256:old", young, outcome{"stable", "", false, true}},
		{"not moved", "stable", "sha256:new", young, outcome{"stable", "sha256:new", false, false}},
		{"not pinned yet, too young", "stable", "", young, outcome{"stable", "", false, true}},
		{"another tag before", "v1", "sha256:old", aged, outcome{"stable", "sha256:new", true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &knowledge{facts: map[string]policy.Facts{"stable": tt.facts}}
			p := parse(t, "policy: {digest: {tag: stable}}", "minimumAge: 1h")
			if !p.FollowsDigest() || p.Pin() != policy.PinDigest {
				t.Error("the digest isn't followed")
			}
			choice, err := p.Choose(policy.Request{Current: tt.current, CurrentDigest: tt.digest, Tags: []string{"stable", "v1"}, Facts: k.witness, Now: now()})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, outcome{choice.Tag, choice.Digest, choice.Changed, choice.Keep}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", choice.Reason, diff)
			}
		})
	}
}

func TestPinningWhatIsInUse(t *testing.T) {
	unsigned := old()
	unsigned.Signature = ""
	for name, tt := range map[string]struct {
		digest string
		facts  policy.Facts
		want   policy.Choice
	}{
		"signed":            {"", old(), policy.Choice{Tag: "1.0.0", Digest: "sha256:old"}},
		"unsigned":          {"", unsigned, policy.Choice{Tag: "1.0.0", Keep: true}},
		"pinned, not asked": {"sha256:old", unsigned, policy.Choice{Tag: "1.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &knowledge{facts: map[string]policy.Facts{"1.0.0": tt.facts}}
			p := parse(t, semverRange("*"), "pin: digest", "verify: {keys: [{path: cosign.pub}]}")
			choice, err := p.Choose(policy.Request{Current: "1.0.0", CurrentDigest: tt.digest, Tags: []string{"1.0.0"}, Facts: k.witness})
			if err != nil || choice.Tag != tt.want.Tag || choice.Digest != tt.want.Digest || choice.Keep != tt.want.Keep {
				t.Errorf("%+v, %v", choice, err)
			}
		})
	}
}
