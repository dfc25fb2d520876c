package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/command"
	"github.com/towline-dev/towline/policy"
)

func pullsDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/pull-requests.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedCommands gives each command of the table to the parser that reads them.
func TestDocumentedCommands(t *testing.T) {
	got := map[command.Verb]bool{}
	for _, row := range tableOf(pullsDocs(t), "command") {
		line := strings.Trim(row[0], "`")
		parsed := command.Parse(line)
		if len(parsed) != 1 || parsed[0].Problem != "" {
			t.Errorf("%s is read as %+v", line, parsed)
			continue
		}
		got[parsed[0].Verb] = true
	}
	want := map[command.Verb]bool{command.Hold: true, command.Release: true, command.Rebase: true, command.Ignore: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands in the table (-want +got):\n%s", diff)
	}
}

// TestDocumentedGroupings holds the table of groupings to those that there are.
func TestDocumentedGroupings(t *testing.T) {
	var got []string
	for _, row := range tableOf(pullsDocs(t), "`by`") {
		got = append(got, strings.Trim(row[0], "`"))
	}
	want := []string{string(policy.GroupByPolicy), string(policy.GroupByDirectory), string(policy.GroupByLevel), string(policy.GroupByNone)}
	if !slices.Equal(got, want) {
		t.Errorf("groupings in the table: %q, want %q", got, want)
	}
}

// TestDocumentedTemplatesOfPullRequests tries the templates that are shown as the writer does.
func TestDocumentedTemplatesOfPullRequests(t *testing.T) {
	tried := 0
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(pullsDocs(t), -1) {
		if !strings.Contains(m[1], "kind: UpdateConfig") {
			continue
		}
		c, err := policy.ParseUpdateConfig("pull-requests.md", []byte(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{gitwriter.CheckTitleTemplate(c.PullRequest.Title), gitwriter.CheckBodyTemplate(c.PullRequest.Body)} {
			if err != nil {
				t.Errorf("%v\n%s", err, m[1])
			}
		}
		if c.PullRequest.Title+c.PullRequest.Body != "" {
			tried++
		}
	}
	if tried == 0 {
		t.Error("no template is shown")
	}
}
