package line_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

// TestStanding holds that what a person has decided about an update is told once, and
// not again by each of the rounds that leave it at that.
func TestStanding(t *testing.T) {
	t.Parallel()
	program := testbed.Towline(t)
	for _, tt := range []struct {
		name   string
		decide func(l *line)
		action string
	}{
		{"closed", (*line).closePullRequest, "closed-by-person"},
		{"taken over", (*line).commitToBranch, "frozen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, program)
			l.publish("1.1.0")
			bot := l.startBot()
			l.awaitForge("the pull request", func() bool { return len(l.repo.PullRequests()) == 1 })
			tt.decide(l)
			l.awaitRounds(1) // the one under way may have looked before
			l.awaitRounds(4)
			lines, _ := bot.since(t)
			if got := strings.Count(strings.Join(lines, "\n"), `"action":"`+tt.action+`"`); got != 1 {
				t.Errorf("%q is told %d times, want once:\n%s", tt.action, got, strings.Join(lines, "\n"))
			}
			l.onlyPullRequest()
		})
	}
}

// closePullRequest closes the pull request as a person does.
func (l *line) closePullRequest() {
	l.Helper()
	alice, err := github.New(github.Config{BaseURL: l.api, Owner: owner, Repo: repository, Token: secret.New("alice-token")})
	if err != nil {
		l.Fatal(err)
	}
	closed := forge.StateClosed
	if _, err := alice.Update(l.Context(), l.onlyPullRequest().Number, forge.Change{State: &closed}); err != nil {
		l.Fatal(err)
	}
}

// commitToBranch adds a person's commit to the update's branch.
func (l *line) commitToBranch() {
	l.Helper()
	_, err := l.repo.Commit(forgetest.Commit{Branch: updateBranch, Message: "Mend it", Author: "alice", Files: map[string]string{"NOTES.md": "mended\n"}})
	if err != nil {
		l.Fatal(err)
	}
}

// awaitRounds waits until the bot has begun some more rounds, each of which begins
// with a look at the repository's refs, and has asked for pull requests in them.
func (l *line) awaitRounds(n int) {
	l.Helper()
	lists := func() (count int) {
		for _, r := range l.forge.Requests() {
			if r.Route == "GET /repos/{owner}/{repo}/pulls" {
				count++
			}
		}
		return count
	}
	want := lists() + n
	l.awaitForge("the bot's next rounds", func() bool { return lists() >= want })
}
