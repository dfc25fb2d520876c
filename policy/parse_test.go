package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/policy"
)

func TestParse(t *testing.T) {
	const file = "\uFEFF# ours\r\n" + `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: podinfo, namespace: flux-system, labels: {a: b}}
spec:
  image: ghcr.io/stefanprodan/podinfo
  schedule: "CRON_TZ=Europe/Berlin 0 6 * * 1-5"
  filterTags: {pattern: '^v(?P<v>.+)-alpine$', extract: '$v'}
  policy:
    semver: {range: ">=6.0.0 <7.0.0", prereleases: true}
  exclude: ["6.3.0", "/-rc/"]
  pin: digest
  allowDowngrade: true
  update: {paths: ["apps/**"], group: web, mode: commit}
---
apiVersion: v1
kind: ConfigMap
--- # the least that a policy needs
{"apiVersion": "towline.dev/v1", "kind": "ImagePolicy", "metadata": {"name": "least"}, "spec": {
  "image": "nginx", "policy": {"semver": {"range": "*"}}}}
`
	got, err := policy.Parse("clusters/prod/policy.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []*policy.Policy{
		{
			Name: "podinfo", Namespace: "flux-system",
			Position: policy.Position{File: "clusters/prod/policy.yaml", Line: 2, Column: 1},
			Spec: policy.Spec{
				Image:      "ghcr.io/stefanprodan/podinfo",
				Schedule:   "CRON_TZ=Europe/Berlin 0 6 * * 1-5",
				FilterTags: &policy.FilterTags{Pattern: "^v(?P<v>.+)-alpine$", Extract: "$v"},
				Policy:     policy.Kinds{Semver: &policy.Semver{Range: ">=6.0.0 <7.0.0", Prereleases: true}},
				Exclude:    []string{"6.3.0", "/-rc/"}, Pin: policy.PinDigest, AllowDowngrade: true,
				Update: policy.Update{Paths: []string{"apps/**"}, Group: "web", Mode: policy.ModeCommit},
			},
		},
		{
			Name:     "least",
			Position: policy.Position{File: "clusters/prod/policy.yaml", Line: 19, Column: 1},
			Spec: policy.Spec{
				Image: "nginx", Schedule: "@every 5m", Pin: policy.PinTag,
				Policy: policy.Kinds{Semver: &policy.Semver{Range: "*"}},
				Update: policy.Update{Mode: policy.ModePullRequest},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(policy.Policy{})); diff != "" {
		t.Fatalf("policies (-want +got):\n%s", diff)
	}
	full, least := got[0], got[1]
	place := policy.Position{File: "clusters/prod/policy.yaml", Line: 6, Column: 10}
	if diff := cmp.Diff(place, full.ImagePosition()); diff != "" {
		t.Errorf("place of the image (-want +got):\n%s", diff)
	}
	if full.Key() != "flux-system/podinfo" || least.Key() != "least" || full.Dir() != "clusters/prod" {
		t.Errorf("keys %q, %q; directory %q", full.Key(), least.Key(), full.Dir())
	}
	if full.Image() != want[0].Spec.Image || full.Schedule() != want[0].Spec.Schedule || full.Group() != "web" ||
		full.Mode() != policy.ModeCommit || full.Pin() != policy.PinDigest || len(full.Paths()) != 1 {
		t.Errorf("the accessors disagree with the spec: %+v", full.Spec)
	}
	for file, covered := range map[string][2]bool{
		"apps/shop/deployment.yaml": {true, false}, "clusters/prod/a/b.yaml": {false, true},
		"clusters/prod-eu/a.yaml": {false, false}, "a.yaml": {false, false},
	} {
		if got := [2]bool{full.Covers(file), least.Covers(file)}; got != covered {
			t.Errorf("%s is covered %v, want %v", file, got, covered)
		}
	}
}

func TestPolicyAtTheRootCoversAll(t *testing.T) {
	got, err := policy.Parse("policy.yaml", []byte("{apiVersion: towline.dev/v1, kind: ImagePolicy, metadata: {name: a}, spec: {image: a, policy: {semver: {range: '*'}}}}"))
	if err != nil || len(got) != 1 || got[0].Dir() != "." || !got[0].Covers("any/where.yaml") {
		t.Errorf("%v, %v", got, err)
	}
}

// TestGoodBesideBad: a bad document doesn't hide the good ones.
func TestGoodBesideBad(t *testing.T) {
	const head = "apiVersion: towline.dev/v1\nkind: ImagePolicy\n"
	const good = head + "metadata: {name: %s}\nspec: {image: nginx, policy: {semver: {range: '*'}}}\n---\n"
	file := fmt.Sprintf(good, "first") + head + "spec: {\n---\n" + head + "---\n" + fmt.Sprintf(good, "last")
	got, err := policy.Parse("p.yaml", []byte(file))
	if err == nil || len(got) != 2 || got[0].Name != "first" || got[1].Name != "last" {
		t.Errorf("%d policies, error %v", len(got), err)
	}
}

func TestPassedOver(t *testing.T) {
	for name, file := range map[string]string{
		"empty":             "",
		"no YAML":           "towline.dev/ {{ if }}",
		"bytes":             "\xff\xfe\x00towline.dev/\x00",
		"another group":     "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {labels: {towline.dev/x: y}}\n",
		"a Sync":            "apiVersion: towline.dev/v1beta1\nkind: Sync\n",
		"a list":            "- apiVersion: towline.dev/v1\n",
		"only in a comment": "# towline.dev/v1\na: b\n",
		"an UpdateConfig":   "apiVersion: towline.dev/v1\nkind: UpdateConfig\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := policy.Parse("x.yaml", []byte(file)); got != nil || err != nil {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestHostileFiles(t *testing.T) {
	const head = "apiVersion: towline.dev/v1\nkind: ImagePolicy\n"
	for name, tt := range map[string]struct{ file, want string }{
		"a huge file":          {head + strings.Repeat("# comment\n", 1<<20), "more than 8 MiB"},
		"a huge document":      {head + "spec:\n" + strings.Repeat("  # comment\n", 30_000), "more than 256 KiB"},
		"deep flow":            {head + "spec: " + strings.Repeat("[", 50_000), "not valid YAML"},
		"deep block":           {head + "spec:\n" + strings.Repeat("- ", 50_000), "not valid YAML"},
		"many values":          {head + "spec: {exclude: [" + strings.Repeat("a,", 100_000) + "]}", "more than 20000 values"},
		"many problems":        {head + "spec: {exclude: [" + strings.Repeat("1,", 10_000) + "]}", "too many problems"},
		"many excludes":        {head + "spec: {exclude: [" + strings.Repeat("a,", 10_000) + "]}", "more than 200 entries"},
		"an alias of itself":   {head + "spec: &a {exclude: &b [*a, *b]}", "wants text, found a mapping"},
		"merges without end":   {head + "spec: &a {<<: [*a, *a, *a, *a, *a, *a, *a, *a]}", "merge keys nested too deeply"},
		"a long name":          {head + "metadata: {name: " + strings.Repeat("a", 1000) + "}", "is not a name"},
		"a long pattern":       {head + "spec: {filterTags: {pattern: " + strings.Repeat("a", 5000) + "}}", "more than 1000 bytes"},
		"a pattern that grows": {head + "spec: {filterTags: {pattern: '(a{100}){9}b{999}c{999}'}}", "repeats too much"},
		"patterns together":    {head + "spec: {exclude: [" + strings.Repeat("'/x{900}/',", 6) + "]}", "too large together"},
		"a long extract":       {head + "spec: {filterTags: {pattern: '(a)', extract: " + strings.Repeat("$1", 5000) + "}}", "more than 1000 bytes"},
		"a long range":         {head + "spec: {policy: {semver: {range: '" + strings.Repeat(">1 ", 1000) + "'}}}", "is not a range"},
		"a long schedule":      {head + "spec: {schedule: '" + strings.Repeat("* ", 1000) + "'}", "longer than 256"},
		"a long image":         {head + "spec: {image: " + strings.Repeat("a/", 1000) + "a}", "longer than 255"},
		"a long glob":          {head + "spec: {update: {paths: [" + strings.Repeat("a", 2000) + "]}}", "more than 1024 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := policy.Parse("x.yaml", []byte(tt.file))
			if err == nil || len(got) > 0 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d policies, error %.300v\nwant one that holds %q", len(got), err, tt.want)
			}
			if err != nil && len(err.Error()) > 32<<10 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestImages(t *testing.T) {
	for image, want := range map[string]string{
		"nginx":                         "",
		"library/nginx":                 "",
		"ghcr.io/stefanprodan/podinfo":  "",
		"localhost/app":                 "",
		"localhost:5000/a/b__c/d-e.f_g": "",
		"GHCR.io/app":                   "",
		"[::1]:5000/app":                "",
		"127.0.0.1:5000/app":            "",
		"":                              `spec.image: is empty`,
		"nginx:1.27":                    `holds the tag "1.27" (write "nginx"; the policy chooses the tag)`,
		"localhost:5000/app:v1":         `holds the tag "v1" (write "localhost:5000/app"`,
		"nginx@sha256:abc":              `holds the digest "sha256:abc" (write "nginx"`,
		"oci://ghcr.io/app":             `begins with "oci://" (write "ghcr.io/app")`,
		"ghcr.io/Stefan/podinfo":        `has upper-case letters (repositories are lower-case: "ghcr.io/stefan/podinfo")`,
		"Nginx":                         `has upper-case letters`,
		"ghcr.io/a b":                   `"a b" is no component`,
		"ghcr.io//a":                    `"" is no component`,
		"ghcr.io/a/":                    `"" is no component`,
		"/a":                            `"" is no component`,
		"-x.io/a":                       `"-x.io" is not a registry's host`,
		"localhost:5000":                `"localhost:5000" is no component`,
		"ghcr.io/a..b":                  `"a..b" is no component`,
		"$(evil).io/x":                  `is not a registry's host`,
	} {
		t.Run(image, func(t *testing.T) {
			checkField(t, fmt.Sprintf("image: %q\n  %s", image, semverRange("*")), "spec.image", want)
		})
	}
}

func TestSchedules(t *testing.T) {
	for schedule, want := range map[string]string{
		"*/5 * * * *":                   "",
		"@hourly":                       "",
		"@every 2s":                     "",
		"@every 1h30m":                  "",
		"0 0 29 2 *":                    "",
		"CRON_TZ=UTC @every 5m":         "",
		"TZ=Asia/Tokyo 30 4 1,15 * MON": "",
		"":                              "is not a schedule",
		"5m":                            "is not a schedule",
		"* * * *":                       "is not a schedule",
		"0 * * * * *":                   "is not a schedule",
		"61 * * * *":                    "is not a schedule",
		"@fortnightly":                  "is not a schedule",
		"@every":                        "is not a schedule",
		"@every 0s":                     "more often than once a second",
		"@every -5m":                    "more often than once a second",
		"@every 10ms":                   "more often than once a second",
		"CRON_TZ=UTC @every 5ms":        "more often than once a second",
		"CRON_TZ=UTC":                   "a time zone and nothing else",
		"TZ=":                           "a time zone and nothing else",
		"CRON_TZ=../../etc 0 * * * *":   "bad location",
		"0 0 30 2 *":                    "never comes",
	} {
		t.Run(schedule, func(t *testing.T) {
			checkField(t, fmt.Sprintf("image: a\n  %s\n  schedule: %q", semverRange("*"), schedule), "spec.schedule", want)
		})
	}
}

// checkField parses a policy of which only the one field may be wrong.
func checkField(t *testing.T, spec, field, want string) {
	t.Helper()
	_, err := policy.Parse("x.yaml", []byte("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: a}\nspec:\n  "+spec+"\n"))
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), " "+field+": ") || strings.Contains(err.Error(), "\n")):
		t.Errorf("error %v\nwant one at %s that holds %q", err, field, want)
	}
}
