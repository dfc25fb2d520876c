package policy_test

import (
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
