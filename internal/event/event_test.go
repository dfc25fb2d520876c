package event_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/event"
)

func TestLogTellsEachEventAtItsLevel(t *testing.T) {
	tests := []struct {
		name  string
		event event.Event
		want  []string
	}{
		{"tag", event.TagChosen{Repository: "deploy", Policy: "web", Image: "nginx", From: "1.0.0", To: "1.1.0", Reason: "highest"},
			[]string{"level=INFO", `msg="nginx: 1.0.0 → 1.1.0"`, "event=tag", "repository=deploy", "policy=web", "to=1.1.0"}},
		{"created", event.PullRequest{Repository: "deploy", Group: "web", Action: "created", Number: 7, Changes: 2},
			[]string{"level=INFO", "event=pull_request", `msg="opened pull request #7 of web"`, "number=7", "changes=2"}},
		{"waiting", event.PullRequest{Group: "web", Action: "waiting"}, []string{`msg="the update of web waits"`}},
		{"deleted", event.PullRequest{Branch: "towline/web", Action: "deleted"}, []string{`msg="deleted the branch towline/web"`}},
		{"committed", event.PullRequest{Group: "web", Action: "committed"}, []string{`msg="committed the update of web"`}},
		{"unchanged is quiet", event.PullRequest{Action: "unchanged"}, []string{"level=DEBUG"}},
		{"closed", event.PullRequest{Action: "closed-by-person"}, []string{"level=INFO"}},
		{"closed as before is quiet", event.PullRequest{Action: "closed-by-person", Again: true}, []string{"level=DEBUG"}},
		{"failed", event.Failed{Repository: "deploy", Subject: "web", Err: errors.New("no route"), Times: 3},
			[]string{"level=ERROR", `msg="no route"`, "subject=web", "times=3"}},
		{"recovered", event.Recovered{Subject: "web", Times: 3}, []string{"level=INFO", `msg="web works again"`}},
		{"problem", event.Problem{Place: "a.yaml:3:1", Text: "no such policy"}, []string{"level=WARN", "place=a.yaml:3:1"}},
		{"held", event.Held{Image: "nginx", Current: "1.0.0", Tag: "1.1.0", Author: "Pat", Commit: "abc"},
			[]string{"level=INFO", "event=held", `msg="nginx 1.1.0 is held back: Pat moved it to 1.0.0"`, "tag=1.1.0", "commit=abc"}},
		{"round", event.RoundFinished{Policies: 4}, []string{"level=DEBUG", "policies=4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			seen := 0
			event.Multi(event.Log(log), event.HandlerFunc(func(event.Event) { seen++ })).Handle(tt.event)
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q lacks %q", out.String(), want)
				}
			}
			if seen != 1 {
				t.Errorf("the second handler saw %d events, want 1", seen)
			}
		})
	}
}

func TestFailuresAreToldEverMoreSeldom(t *testing.T) {
	var failures event.Failures
	down := errors.New("registry is down")
	all := func(string) bool { return true }
	tell := func(failed map[string]error, examined func(string) bool) string {
		var told []string
		for _, e := range failures.Round("deploy", failed, examined) {
			told = append(told, fmt.Sprintf("%s %s", e.Name(), e.Message()))
		}
		return strings.Join(told, "; ")
	}
	steps := []struct {
		name   string
		failed map[string]error
		looked func(string) bool
		want   string
	}{
		{"first", map[string]error{"web": down}, all, "failed registry is down"},
		{"second", map[string]error{"web": down}, all, "failed registry is down"},
		{"third", map[string]error{"web": down}, all, ""},
		{"fourth", map[string]error{"web": down}, all, "failed registry is down"},
		{"recovered from that", nil, all, "recovered web works again"},
		{"a limit", map[string]error{"web": errors.New("rate limit reached, next try in 59m58s")}, all, "failed rate limit reached, next try in 59m58s"},
		{"with less left", map[string]error{"web": errors.New("rate limit reached, next try in 59m56s")}, all, "failed rate limit reached, next try in 59m56s"},
		{"with still less left", map[string]error{"web": errors.New("rate limit reached, next try in 59m54s")}, all, ""},
		{"and it ends", nil, all, "recovered web works again"},
		{"first again", map[string]error{"web": down}, all, "failed registry is down"},
		{"second again", map[string]error{"web": down}, all, "failed registry is down"},
		{"not looked at", nil, func(string) bool { return false }, ""},
		{"third again", map[string]error{"web": down}, all, ""},
		{"another cause", map[string]error{"web": errors.New("denied")}, all, "failed denied"},
		{"recovered", nil, all, "recovered web works again"},
		{"stays well", nil, all, ""},
		{"fails anew", map[string]error{"web": down}, all, "failed registry is down"},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, tell(s.failed, s.looked)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
	}
}
