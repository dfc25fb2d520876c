package gitwriter_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// persons opens a pull request as a person does, and gives its number.
func (b *bot) persons(head, body string) int {
	b.t.Helper()
	pull, err := b.forge.Create(b.t.Context(), forge.NewPullRequest{Head: head, Base: "main", Title: "mine", Body: body})
	if err != nil {
		b.t.Fatal(err)
	}
	return pull.Number
}

// stays checks that a person's pull request is as it was opened.
func (b *bot) stays(number int, body string) {
	b.t.Helper()
	pull := b.forge.pulls[number-1]
	got := []string{string(pull.State), pull.Title, pull.Body}
	if diff := cmp.Diff([]string{"open", "mine", body}, got); diff != "" {
		b.t.Errorf("a person's pull request #%d (-want +got):\n%s", number, diff)
	}
	b.branch(pull.Head, true)
}

// TestCopiesOfOurTextAreTheirs holds that who copies our text into a pull request of their
// own, on a branch that is named like ours, keeps it.
func TestCopiesOfOurTextAreTheirs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		make func(b *bot) (body string) // makes the branch
	}{
		{"a branch at our commit", func(b *bot) string {
			b.git.Git(repoName, "branch", "towline/copy", b.first().HeadSHA)
			return b.first().Body
		}},
		{"with a commit of theirs", func(b *bot) string {
			b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/copy", Files: map[string]string{"fix": "x"}})
			return b.first().Body
		}},
		{"the key alone", func(b *bot) string {
			b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/copy", Files: map[string]string{"fix": "x"}})
			return "<!-- towline-key: " + b.outcomes[0].Key + " -->\n"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api")
			b.round(update("api", "1.1.0"))
			body := test.make(b)
			number := b.persons("towline/copy", body)
			b.fates["api"], b.fates["copy"] = gone("excluded"), gone("no policy asks for it any more")
			b.round()
			b.did("/api closed, api deleted")
			b.stays(number, body)
			b.forge.set(number, forge.StateClosed) // which says nothing about our own
			delete(b.fates, "api")
			if test.name == "the key alone" {
				return // older versions named no group
			}
			b.round(update("api", "1.1.0"))
			b.did("api created/")
		})
	}
}

// TestAPersonsBranchOfOurName holds that a person's pull request from a branch that has
// our name by chance isn't written to.
func TestAPersonsBranchOfOurName(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}})
	number := b.persons("towline/api", "Fixes it.\n")
	for range 2 {
		b.round(update("api", "1.1.0"))
		b.did("api frozen/")
		b.stays(number, "Fixes it.\n")
	}
	b.fates["api"] = gone("excluded")
	b.round()
	b.did("/")
	b.stays(number, "Fixes it.\n")
}

// TestAPersonTakesUpAnOrphan: a pull request that was opened while the round went on isn't
// known to be needless, whatever its text.
func TestAPersonTakesUpAnOrphan(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api", "db")
	b.restart(nil)
	b.round(update("api", "1.1.0"))
	b.restart(b.forge)
	s := b.begin()
	number := b.persons("towline/api", "Mine now.\n")
	b.now = b.now.Add(time.Minute)
	b.outcomes = s.Write(t.Context(), []gitwriter.Update{update("db", "1.1.0")})
	b.settled = s.Settle(t.Context(), func(string) gitwriter.Fate { return gone("excluded") })
	b.did("db created/")
	b.stays(number, "Mine now.\n")
}

// TestBackToWhatAPersonClosed: a newer version came, and was withdrawn. What was closed
// stays closed, and nothing that nobody wants stays open.
func TestBackToWhatAPersonClosed(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.set(1, forge.StateClosed)
	b.round(update("api", "1.2.0"))
	b.did("api created/")
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/api closed, api deleted")
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/")
	b.round(update("api", "1.2.0"))
	b.did("api created/")
}

// TestHeldPullRequestOfWithdrawnVersions: people keep it where they have said so.
func TestHeldPullRequestOfWithdrawnVersions(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.set(1, forge.StateClosed)
	b.round(update("api", "1.2.0"))
	b.forge.say(2, "pat", "/towline hold")
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/api held")
}

// TestAnotherPlaceIsAnotherBot holds that what was proposed under another prefix or to
// another base is left to people, whatever the new place knows nothing of.
func TestAnotherPlaceIsAnotherBot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		move func(b *bot, u *gitwriter.Update)
	}{
		{"prefix", func(b *bot, u *gitwriter.Update) { b.cfg.BranchPrefix, u.BranchPrefix = "bot/", "bot/" }},
		{"base", func(b *bot, u *gitwriter.Update) {
			b.git.Git(repoName, "branch", "live", "main")
			b.cfg.Base, u.Base = "live", "live"
			if _, err := b.repo.Fetch(b.t.Context(), "live"); err != nil {
				b.t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "api", "db")
			b.round(update("api", "1.1.0"), update("db", "1.1.0"))
			u := update("api", "1.1.0")
			test.move(b, &u)
			before := slices.Clone(b.forge.pulls)
			b.fates["db"] = gone("no policy asks for it any more")
			b.round(u)
			b.did("api created/")
			if diff := cmp.Diff(before, b.forge.pulls[:2]); diff != "" {
				t.Errorf("the old pull requests (-want +got):\n%s", diff)
			}
			b.branch("towline/api", true)
			b.branch("towline/db", true)
		})
	}
}

// TestClosedWhileTheRoundGoesOn: other versions don't get into what a person has closed a
// moment ago, which would then seem to be what was closed.
func TestClosedWhileTheRoundGoesOn(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	key := b.outcomes[0].Key
	s := b.begin()
	b.forge.set(1, forge.StateClosed)
	b.now = b.now.Add(time.Minute)
	b.outcomes, b.settled = s.Write(t.Context(), []gitwriter.Update{update("api", "1.2.0")}), nil
	b.did("api created/")
	if pull := b.first(); pull.State != forge.StateClosed || !strings.Contains(pull.Body, key) {
		t.Errorf("#1 is %s, and its text is another one:\n%s", pull.State, pull.Body)
	}
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/api closed, api deleted")
}

// TestBranchThatIsProposedElsewhereMeanwhile isn't deleted: the forge would close the pull
// request.
func TestBranchThatIsProposedElsewhereMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.git.Git(repoName, "branch", "live", "main")
	b.round(update("api", "1.1.0"))
	b.merge(1)
	s := b.begin()
	if _, err := b.forge.Create(t.Context(), forge.NewPullRequest{Head: "towline/api", Base: "live", Title: "to live"}); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
	b.outcomes, b.settled = nil, s.Settle(t.Context(), func(string) gitwriter.Fate { return gitwriter.Fate{} })
	b.did("/")
	b.branch("towline/api", true)
}
