package webhook_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/webhook"
)

// parsing is one body and what is made of it: the events of repository where by alice.
type parsing struct {
	name, event, body string
	want              []webhook.Event
	wantErr           string
}

const where = "git.example.com/acme/deploy"

func (tt parsing) run(t *testing.T, of webhook.Type, header string) {
	t.Run(tt.name, func(t *testing.T) {
		events, err := webhook.Parse(of, http.Header{header: {tt.event}}, []byte(tt.body))
		if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Fatalf("error %v, want %q in it", err, tt.wantErr)
		}
		for i := range tt.want {
			tt.want[i].Repository, tt.want[i].Sender = where, "alice"
		}
		if diff := cmp.Diff(tt.want, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func one(e webhook.Event) []webhook.Event { return []webhook.Event{e} }

// github makes a body of GitHub's, or Gitea's: the fields with what is in each.
func github(fields string) string {
	return `{` + fields + `,"repository":{"id":1,"full_name":"acme/deploy","clone_url":"https://Git.example.com/acme/deploy.git","html_url":"https://git.example.com/acme/deploy"},"sender":{"login":"alice","id":2}}`
}

func githubPull(action, head string) string {
	return github(fmt.Sprintf(`"action":%q,"number":7,"pull_request":{"number":7,"state":"open","body":null,"head":{"ref":"towline/web","sha":"0","repo":%s},"base":{"ref":"main"}}`, action, head))
}

const ourRepo = `{"full_name":"acme/deploy"}`

func githubComment(action, body, before string) string {
	return github(fmt.Sprintf(`"action":%q,"issue":{"number":7,"state":"open","pull_request":{"url":"x"}},"comment":{"id":3,"body":%q},"changes":{"body":{"from":%q}}`, action, body, before))
}

func githubIssue(action, body, before string) string {
	return github(fmt.Sprintf(`"action":%q,"issue":{"number":9,"title":"Image updates","body":%q},"changes":{"body":{"from":%q}}`, action, body, before))
}

// shared are what GitHub, Gitea and Forgejo send alike.
func shared() []parsing {
	pull := webhook.Event{Kind: webhook.PullRequest, Branch: "towline/web", Number: 7}
	comment := webhook.Event{Kind: webhook.Comment, Number: 7}
	issue := webhook.Event{Kind: webhook.Issue, Number: 9}
	const board = "<!-- towline-dashboard: x -->\n- [x] <!-- towline: retry p --> p"
	return []parsing{
		{name: "push", event: "push", body: github(`"ref":"refs/heads/release/1.x","before":"0","after":"1","commits":[{"id":"1"}],"pusher":{"name":"alice"}`), want: one(webhook.Event{Kind: webhook.Pushed, Branch: "release/1.x"})},
		{name: "push of a tag", event: "push", body: github(`"ref":"refs/tags/v1"`)},
		{name: "deletion", event: "delete", body: github(`"ref":"towline/web","ref_type":"branch"`), want: one(webhook.Event{Kind: webhook.Pushed, Branch: "towline/web"})},
		{name: "deletion of a tag", event: "delete", body: github(`"ref":"v1","ref_type":"tag"`)},
		{name: "closed", event: "pull_request", body: githubPull("closed", ourRepo), want: one(pull)},
		{name: "reopened", event: "pull_request", body: githubPull("reopened", ourRepo), want: one(pull)},
		{name: "of a fork", event: "pull_request", body: githubPull("closed", `{"full_name":"mallory/deploy"}`)},
		{name: "of a fork that is gone", event: "pull_request", body: githubPull("closed", `null`)},
		{name: "labelled", event: "pull_request", body: githubPull("labeled", ourRepo)},
		{name: "assigned", event: "pull_request", body: githubPull("assigned", ourRepo)},
		{name: "without a pull request", event: "pull_request", body: github(`"action":"closed"`)},
		{name: "a command", event: "issue_comment", body: githubComment("created", "Wait.\r\n/towline hold 7d", ""), want: one(comment)},
		{name: "one that can't be read", event: "issue_comment", body: githubComment("created", "/towline stop", ""), want: one(comment)},
		{name: "edited into one", event: "issue_comment", body: githubComment("edited", "/towline hold", "towline hold"), want: one(comment)},
		{name: "edited away", event: "issue_comment", body: githubComment("edited", "never mind", "/towline hold"), want: one(comment)},
		{name: "deleted", event: "issue_comment", body: githubComment("deleted", "/towline hold", ""), want: one(comment)},
		{name: "no command", event: "issue_comment", body: githubComment("created", "What does `/towline hold` do?", "")},
		{name: "a tick", event: "issues", body: githubIssue("edited", board, board), want: one(issue)},
		{name: "a dashboard that was emptied", event: "issues", body: githubIssue("edited", "", board), want: one(issue)},
		{name: "another issue", event: "issues", body: githubIssue("edited", "It fails.", "It fail.")},
		{name: "a dashboard that was labelled", event: "issues", body: githubIssue("labeled", board, "")},
		{name: "another event", event: "star", body: github(`"action":"created"`)},
		{name: "no event", event: "", body: github(`"action":"created"`)},
		{name: "ping", event: "ping", body: `{"zen":"Keep it logically awesome.","hook_id":1}`},
		{name: "fields of another shape", event: "pull_request", body: strings.Replace(githubPull("closed", ourRepo), `"action"`, `"comment":[1],"branches":7,"state":{},"action"`, 1), want: one(pull)},
		{name: "not JSON", event: "push", body: `{`, wantErr: "isn't the JSON"},
		{name: "not an object", event: "push", body: `[]`, wantErr: "isn't the JSON"},
		{name: "empty", event: "push", body: ``, wantErr: "isn't the JSON"},
		{name: "deep", event: "push", body: strings.Repeat(`{"a":`, 20000), wantErr: "isn't the JSON"},
		{name: "no repository", event: "push", body: `{"ref":"refs/heads/main"}`, wantErr: "no repository"},
		{name: "an odd repository", event: "push", body: `{"ref":"refs/heads/main","repository":{"clone_url":"%zz","html_url":"javascript:alert(1)"}}`, wantErr: "no repository"},
	}
}

func TestGitHub(t *testing.T) {
	for _, tt := range append(shared(),
		parsing{name: "review", event: "pull_request_review", body: githubPull("submitted", ourRepo), want: one(webhook.Event{Kind: webhook.PullRequest, Branch: "towline/web", Number: 7})},
		parsing{name: "checks", event: "check_suite", body: github(`"action":"completed","check_suite":{"head_branch":"towline/web","status":"completed","conclusion":"success"}`), want: one(webhook.Event{Kind: webhook.Checks, Branch: "towline/web"})},
		parsing{name: "checks of a fork", event: "check_suite", body: github(`"action":"completed","check_suite":{"head_branch":null}`)},
		parsing{name: "checks asked for", event: "check_suite", body: github(`"action":"requested","check_suite":{"head_branch":"towline/web"}`)},
		parsing{name: "status", event: "status", body: github(`"state":"success","branches":[{"name":"a"},{"name":"b"}]`), want: []webhook.Event{{Kind: webhook.Checks, Branch: "a"}, {Kind: webhook.Checks, Branch: "b"}}},
		parsing{name: "status that waits", event: "status", body: github(`"state":"pending","branches":[{"name":"a"}]`)},
	) {
		tt.run(t, webhook.GitHub, "X-Github-Event")
	}
}

func TestGitea(t *testing.T) {
	for _, header := range []string{"X-Gitea-Event", "X-Forgejo-Event"} {
		for _, tt := range append(shared(),
			parsing{name: "approved", event: "pull_request_approved", body: githubPull("reviewed", ourRepo), want: one(webhook.Event{Kind: webhook.PullRequest, Branch: "towline/web", Number: 7})},
			parsing{name: "rejected", event: "pull_request_rejected", body: githubPull("reviewed", ourRepo), want: one(webhook.Event{Kind: webhook.PullRequest, Branch: "towline/web", Number: 7})},
			parsing{name: "status", event: "status", body: github(`"state":"success"`)},
		) {
			tt.run(t, webhook.Gitea, header)
		}
	}
}

func gitlab(fields string) string {
	return `{` + fields + `,"user":{"id":1,"username":"alice"},"user_username":"alice","project":{"id":15,"path_with_namespace":"acme/deploy","web_url":"http://x/y","git_ssh_url":"git@git.example.com:acme/deploy.git","git_http_url":"https://git.example.com/acme/deploy.git"}}`
}

func gitlabMerge(action, more string) string {
	return gitlab(`"object_kind":"merge_request","object_attributes":{"id":99,"iid":7,"source_branch":"towline/web","target_branch":"main","source_project_id":15,"target_project_id":15,"description":"","action":"` + action + `"` + more)
}

func TestGitLab(t *testing.T) {
	merge := webhook.Event{Kind: webhook.PullRequest, Branch: "towline/web", Number: 7}
	note := func(text, more string) string {
		return gitlab(fmt.Sprintf(`"object_kind":"note","object_attributes":{"id":3,"note":%q,"action":"create"%s},"merge_request":{"iid":7,"source_branch":"towline/web"}`, text, more))
	}
	for _, tt := range []parsing{
		{name: "push", body: gitlab(`"object_kind":"push","event_name":"push","ref":"refs/heads/release/1.x","checkout_sha":null`), want: one(webhook.Event{Kind: webhook.Pushed, Branch: "release/1.x"})},
		{name: "push of a tag", body: gitlab(`"object_kind":"tag_push","ref":"refs/tags/v1"`)},
		{name: "merged", body: gitlabMerge("merge", `}`), want: one(merge)},
		{name: "closed", body: gitlabMerge("close", `}`), want: one(merge)},
		{name: "approved", body: gitlabMerge("approved", `}`), want: one(merge)},
		{name: "pushed to", body: gitlabMerge("update", `,"oldrev":"0"},"changes":{"updated_at":{}}`), want: one(merge)},
		{name: "described", body: gitlabMerge("update", `},"changes":{"description":{"previous":"a","current":"b"},"updated_at":{}}`), want: one(merge)},
		{name: "labelled", body: gitlabMerge("update", `},"changes":{"labels":{"previous":[],"current":[{"id":1}]},"updated_at":{}}`)},
		{name: "of a fork", body: strings.Replace(gitlabMerge("close", `}`), `"source_project_id":15`, `"source_project_id":16`, 1)},
		{name: "a command", body: note("/towline hold", ""), want: one(webhook.Event{Kind: webhook.Comment, Branch: "towline/web", Number: 7})},
		{name: "no command", body: note("hold on", "")},
		{name: "GitLab's own words", body: note("/towline hold", `,"system":true`)},
		{name: "a command on an issue", body: gitlab(`"object_kind":"note","object_attributes":{"note":"/towline hold"},"issue":{"iid":9}`), want: one(webhook.Event{Kind: webhook.Comment, Number: 9})},
		{name: "a tick", body: gitlab(`"object_kind":"issue","object_attributes":{"iid":9,"action":"update","description":"<!-- towline-dashboard: x -->"},"changes":{"description":{"previous":""}}`), want: one(webhook.Event{Kind: webhook.Issue, Number: 9})},
		{name: "a dashboard that was emptied", body: gitlab(`"object_kind":"issue","object_attributes":{"iid":9,"action":"update","description":""},"changes":{"description":{"previous":"<!-- towline-dashboard: x -->"}}`), want: one(webhook.Event{Kind: webhook.Issue, Number: 9})},
		{name: "another issue", body: gitlab(`"object_kind":"issue","object_attributes":{"iid":9,"action":"close","description":"x"}`)},
		{name: "checks", body: gitlab(`"object_kind":"pipeline","object_attributes":{"ref":"towline/web","tag":false,"status":"success"}`), want: one(webhook.Event{Kind: webhook.Checks, Branch: "towline/web"})},
		{name: "checks of a merge request", body: gitlab(`"object_kind":"pipeline","object_attributes":{"ref":"refs/merge-requests/7/head","status":"failed"},"merge_request":{"iid":7,"source_branch":"towline/web"}`), want: one(webhook.Event{Kind: webhook.Checks, Branch: "towline/web", Number: 7})},
		{name: "checks that run", body: gitlab(`"object_kind":"pipeline","object_attributes":{"ref":"towline/web","status":"running"}`)},
		{name: "checks of a tag", body: gitlab(`"object_kind":"pipeline","object_attributes":{"ref":"v1","tag":true,"status":"success"}`)},
		{name: "another event", body: gitlab(`"object_kind":"wiki_page"`)},
		{name: "not JSON", body: `{`, wantErr: "isn't the JSON"},
		{name: "no repository", body: `{"object_kind":"push","ref":"refs/heads/main"}`, wantErr: "no repository"},
	} {
		tt.run(t, webhook.GitLab, "X-Gitlab-Event")
	}
}

// FuzzParse holds that whatever is sent, each event is of a kind, and of a repository that
// has a host and a path.
func FuzzParse(f *testing.F) {
	for _, tt := range shared() {
		if len(tt.body) < 2000 {
			f.Add(uint8(0), tt.event, tt.body)
			f.Add(uint8(1), tt.event, tt.body)
		}
	}
	f.Add(uint8(2), "", gitlabMerge("close", `}`))
	f.Fuzz(func(t *testing.T, of uint8, event, body string) {
		types := webhook.Types()
		header := http.Header{"X-Github-Event": {event}, "X-Gitea-Event": {event}}
		events, err := webhook.Parse(types[int(of)%len(types)], header, []byte(body))
		if err != nil && len(events) > 0 {
			t.Fatalf("both events and an error: %v", err)
		}
		for _, e := range events {
			host, path, _ := strings.Cut(e.Repository, "/")
			if e.Kind == "" || host == "" || path == "" {
				t.Errorf("%+v", e)
			}
		}
	})
}
