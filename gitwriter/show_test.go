package gitwriter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/policy"
)

// boarded starts a bot with a dashboard.
func boarded(t *testing.T, groups ...string) *bot {
	b := newBot(t, groups...)
	b.cfg.Dashboard = policy.DashboardConfig{Enabled: true, Title: "Image updates", Labels: []string{"deps"}}
	return b
}

// show shows what the last round did.
func (b *bot) show(more ...dashboard.Held) {
	b.t.Helper()
	data := dashboard.Data{Held: more}
	for _, r := range b.outcomes {
		if r.PullRequest == nil {
			data.Waiting = append(data.Waiting, dashboard.Waiting{Group: r.Group, Reason: r.Reason})
			continue
		}
		state := map[gitwriter.Action]string{gitwriter.ActionHeld: "held", gitwriter.ActionClosedByPerson: "closed", gitwriter.ActionFrozen: "frozen"}[r.Action]
		if state == "" {
			state = "open"
		}
		data.Updates = append(data.Updates, dashboard.Update{Key: r.Key, Group: r.Group, Title: r.PullRequest.Title, Number: r.PullRequest.Number, State: state, Reason: r.Reason})
	}
	if err := b.session.Show(b.t.Context(), data); err != nil {
		b.t.Fatal(err)
	}
}

// tick ticks the first box that has these words in its line.
func (b *bot) tick(words string) {
	b.t.Helper()
	lines := strings.SplitAfter(b.forge.issues[0].Body, "\n")
	for i, line := range lines {
		if strings.Contains(line, words) && strings.HasPrefix(line, "- [ ]") {
			lines[i] = strings.Replace(line, "[ ]", "[x]", 1)
			b.forge.issues[0].Body = strings.Join(lines, "")
			return
		}
	}
	b.t.Fatalf("no box with %q in\n%s", words, b.forge.issues[0].Body)
}

func (b *bot) ticks() []dashboard.Tick { return dashboard.Parse(b.forge.issues[0].Body) }

func TestDashboardIsWrittenWhenItChanges(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api")
	b.round(update("api", "1.1.0"))
	b.show()
	if got := b.forge.issues; len(got) != 1 || got[0].Title != "Image updates" || !cmp.Equal(got[0].Labels, []string{"towline-dashboard", "deps"}) {
		t.Fatalf("issues: %+v", got)
	}
	b.round(update("api", "1.1.0"))
	b.show()
	for range 2 {
		b.forge.takeCalls()
		b.round(update("api", "1.1.0"))
		b.show()
		if diff := cmp.Diff([]string{"list", "issue"}, b.forge.takeCalls()); diff != "" {
			t.Errorf("calls of a round without news (-want +got):\n%s", diff)
		}
	}
	b.restart(b.forge)
	b.round(update("api", "1.2.0"))
	b.show()
	if got := b.forge.issues; len(got) != 1 || !strings.Contains(got[0].Body, "1.2.0") {
		t.Errorf("issues: %+v", got)
	}
}

// A version that was moved back is shown with the page of the commit that did it.
func TestDashboardLinksCommits(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api")
	b.round(update("api", "1.1.0"))
	held := dashboard.Held{Image: "web", Current: "1.0.0", Tag: "1.1.0", Commit: "0123456789abcdef", Author: "Ann"}
	b.show(held)
	if got := b.forge.issues[0].Body; !strings.Contains(got, "(https://git.example.com/commit/0123456789abcdef)") {
		t.Errorf("no link to the commit:\n%s", got)
	}
}

func TestBoxesAreOrders(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api", "db", "web2")
	all := func() []gitwriter.Update {
		return []gitwriter.Update{update("api", "1.1.0"), update("db", "1.1.0"), update("web2", "1.1.0")}
	}
	b.round(all()...)
	b.forge.set(1, forge.StateClosed)
	b.forge.say(2, "pat", "/towline hold")
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/web2", Files: map[string]string{"fix": "x"}})
	b.round(all()...)
	b.did("api closed-by-person, db held, web2 frozen/")
	b.show()
	for _, words := range []string{"update api", "update db", "update web2"} {
		b.tick(words)
	}
	if diff := cmp.Diff([]string{"api", "db", "web2"}, b.begin().News()); diff != "" {
		t.Errorf("news (-want +got):\n%s", diff)
	}
	b.round(all()...)
	b.did("api created, db unchanged, web2 updated/")
	b.show()
	if got := b.ticks(); len(got) != 0 {
		t.Errorf("ticked are still %v", got)
	}
	b.restart(b.forge)
	b.round(all()...)
	b.did("api unchanged, db unchanged, web2 unchanged/") // the hold doesn't come back
	b.forge.say(2, "pat", "/towline hold 1d")
	b.round(all()...)
	b.did("api unchanged, db held, web2 unchanged/")
}

func TestBoxesStayUntilTheyAreFollowed(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api", "db")
	b.round(update("api", "1.1.0"))
	b.forge.set(1, forge.StateClosed)
	b.round(update("api", "1.1.0"))
	b.show(dashboard.Held{Image: "ghcr.io/acme/db", Current: "1.0.0", Tag: "1.1.0"})
	b.tick("update api")
	b.tick("ghcr.io/acme/db")
	b.cfg.Waits = "later"
	b.round(update("api", "1.1.0"))
	b.did("api waiting/")
	b.show() // the version isn't held any more; the boxes stand all the same
	if got := b.ticks(); len(got) != 2 {
		t.Errorf("ticked are %v", got)
	}
	want := slices.Sorted(slices.Values([]string{b.outcomes[0].Key, "ghcr.io/acme/db@1.1.0"}))
	if diff := cmp.Diff(want, b.begin().Releases()); diff != "" {
		t.Errorf("releases (-want +got):\n%s", diff)
	}
	b.cfg.Waits = ""
	b.round(update("api", "1.1.0"), update("db", "1.1.0", func(u *gitwriter.Update) { u.Released = true }))
	b.did("api created, db created/")
	b.show()
	if got := b.ticks(); len(got) != 0 {
		t.Errorf("ticked are still %v", got)
	}
	if diff := cmp.Diff([]string{"ghcr.io/acme/db@1.1.0"}, b.begin().Releases()); diff != "" {
		t.Errorf("releases while the pull request is open (-want +got):\n%s", diff)
	}
	b.forge.set(3, forge.StateClosed)
	if got := b.begin().Releases(); len(got) != 0 {
		t.Errorf("releases afterwards: %v", got)
	}
}

func TestTickedWhileTheRoundGoesOn(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api", "db")
	b.round(update("api", "1.1.0"))
	b.show()
	b.round(update("api", "1.1.0"), update("db", "1.1.0"))
	b.tick("update api")
	b.show()
	if got := b.ticks(); len(got) != 1 || !strings.Contains(b.forge.issues[0].Body, "update db") {
		t.Errorf("ticks %v in\n%s", got, b.forge.issues[0].Body)
	}
	b.round(update("api", "1.1.0"), update("db", "1.1.0"))
	b.did("api updated, db unchanged/")
}

func TestStrangersIssueIsNoDashboard(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api")
	b.forge.issues = []forge.Issue{{
		Number: 1, Author: "stranger", State: forge.StateOpen, Labels: []string{"towline-dashboard"},
		Body: dashboard.Render(dashboard.Data{}) + "- [x] <!-- towline: release x@1 --> x\n",
	}}
	s := b.begin()
	if got := s.Releases(); len(got) != 0 {
		t.Errorf("the stranger's order is followed: %v", got)
	}
	b.round(update("api", "1.1.0"))
	b.show()
	if len(b.forge.issues) != 2 {
		t.Errorf("issues: %+v", b.forge.issues)
	}
}

func TestTwoDashboardsBecomeOne(t *testing.T) {
	t.Parallel()
	b := boarded(t, "api")
	b.round(update("api", "1.1.0"))
	b.show()
	twin := b.forge.issues[0]
	twin.Number = 2
	b.forge.issues = append(b.forge.issues, twin)
	b.restart(b.forge)
	b.round(update("api", "1.1.0"))
	b.show()
	if got := b.forge.issues; got[0].State != forge.StateOpen || got[1].State != forge.StateClosed {
		t.Errorf("issues: %+v", got)
	}
}
