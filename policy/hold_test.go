package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/policy"
)

func TestHolds(t *testing.T) {
	words := "ann moved 1.3.0 back to 1.2.0 in 0123abc"
	for _, tt := range []struct{ name, spec, current, hold, tags, want string }{
		{"what was left stays left", semverRange("*"), "1.2.0", "1.3.0", "1.2.0 1.3.0", "1.2.0 none"},
		{"and what lies between", semverRange("*"), "1.2.0", "1.3.0", "1.2.0 1.2.5 1.3.0", "1.2.0 none"},
		{"something newer ends it", semverRange("*"), "1.2.0", "1.3.0", "1.2.0 1.3.0 1.3.1", "1.3.1 minor"},
		{"one that can't be compared", semverRange("*"), "1.2.0", "1.3.0.0.1", "1.2.0 1.2.1", "1.2.1 patch"},
		{"by the policy's own order", "policy: {numerical: {order: desc}}", "5", "4", "5 4", "5 none"},
		{"by times", "policy: {newest: {}}", "a", "b", "a b", "a none"},
		{"by times, and what lies between", "policy: {newest: {}}", "a", "b", "a ab b", "a none"},
		{"by times, of what isn't listed any more", "policy: {newest: {}}", "a", "b", "a ab", "a none"},
		{"by times, something newer ends it", "policy: {newest: {}}", "a", "b", "a ab b c", "c other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &knowledge{facts: times()}
			p := parse(t, tt.spec)
			r := policy.Request{Current: tt.current, Tags: strings.Fields(tt.tags), Hold: &policy.Hold{Tag: tt.hold, Words: words}, Facts: k.witness}
			if got := chosen(t, p, r); got != tt.want {
				t.Errorf("chosen %q, want %q", got, tt.want)
			}
			choice, candidates, err := p.Explain(r)
			held := slices.IndexFunc(candidates, func(c policy.Candidate) bool { return c.Tag == tt.hold })
			if err != nil || held >= 0 && (candidates[held].Reason != "is held back: "+words || !choice.Changed && !strings.Contains(choice.Reason, words)) {
				t.Errorf("%s: %+v, %v", choice.Reason, candidates, err)
			}
		})
	}
}

func times() map[string]policy.Facts {
	at := func(hours int) policy.Facts {
		return policy.Facts{Created: now().Add(time.Duration(hours) * time.Hour)}
	}
	return map[string]policy.Facts{"a": at(1), "ab": at(2), "b": at(3), "c": at(4)}
}

// TestAMoveForwardHoldsNothing: by creation times it only shows here which way a
// person moved.
func TestAMoveForwardHoldsNothing(t *testing.T) {
	k := &knowledge{facts: times()}
	r := policy.Request{Current: "b", Tags: []string{"a", "ab", "b", "c"}, Hold: &policy.Hold{Tag: "a", Words: "ann moved it"}, Facts: k.witness}
	choice, candidates, err := parse(t, "policy: {newest: {}}").Explain(r)
	if err != nil || choice.Tag != "c" || strings.Contains(choice.Reason, "ann") {
		t.Errorf("%+v, %v", choice, err)
	}
	for _, c := range candidates {
		if strings.Contains(c.Reason, "held") {
			t.Errorf("%s %s", c.Tag, c.Reason)
		}
	}
}

// TestTheSameTagOfAnotherImage: what stays in writing is no reason to say that
// nothing changes.
func TestTheSameTagOfAnotherImage(t *testing.T) {
	for _, tt := range []struct {
		name, spec string
		foreign    bool
		want       string
	}{
		{"in use", semverRange("*"), false, "1.0.0 is in use already: it is the only tag that fits"},
		{"of another image", semverRange("*"), true, "1.0.0 is the only tag that fits the range \"*\", out of 1 listed; another image stands there, under the same tag."},
		{"of another digest", `policy: {digest: {tag: "1.0.0"}}`, false, "1.0.0 is in use, and followed by its digest: it is the only tag that fits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			choice, err := parse(t, tt.spec).Choose(policy.Request{Current: "1.0.0", Foreign: tt.foreign, Tags: []string{"1.0.0"}})
			if err != nil || !strings.HasPrefix(choice.Reason, tt.want) {
				t.Errorf("the reason is %q, want %q; %v", choice.Reason, tt.want, err)
			}
		})
	}
}

// TestStayingThoughManyWait: what is in use stays in use, however many newer tags
// aren't to be had.
func TestStayingThoughManyWait(t *testing.T) {
	var tags []string
	for i := range 30_000 {
		tags = append(tags, fmt.Sprintf("1.%d.0", i))
	}
	for _, tt := range []struct {
		name, spec, current, good string
		want                      string
		keep                      bool
	}{
		{"none passes", "minimumAge: 1h", "1.5.0", "", "1.5.0", false},
		{"what would get a digest is kept as it is", "minimumAge: 1h\n  pin: digest", "1.5.0", "", "1.5.0", true},
		{"one of the best passes", "minimumAge: 1h", "1.5.0", "1.29800.0", "1.29800.0", false},
		{"too far down to be asked about", "minimumAge: 1h", "1.5.0", "1.29799.0", "1.5.0", false},
		{"nothing in use", "minimumAge: 1h", "", "", "none of 30000 tags fits: 29800 not asked about, 200 waiting; 1.29999.0 its age isn't known", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &knowledge{facts: map[string]policy.Facts{tt.good: old()}}
			choice, err := parse(t, semverRange("*"), tt.spec).Choose(policy.Request{Current: tt.current, Tags: tags, Facts: k.witness, Now: now()})
			got := choice.Tag
			if err != nil {
				got = strings.TrimPrefix(err.Error(), `choosing a tag of "registry.example.com/app": `)
			}
			if got != tt.want || choice.Keep != tt.keep {
				t.Errorf("%q, keep %v, want %q, keep %v: %s", got, choice.Keep, tt.want, tt.keep, choice.Reason)
			}
			if got == tt.current && !strings.Contains(choice.Reason, "is in use already: it is kept, since none of the 200 best tags that fit ") {
				t.Errorf("the reason is %q", choice.Reason)
			}
		})
	}
}
