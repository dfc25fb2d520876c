package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

// TestFluxProblems holds what is said about the files in testdata/flux: problems,
// and notes.
func TestFluxProblems(t *testing.T) {
	golden(t, "testdata/flux", func(file string, data []byte) error {
		flux, err := policy.ParseFlux(file, data)
		resolved := policy.ResolveFlux([]policy.Flux{flux})
		all := slices.Concat(problemsOf(t, err), resolved.Problems)
		for _, note := range resolved.Notes {
			note.Message = "note: " + note.Message
			all = append(all, note)
		}
		return all.Err()
	})
}

func problemsOf(t *testing.T, err error) policy.Problems {
	t.Helper()
	problems, ok := err.(policy.Problems) //nolint:errorlint // the type itself is promised
	if err != nil && !ok {
		t.Fatalf("the error is a %T, not Problems", err)
	}
	return problems
}

const (
	fluxRepository = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: web, namespace: flux-system}\n"
	fluxPolicy     = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: web, namespace: flux-system}\n"
	fluxWeb        = fluxRepository + "spec: {image: ghcr.io/acme/web, interval: 5m}\n"
	fluxSemver     = fluxPolicy + "spec: {imageRepositoryRef: {name: web}, policy: {semver: {range: 1.x}}}\n"
)

// resolve reads the files, by name, and fails on what can't be read.
func resolve(t testing.TB, files map[string]string) policy.FluxPolicies {
	t.Helper()
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]policy.Flux, 0, len(files))
	for _, name := range names {
		flux, err := policy.ParseFlux(name, []byte(files[name]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, flux)
	}
	return policy.ResolveFlux(all)
}

// only gives the one policy of the documents.
func only(t testing.TB, documents ...string) *policy.Policy {
	t.Helper()
	got := resolve(t, map[string]string{"flux.yaml": strings.Join(documents, "---\n")})
	if len(got.Policies) != 1 || len(got.Problems) > 0 {
		t.Fatalf("%d policies, problems:\n%v", len(got.Policies), got.Problems)
	}
	return got.Policies[0]
}

func TestFluxPolicy(t *testing.T) {
	p := only(t, fluxRepository+`spec:
  image: ghcr.io/acme/web
  interval: 1h
  exclusionList: ["1.0.2", "-rc"]
`, fluxPolicy+`spec:
  imageRepositoryRef: {name: web}
  policy: {semver: {range: 1.x}}
  filterTags: {pattern: '^v(?P<v>.*)$', extract: $v}
  digestReflectionPolicy: Always
  interval: 10m
`)
	want := policy.Spec{
		Image: "ghcr.io/acme/web", Schedule: "@every 10m0s",
		FilterTags: &policy.FilterTags{Pattern: "^v(?P<v>.*)$", Extract: "$v"},
		Policy:     policy.Kinds{Semver: &policy.Semver{Range: "1.x"}},
		Exclude:    []string{"/1.0.2/", "/-rc/"}, Pin: policy.PinDigest, AllowDowngrade: true,
		Update: policy.Update{Paths: []string{"**"}, Mode: policy.ModePullRequest},
	}
	if diff := cmp.Diff(want, p.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if p.Key() != "flux-system/web" || !p.FollowsDigest() || !p.MarkedOnly() || p.Suspended() || !p.Covers("anywhere/at/all.yaml") {
		t.Errorf("key %q, follows %v, marked only %v, suspended %v", p.Key(), p.FollowsDigest(), p.MarkedOnly(), p.Suspended())
	}
	if got, want := p.ImagePosition(), (policy.Position{File: "flux.yaml", Line: 5, Column: 10}); got != want {
		t.Errorf("the image stands at %s, want %s", got, want)
	}
}

func TestIsPolicyFile(t *testing.T) {
	for text, want := range map[string]bool{
		fluxWeb: true, "apiVersion: towline.dev/v1\n": true, "apiVersion: v1\nkind: Namespace\n": false, "group: image.toolkit.fluxcd.io\n": false,
	} {
		if got := policy.IsPolicyFile([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestFluxOthers: a file that only has other kinds of Flux's yields nothing.
func TestFluxOthers(t *testing.T) {
	const others = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicyList\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n---\n{{ helm }}: [\n"
	flux, err := policy.ParseFlux("a.yaml", []byte(others))
	if err != nil || !flux.IsZero() {
		t.Errorf("found %+v, %v", flux, err)
	}
}

func TestFluxAnnotations(t *testing.T) {
	p := only(t, fluxWeb, strings.Replace(fluxSemver, "m}", "m, annotations: {towline.dev/group: web, towline.dev/mode: commit, towline.dev/labels: ' security , my team', towline.dev/release: 1.3.0-rc1, other: x}}", 1))
	if p.Group() != "web" || p.Mode() != policy.ModeCommit {
		t.Errorf("group %q, mode %q", p.Group(), p.Mode())
	}
	if diff := cmp.Diff([]string{"security", "my team"}, p.Labels()); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if !p.Released("1.3.0-rc1") || p.Released("1.3.0") {
		t.Error("1.3.0-rc1 isn't released, or 1.3.0 is")
	}
}

func TestFluxReflection(t *testing.T) {
	tests := []struct {
		spec     string
		pin      policy.Pin
		follows  bool
		schedule string
	}{
		{"", policy.PinTag, false, "@every 5m0s"},
		{", digestReflectionPolicy: Never", policy.PinTag, false, "@every 5m0s"},
		{", digestReflectionPolicy: IfNotPresent", policy.PinDigest, false, "@every 5m0s"},
		{", digestReflectionPolicy: Always, interval: 1m", policy.PinDigest, true, "@every 1m0s"},
		{", digestReflectionPolicy: Always, interval: 1h", policy.PinDigest, true, "@every 5m0s"},
		{", digestReflectionPolicy: Always", policy.PinDigest, true, "@every 5m0s"},
	}
	for _, tt := range tests {
		p := only(t, fluxWeb, strings.TrimSuffix(fluxSemver, "}\n")+tt.spec+"}\n")
		if p.Pin() != tt.pin || p.FollowsDigest() != tt.follows || p.Schedule() != tt.schedule {
			t.Errorf("%q: pin %s, follows %v, schedule %q", tt.spec, p.Pin(), p.FollowsDigest(), p.Schedule())
		}
	}
}

func TestFluxSuspend(t *testing.T) {
	suspended := func(document string) string { return strings.TrimSuffix(document, "}\n") + ", suspend: true}\n" }
	for name, documents := range map[string][]string{
		"policy": {fluxWeb, suspended(fluxSemver)}, "repository": {suspended(fluxWeb), fluxSemver},
		"policy of a version without the field": {fluxWeb, strings.Replace(suspended(fluxSemver), "io/v1", "io/v1beta2", 1)},
	} {
		if !only(t, documents...).Suspended() {
			t.Errorf("%s: not suspended", name)
		}
	}
}

// TestFluxChoice holds the choice to Flux's internal/policy and fluxcd/pkg/version.
func TestFluxChoice(t *testing.T) {
	tests := []struct {
		name, spec, now, tags, want string
	}{
		{"semver", "policy: {semver: {range: 1.x}}", "1.0.0", "1.0.0 1.2.0 2.0.0 latest", "1.2.0"},
		{"a leading v, and none", "policy: {semver: {range: 1.x}}", "1.0.0", "1.0.0 v1.2.0", "v1.2.0"},
		{"leading zeros", "policy: {semver: {range: '>=2024'}}", "", "2024.01.05 2024.01.15 2024.1", "2024.01.15"},
		{"two numbers are no version", "policy: {semver: {range: 1.x}}", "1.1", "1.1 1.2 1.0.0", "1.0.0"},
		{"every suffix is a prerelease", "policy: {semver: {range: 1.x}}", "1.0.0-alpine", "1.0.0-alpine 1.1.0-alpine 1.0.0", "1.0.0"},
		{"prereleases that the range asks for", "policy: {semver: {range: '^1.x-0'}}", "", "1.0.0 1.1.0-rc.1", "1.1.0-rc.1"},
		{"prereleases are ordered as text", "policy: {semver: {range: '^1.x-0'}}", "", "1.1.0-rc9 1.1.0-rc10", "1.1.0-rc9"},
		{"an underscore is no plus sign", "policy: {semver: {range: 1.x}}", "", "1.0.0 1.1.0_1", "1.0.0"},
		{"downwards", "policy: {semver: {range: 1.0.x}}", "1.1.0", "1.0.0 1.1.0", "1.0.0"},
		{"signatures are excluded", "policy: {alphabetical: {}}", "", "sha256-1.sig a", "a"},
		{"extract", "policy: {numerical: {}}, filterTags: {pattern: '^main-[a-f0-9]+-(?P<ts>[0-9]+)$', extract: $ts}", "", "main-ab-20 main-cd-9 dev-1-30", "main-ab-20"},
		{"a filter without a pattern", "policy: {semver: {range: 1.x}}, filterTags: {}", "", "1.0.0 1.1.0", "1.1.0"},
		{"numerical, descending", "policy: {numerical: {order: desc}}", "", "3 1 2", "1"},
		{"alphabetical", "policy: {alphabetical: {order: asc}}", "b", "a b c", "c"},
		{"alphabetical, descending", "policy: {alphabetical: {order: desc}}", "b", "a b c", "a"},
		{"alphabetical doesn't mind the current form", "policy: {alphabetical: {}}", "1.0.0", "1.0.0 RELEASE", "RELEASE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := only(t, fluxWeb, fluxPolicy+"spec: {imageRepositoryRef: {name: web}, "+tt.spec+"}\n")
			choice, err := p.Choose(policy.Request{Current: tt.now, Tags: strings.Fields(tt.tags)})
			if err != nil || choice.Tag != tt.want {
				t.Errorf("chosen %q, %v; want %q", choice.Tag, err, tt.want)
			}
		})
	}
}

// summary tells of policies and problems in few words.
func summary(got policy.FluxPolicies) []string {
	var lines []string
	for _, p := range got.Policies {
		line := fmt.Sprintf("%s %s %s", p.Key(), p.Image(), strings.Join(p.Paths(), ","))
		if p.Suspended() {
			line += " suspended"
		}
		lines = append(lines, line)
	}
	for _, p := range got.Problems {
		lines = append(lines, p.Error())
	}
	return lines
}
