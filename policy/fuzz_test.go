package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

// FuzzParse: whatever the bytes, reading them doesn't panic; an error is
// Problems in the file, each with words of one line; and each policy that is
// given can choose.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	const head = "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: a}\n"
	f.Add([]byte(head + "spec: {image: a, policy: {semver: {range: '*'}}, filterTags: {pattern: '(.*)', extract: '$1'}, exclude: [/x/]}\n"))
	f.Add([]byte(head + "spec: {image: a, policy: {semver: {range: '>1 <2 || ^3'}}, schedule: 'CRON_TZ=UTC @every 1h'}\n...\n%YAML 1.1\n---\n- x\n"))
	f.Add([]byte(fluxWeb + "---\n" + fluxSemver + "---\n" + automation("update: {path: ./a}, policySelector: {matchLabels: {a: b}}")))
	f.Add([]byte("kind: Namespace\napiVersion: v1\nmetadata: {name: a, labels: {b: c}}\n---\n" + fluxWeb))
	f.Fuzz(func(t *testing.T, data []byte) {
		policies, err := policy.Parse("f.yaml", data)
		checkProblems(t, data, err)
		flux, err := policy.ParseFlux("f.yaml", data)
		checkProblems(t, data, err)
		resolved := policy.ResolveFlux([]policy.Flux{flux})
		checkProblems(t, data, resolved.Problems.Err())
		checkProblems(t, data, resolved.Notes.Err())
		policies = append(policies, resolved.Policies...)
		for _, p := range policies {
			choice, err := p.Choose(policy.Request{Current: "1.0.0", Tags: []string{"1.0.0", "1.1.0", "v2.0.0-rc.1", "x"}})
			var none *policy.NoChoice
			if err != nil && !errors.As(err, &none) || err == nil && choice.Tag == "" {
				t.Fatalf("choosing gave %+v, %v", choice, err)
			}
		}
		_, err = policy.ParseUpdateConfig("f.yaml", data)
		checkProblems(t, data, err)
	})
}

func checkProblems(t *testing.T, data []byte, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var problems policy.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	lines := strings.Count(string(data), "\n") + 1
	for _, p := range problems {
		if p.File != "f.yaml" || p.Line < 0 || p.Line > lines || p.Message == "" || strings.ContainsAny(p.Error(), "\n\x1b") {
			t.Fatalf("problem %q at line %d of %d", p.Error(), p.Line, lines)
		}
	}
}

// FuzzChoose: the chosen tag is one of those given, and not older than the
// current one unless that is allowed; each tag is a candidate once, with a
// reason on one line; the order and duplicates don't matter; with the chosen tag
// as the current one the choice is the same; a tag that was rejected doesn't
// matter.
func FuzzChoose(f *testing.F) {
	f.Add(uint8(0), "1.2.3", "1.2.3 1.2.4 2.0.0-rc.1 1.3 v1.9.9 latest")
	f.Add(uint8(1), "v1.2.3", "v1.2.3 v1.2.4 v2.0.0 v2.0.0-rc.1 v1.2.3-1")
	f.Add(uint8(2), "1.2.3-alpine", "1.2.4-alpine 1.2.4-rc.1-alpine 1.2.4_x 01.2.3")
	f.Add(uint8(3), "v1.2.0-alpine3.18", "v1.2.0-alpine3.18 v1.2.0-alpine3.9 v1.2-alpine v1-alpine")
	f.Add(uint8(6), "1.2-5", "1.2-5 1.3-6 1.4-rc1 1.5-x1 1.6.0 v1.7")
	f.Add(uint8(7), "2024.1.1", "2024.1.2 2024.01.10 2024.13.1 2024.2.0b1 2024.2.0-slim")
	f.Add(uint8(8), "2404", "2404 2410 2504 25.4")
	f.Add(uint8(9), "007", "7 007 1.50 1.5 99999999999999999999999999 -1")
	f.Add(uint8(10), "a-3", "a-3 a--3 b-3.0 c-2.99")
	f.Add(uint8(11), "1.2.3", "1.2.3 z 1.10.0 1.2.3-a")
	f.Add(uint8(13), "x", "x y")
	f.Add(uint8(4), "3", "1 2 3.13.0rc1 20240101 1.2.3.4 99999999999999999999 1.0.18446744073709551616")
	policies := []*policy.Policy{
		parse(f, semverRange("*")),
		parse(f, `policy: {semver: {range: "*", prereleases: true}}`),
		parse(f, semverRange(">=1.0.0-0 <2.0.0"), `exclude: ["1.2.4", "/x/"]`),
		parse(f, semverRange("*"), `filterTags: {pattern: '^v(?P<v>.+)-alpine[0-9.]*$', extract: '$v'}`),
		parse(f, `policy: {semver: {range: "^1 || ^2", prereleases: true}}`, "allowDowngrade: true"),
		parse(f, semverRange(">0"), `filterTags: {pattern: '(\d+)[._](\d+)', extract: '$1.${2}'}`),
		parse(f, `policy: {semver: {range: "*", parts: 2, prereleaseWords: [x], variantWords: [number, rc]}}`),
		parse(f, `policy: {calver: {layout: YYYY.MM.MICRO, prereleases: true}}`),
		parse(f, `policy: {calver: {layout: 0Y0M}}`),
		parse(f, `policy: {numerical: {order: asc}}`),
		parse(f, `policy: {numerical: {order: desc}}`, `filterTags: {pattern: '(-?[0-9.]+)$', extract: '$1'}`),
		parse(f, `policy: {alphabetical: {order: asc}}`),
		parse(f, `policy: {alphabetical: {order: desc}}`, "allowDowngrade: true"),
		parse(f, `policy: {digest: {tag: x}}`),
		only(f, fluxWeb, fluxSemver),
		only(f, fluxWeb, fluxPolicy+"spec: {imageRepositoryRef: {name: web}, policy: {numerical: {order: desc}}}\n"),
	}
	f.Fuzz(func(t *testing.T, which uint8, now, list string) {
		p := policies[int(which)%len(policies)]
		tags := strings.Split(list, " ")
		choose := func(current string, tags []string) (policy.Choice, []policy.Candidate, error) {
			choice, candidates, err := p.Explain(policy.Request{Current: current, Tags: tags})
			again, errAgain := p.Choose(policy.Request{Current: current, Tags: tags})
			if diff := cmp.Diff(choice, again); diff != "" || (err == nil) != (errAgain == nil) {
				t.Fatalf("explained it is another choice (%v, %v):\n%s", err, errAgain, diff)
			}
			return choice, candidates, err
		}
		choice, candidates, err := choose(now, tags)

		seen := map[string]bool{}
		for _, c := range candidates {
			if seen[c.Tag] || !slices.Contains(tags, c.Tag) || c.Reason == "" || strings.ContainsAny(c.Reason, "\n\x1b") {
				t.Fatalf("candidate %+v", c)
			}
			seen[c.Tag] = true
		}
		for _, tag := range tags {
			if !seen[tag] {
				t.Fatalf("%q is no candidate", tag)
			}
		}
		shuffled := append(slices.Clone(tags), tags...)
		slices.Reverse(shuffled)
		again, others, errAgain := choose(now, shuffled)
		if diff := cmp.Diff(candidates, others); diff != "" || again.Tag != choice.Tag || (err == nil) != (errAgain == nil) {
			t.Fatalf("another order, another choice:\n%s", diff)
		}
		if err != nil {
			return
		}
		if candidates[0].Tag != choice.Tag || candidates[0].Verdict != policy.Chosen || choice.Changed != (choice.Tag != now) {
			t.Fatalf("choice %+v", choice)
		}
		if order, ok := p.Compare(choice.Tag, now); ok && order < 0 && !p.Spec.AllowDowngrade {
			t.Fatalf("from %q down to %q", now, choice.Tag)
		}
		next, _, err := choose(choice.Tag, tags)
		if err != nil || next.Tag != choice.Tag || next.Changed || next.Level != policy.LevelNone {
			t.Fatalf("from %q to %q, and from there to %q, %v", now, choice.Tag, next.Tag, err)
		}
		var fitting []string
		for _, c := range candidates {
			if c.Verdict != policy.Rejected {
				fitting = append(fitting, c.Tag)
			}
		}
		if alone, _, err := choose(now, fitting); err != nil || alone.Tag != choice.Tag {
			t.Fatalf("without the rejected tags %q is chosen, not %q: %v", alone.Tag, choice.Tag, err)
		}
	})
}
