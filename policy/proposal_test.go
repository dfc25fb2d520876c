package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func TestParseProposals(t *testing.T) {
	const file = `apiVersion: towline.dev/v1
kind: UpdateConfig
spec:
  grouping: {by: level, separateMajor: true}
  limits: {open: 10, perHour: 1000}
  windows:
    - {schedule: "0 9 * * 1-5", duration: 8h, timeZone: Europe/Berlin}
    - {schedule: "30 22 1,15 * *", duration: 168h}
  automerge: minor
  draft: true
  milestone: Upkeep
  pullRequest:
    title: "{{.Group}}: new images"
    body: |
      Ask in #shop.
    rebase: conflict
    mergeMethod: squash
  dashboard: {enabled: true, title: Images, labels: [bot]}
`
	got, err := policy.ParseUpdateConfig("f", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.DefaultUpdateConfig()
	want.Grouping = policy.GroupingConfig{By: policy.GroupByLevel, SeparateMajor: true}
	want.Limits = policy.LimitsConfig{Open: 10, PerHour: 1000}
	want.Windows = []policy.Window{
		{Schedule: "0 9 * * 1-5", Duration: 8 * time.Hour, TimeZone: "Europe/Berlin"},
		{Schedule: "30 22 1,15 * *", Duration: 7 * 24 * time.Hour},
	}
	want.Automerge, want.Draft, want.Milestone = policy.AutomergeMinor, true, "Upkeep"
	want.PullRequest = policy.PullRequestConfig{
		Title: "{{.Group}}: new images", TitleAt: policy.Position{File: "f", Line: 13, Column: 12},
		Body: "Ask in #shop.\n", BodyAt: policy.Position{File: "f", Line: 14, Column: 11},
		Rebase: policy.RebaseConflict, MergeMethod: policy.MergeSquash,
	}
	want.Dashboard = policy.DashboardConfig{Enabled: true, Title: "Images", Labels: []string{"bot"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}
