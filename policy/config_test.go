package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func TestParseUpdateConfig(t *testing.T) {
	const file = `apiVersion: towline.dev/v1
kind: UpdateConfig
metadata: {name: shop}
spec:
  baseBranch: release/1.x
  branchPrefix: bot-
  labels: [images, "needs review"]
  reviewers: [alice]
  assignees: [bob]
  commit:
    author: {name: Tow Line, email: bot@example.com}
    message: "Update {{.Group}}{{range .Changes}}\n- {{lower .Image}}{{end}}"
    conventional: always
    signOff: true
    signing: required
  ignorePaths: ["vendor/", "**/testdata/**"]
---
apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: passed-over}
`
	got, err := policy.ParseUpdateConfig(policy.UpdateConfigFile, []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.UpdateConfig{
		BaseBranch: "release/1.x", BranchPrefix: "bot-",
		Labels: []string{"images", "needs review"}, Reviewers: []string{"alice"}, Assignees: []string{"bob"},
		Commit: policy.CommitConfig{
			Author:  policy.AuthorConfig{Name: "Tow Line", Email: "bot@example.com"},
			Message: "Update {{.Group}}{{range .Changes}}\n- {{lower .Image}}{{end}}", MessageAt: policy.Position{File: ".towline.yaml", Line: 12, Column: 14},
			Conventional: policy.ConventionalAlways, SignOff: true, Signing: policy.SigningRequired,
		},
		IgnorePaths: []string{"vendor/", "**/testdata/**"},
		Grouping:    policy.GroupingConfig{By: policy.GroupByPolicy},
		Automerge:   policy.AutomergeNone,
		PullRequest: policy.PullRequestConfig{Rebase: policy.RebaseBehind, MergeMethod: policy.MergeMerge},
		Dashboard:   policy.DashboardConfig{Title: "Image updates"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// TestUpdateConfigDefaults: whatever is wrong, what comes back is safe to use.
func TestUpdateConfigDefaults(t *testing.T) {
	want := policy.UpdateConfig{
		BranchPrefix: "towline/",
		Commit:       policy.CommitConfig{Conventional: policy.ConventionalAuto, Signing: policy.SigningOptional},
		Grouping:     policy.GroupingConfig{By: policy.GroupByPolicy},
		Automerge:    policy.AutomergeNone,
		PullRequest:  policy.PullRequestConfig{Rebase: policy.RebaseBehind, MergeMethod: policy.MergeMerge},
		Dashboard:    policy.DashboardConfig{Title: "Image updates"},
	}
	if diff := cmp.Diff(want, policy.DefaultUpdateConfig()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	got, err := policy.ParseUpdateConfig("f", []byte("apiVersion: towline.dev/v1\nkind: UpdateConfig\n"))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a document that says nothing: %v\n%s", err, diff)
	}
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := policy.ParseUpdateConfig(file, data)
		if diff := cmp.Diff(want, got); err == nil || diff != "" {
			t.Errorf("%s: error %v\n%s", file, err, diff)
		}
	}
}

func TestBranchNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"main": true, "release/1.x": true, "héllo": true, "a-b_c": true,
		"-main": false, "a b": false, "a..b": false, "a~1": false, "a^": false, "a:b": false, "a?": false, "a*": false,
		"a[": false, `a\\b`: false, "a@{b": false, "@": false, "/a": false, "a/": false, "a//b": false, ".a": false,
		"a/.b": false, "a.lock": false, "a.lock/b": false, "a.": false, `a\tb`: false, "": false, strings.Repeat("a", 201): false,
	} {
		file := "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {baseBranch: \"" + name + "\"}\n"
		if _, err := policy.ParseUpdateConfig("f", []byte(file)); (err == nil) != ok {
			t.Errorf("branch %q: %v, want ok to be %t", name, err, ok)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		glob, file string
		want       bool
	}{
		{"apps/**", "apps/a.yaml", true},
		{"apps/**", "apps/a/b/c.yaml", true},
		{"apps/**", "apps", false},
		{"apps/**", "apps-eu/a.yaml", false},
		{"apps/", "apps/a/b.yaml", true},
		{"apps/", "apps", false},
		{"apps", "apps/a.yaml", false},
		{"apps/*", "apps/a.yaml", true},
		{"apps/*", "apps/a/b.yaml", false},
		{"*.yaml", "a.yaml", true},
		{"*.yaml", "apps/a.yaml", false},
		{"**/*.yaml", "a.yaml", true},
		{"**/*.yaml", "apps/x/a.yaml", true},
		{"**/*.yaml", "apps/x/a.yml", false},
		{"**", "a", true},
		{"**", "a/b", true},
		{"apps/**/prod/*.yaml", "apps/prod/a.yaml", true},
		{"apps/**/prod/*.yaml", "apps/x/y/prod/a.yaml", true},
		{"apps/**/prod/*.yaml", "apps/prod/x/prod/a.yaml", true},
		{"apps/**/prod/*.yaml", "apps/prod/x/a.yaml", false},
		{"**/a/**/b", "x/a/y/a/z/b", true},
		{"**/a/**/b", "x/b/a", false},
		{"apps/[ab]?.yaml", "apps/a1.yaml", true},
		{"apps/[ab]?.yaml", "apps/c1.yaml", false},
		{"Apps/**", "apps/a.yaml", false},
		{"apps/a.yaml", "./apps//a.yaml", true},
		{"[", "[", false},
		{"", "a", false},
		{"a/b/c", "a/b", false},
		{strings.Repeat("**/a/", 50) + "b", strings.Repeat("a/", 500) + "c", false},
	} {
		if got := policy.Match([]string{"never/matches", tt.glob}, tt.file); got != tt.want {
			t.Errorf("Match(%.40q, %.40q) = %t, want %t", tt.glob, tt.file, got, tt.want)
		}
	}
	if policy.Match(nil, "a") {
		t.Error("no glob matches a file")
	}
}
