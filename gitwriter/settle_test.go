package gitwriter_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestLeftoversAreClosedWithTheReason(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		second func(b *bot) []gitwriter.Update // what the second round is given
		want   string
		reason string
	}{
		{"no policy asks for it", func(b *bot) []gitwriter.Update {
			b.fates["api"] = gone("no policy asks for it any more")
			return nil
		}, "/api closed, api deleted", "no policy asks for it any more"},
		{"excluded", func(b *bot) []gitwriter.Update {
			b.fates["api"] = gone("the policy excludes 1.1.0 now")
			return nil
		}, "/api closed, api deleted", "the policy excludes 1&#46;1&#46;0 now"},
		{"the base has it", func(b *bot) []gitwriter.Update {
			b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/api.yaml": "image: ghcr.io/acme/api:1.1.0\n"}})
			return []gitwriter.Update{update("api", "1.1.0")}
		}, "api nothing/api closed, api deleted", "the base branch has these versions already"},
		{"commits now", func(*bot) []gitwriter.Update {
			return []gitwriter.Update{update("api", "1.1.0", func(u *gitwriter.Update) { u.Mode = gitwriter.ModeCommit })}
		}, "api committed/api closed, api deleted", "commits on the base branch"},
		{"renamed", func(b *bot) []gitwriter.Update {
			b.fates["api"] = gone("pull requests of the group all propose it now")
			return []gitwriter.Update{updateFile("all", "api", "1.1.0")}
		}, "all created/api closed, api deleted", "pull requests of the group all propose it now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			b.round(update("api", "1.1.0"))
			b.did("api created/")
			b.round(test.second(b)...)
			b.did(test.want)
			if pull := b.first(); pull.State != forge.StateClosed || !strings.Contains(pull.Body, "<!-- towline-closed: ") {
				t.Errorf("#1 is %s:\n%s", pull.State, pull.Body)
			}
			b.says(strings.ReplaceAll(test.reason, "&#46;", "."))
			b.branch("towline/api", false)

			b.fates["api"] = gitwriter.Fate{}
			b.round()
			b.did("/")
		})
	}
}

func TestClosedByUsMayComeBack(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.fates["api"] = gone("excluded")
	b.round()
	b.did("/api closed, api deleted")
	b.round(update("api", "1.1.0"))
	b.did("api created/")
	b.forge.set(2, forge.StateClosed) // by a person this time
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/")
	b.branch("towline/api", true)
}

func TestWhatIsNotKnownToBeGoneStays(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api", "db")
	b.cfg.Scope = "apps"
	b.round(update("api", "1.1.0"), update("db", "1.1.0"))
	b.round()
	b.did("/")
	b.cfg.Scope = "infra"
	b.fates["api"], b.fates["db"] = gone("not ours"), gone("not ours")
	b.round()
	b.did("/")
	b.forge.pulls[0].Body = strings.ReplaceAll(b.first().Body, "<!-- towline-scope: apps -->\n", "")
	b.forge.touch(1)
	b.round()
	b.did("/api closed, api deleted") // of no scope, so anybody's
}

func TestPeopleKeepWhatTheyHaveAHandIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(b *bot)
		want gitwriter.Action
		says string
	}{
		{"their commit", func(b *bot) {
			b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}})
		}, gitwriter.ActionFrozen, "excluded"},
		{"their hold", func(b *bot) { b.forge.say(1, "pat", "/towline hold 7d") }, gitwriter.ActionHeld, "excluded"},
		{"opened again", func(b *bot) {
			b.round()
			b.did("/api closed, api deleted")
			b.git.Git(repoName, "branch", "towline/api", b.first().HeadSHA)
			b.forge.set(1, forge.StateOpen)
		}, gitwriter.ActionUnchanged, "opened it again"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			b.round(update("api", "1.1.0"))
			b.fates["api"] = gone("excluded")
			test.do(b)
			for range 2 {
				b.round()
				b.did("/api " + string(test.want))
				b.says(test.says)
				b.branch("towline/api", true)
			}
			b.forge.takeCalls()
			b.round()
			if diff := cmp.Diff([]string{"list"}, b.forge.takeCalls()); diff != "" {
				t.Errorf("calls of a round without news (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBranchesThatNobodyNeeds(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.merge(1)
	b.round(update("api", "1.1.0"))
	b.did("api nothing/api deleted")
	b.branch("towline/api", false)

	b.round(update("api", "1.2.0"))
	b.forge.set(2, forge.StateClosed)
	b.fates["api"] = gone("excluded")
	b.round()
	b.did("/") // a person closed it
	b.branch("towline/api", true)
}

func TestMergedBranchWithAPersonsCommitStays(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}})
	b.merge(1)
	b.round()
	b.did("/")
	b.round(update("api", "1.2.0"))
	b.did("api created/") // over what was merged
}

func TestLeftoverWhoseTextIsGone(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(updateFile("apps/api", "api", "1.1.0"))
	b.forge.pulls[0].Body = "mine\n"
	b.forge.touch(1)
	b.fates["apps/api"] = gone("excluded")
	b.round()
	b.did("/apps/api closed, apps/api deleted")
	if body := b.first().Body; !strings.HasSuffix(body, "mine\n") {
		t.Errorf("a person's words are gone:\n%s", body)
	}
}

// TestOrphanAfterAMerge: the bot was killed between push and opening, and then the group
// went.
func TestOrphanAfterAMerge(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.merge(1)
	b.failing("create", errKilled)
	if got := b.begin().Write(t.Context(), []gitwriter.Update{update("api", "1.2.0")}); !errors.Is(got[0].Err, errKilled) {
		t.Fatalf("outcomes:\n%s", reasons(got))
	}
	b.restart(b.forge)
	b.fates["api"] = gone("excluded")
	b.round()
	b.branch("towline/api", true)
	b.now = b.now.Add(time.Hour)
	b.round()
	b.did("/api deleted")
}

func TestRefusedDeletionIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.merge(1)
	b.git.Hook(repoName, "pre-receive", "echo 'no deletions'; exit 1")
	for _, want := range []int{1, 0} {
		b.settled = b.begin().Settle(t.Context(), func(string) gitwriter.Fate { return gitwriter.Fate{} })
		if len(b.settled) != want || want > 0 && !errors.Is(b.settled[0].Err, gitrepo.ErrRefused) {
			t.Errorf("settled:\n%s", reasons(b.settled))
		}
	}
	b.branch("towline/api", true)
}

func TestPullRequestThatIsGone(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	s := b.begin()
	b.forge.pulls = nil // as an administrator may do it
	b.outcomes = s.Write(t.Context(), []gitwriter.Update{update("api", "1.2.0")})
	if !errors.Is(b.outcomes[0].Err, forge.ErrNotFound) {
		t.Fatalf("outcomes:\n%s", reasons(b.outcomes))
	}
	b.round(update("api", "1.2.0"))
	b.did("api created/")
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, group string
		fate        string // the group that fate is asked about
		scope       string
		person      bool
		want        bool // it goes, once it is old
	}{
		{name: "plain name", group: "api", fate: "api", want: true},
		{name: "name in the trailer", group: "apps/api", fate: "apps/api", want: true},
		{name: "not gone", group: "api", fate: "other"},
		{name: "of another scope", group: "api", fate: "api", scope: "infra"},
		{name: "with a person's commit", group: "api", fate: "api", person: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			b.cfg.Scope = "apps"
			b.restart(nil)
			b.round(updateFile(test.group, "api", "1.1.0"))
			branch := b.outcomes[0].Branch
			if test.person {
				b.git.Commit(repoName, gitrepotest.Commit{Branch: branch, Files: map[string]string{"fix": "x"}})
			}
			b.fates[test.fate] = gone("excluded")
			if test.scope != "" {
				b.cfg.Scope = test.scope
			}
			b.round()
			b.branch(branch, true) // somebody may be about to open a pull request
			for range 6 {
				b.round()
			}
			b.branch(branch, !test.want)
		})
	}
}

func TestPreviewOfSettling(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api", "db", "web2")
	b.round(update("api", "1.1.0"), update("db", "1.1.0"))
	b.merge(2)
	b.fates["api"] = gone("excluded")
	s := b.begin()
	b.forge.takeCalls()
	views := s.Preview(t.Context(), []gitwriter.Update{update("web2", "1.1.0")})
	b.outcomes = []gitwriter.Result{{Outcome: views[0].Outcome, Err: views[0].Err}}
	b.settled = s.PreviewSettle(t.Context(), func(group string) gitwriter.Fate { return b.fates[group] })
	b.did("web2 created/api closed, db deleted")
	if diff := cmp.Diff([]string(nil), b.forge.takeCalls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	b.branch("towline/db", true)
	b.branch("towline/web2", false)
}
