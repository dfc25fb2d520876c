package gitwriter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestHold(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "stranger", "/towline hold")
	b.round(update("api", "1.1.0"))
	b.did("api unchanged/")
	b.forge.say(1, "pat", "/towline hold 2h")
	b.round(update("api", "1.2.0"))
	b.did("api held/")
	b.says("pat holds the pull request as it is, until 2026-01-02 05:")
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	b.round(update("api", "1.2.0"))
	b.did("api held/")
	if got := b.git.File(repoName, "towline/api", "apps/api.yaml"); got != "image: ghcr.io/acme/api:1.1.0" {
		t.Errorf("the branch has %q", got)
	}
	b.now = b.now.Add(2 * time.Hour)
	b.round(update("api", "1.2.0"))
	b.did("api updated/")
	b.says("")
	b.forge.say(1, "pat", "/towline hold")
	b.round(update("api", "1.3.0"))
	b.says("until it is released")
	b.forge.say(1, "sam", "/towline release")
	b.round(update("api", "1.3.0"))
	b.did("api updated/")
	b.says("")
}

func TestIgnore(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "pat", "/towline ignore")
	b.round(update("api", "1.2.0"))
	b.did("api closed/")
	b.says("pat wants these versions ignored")
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/")
	b.round(update("api", "1.2.0"))
	b.did("api created/")
	b.forge.say(1, "pat", "/towline release")
	b.forge.set(2, forge.StateClosed)
	b.round(update("api", "1.1.0"))
	b.did("api created/")

	b.forge.say(3, "pat", "/towline ignore")
	b.round() // also where no update is due
	b.did("/api closed")
}

func TestReleaseOfWhatAPersonClosed(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "pat", "/towline release") // before the close: means nothing
	b.forge.set(1, forge.StateClosed)
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/")
	b.round(updateFile("renamed", "api", "1.1.0"))
	b.did("renamed closed-by-person/") // grouped or not
	b.forge.say(1, "pat", "/towline release")
	b.round(update("api", "1.1.0"))
	b.did("api created/")
	b.forge.set(2, forge.StateClosed)
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/")
}

func TestReleaseOfWhatWasMergedAndTakenBack(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.merge(1)
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/api.yaml": "image: ghcr.io/acme/api:1.0.0\n"}})
	b.round(update("api", "1.1.0"))
	b.did("api closed-by-person/api deleted")
	released := update("api", "1.1.0", func(u *gitwriter.Update) { u.Released = true })
	b.round(released)
	b.did("api created/")
	b.forge.set(2, forge.StateClosed)
	b.round(released)
	b.did("api closed-by-person/") // a person's close counts all the same
}

func TestFrozenAndTakenBack(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "pat", "/towline rebase") // before the commit: doesn't drop it
	b.round(update("api", "1.1.0"))
	b.did("api updated/")
	person := func(name string) {
		b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{name: "x"}})
	}
	person("fix")
	b.round(update("api", "1.2.0"))
	b.did("api frozen/")
	b.says("by Pat; it is left alone until that is merged, or somebody comments /towline rebase. A rebase drops the commit.")
	b.forge.now = time.Now().Add(time.Hour) // gitrepotest dates commits by the real clock
	b.forge.say(1, "pat", "/towline rebase")
	b.round(update("api", "1.2.0"))
	b.did("api updated/")
	b.says("")
	head := b.git.Head(repoName, "towline/api")
	b.round(update("api", "1.2.0"))
	b.did("api unchanged/") // once
	if got := b.git.Head(repoName, "towline/api"); got != head {
		t.Errorf("the branch was built again: %s, then %s", head, got)
	}
	person("an older commit, pushed after the rebase")
	b.round(update("api", "1.2.0"))
	b.did("api frozen/")
}

// TestTakenBackFromACommitOfTomorrow: whose clock is ahead can't keep the branch by it.
func TestTakenBackFromACommitOfTomorrow(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "pat", "/towline rebase") // before the commit: doesn't drop it
	b.round(update("api", "1.1.0"))
	b.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/api", Files: map[string]string{"fix": "x"}, When: start().AddDate(1, 0, 0).Unix()})
	for range 2 {
		b.round(update("api", "1.1.0"))
		b.did("api frozen/")
	}
	b.forge.say(1, "pat", "/towline rebase")
	b.round(update("api", "1.1.0"))
	b.did("api updated/")
	b.round(update("api", "1.1.0"))
	b.did("api unchanged/")
}

func TestRebaseOnDemand(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	never := func(u *gitwriter.Update) { u.Rebase = "never" }
	b.round(update("api", "1.1.0", never))
	base := b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/api.yaml": "# new\nimage: ghcr.io/acme/api:1.0.0\n"}})
	_ = base
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/api.yaml": "image: ghcr.io/acme/api:1.0.0\n", "other": "x"}})
	b.round(update("api", "1.1.0", never))
	b.did("api unchanged/")
	b.forge.say(1, "pat", "/towline rebase")
	b.round(update("api", "1.1.0", never))
	b.did("api updated/")
	if got, want := b.git.Git(repoName, "rev-parse", "towline/api^"), b.git.Head(repoName, "main"); got != want {
		t.Errorf("the branch stands on %s, want %s", got, want)
	}
	b.round(update("api", "1.1.0", never))
	b.did("api unchanged/")
}

func TestRebaseOnConflict(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	conflict := func(u *gitwriter.Update) { u.Rebase = "conflict" }
	b.round(update("api", "1.1.0", conflict))
	b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
	for _, lost := range []bool{false, true} {
		if lost { // the mirror, so that the branch's parent isn't there
			b.dir = t.TempDir()
			b.restart(b.forge)
		}
		b.round(update("api", "1.1.0", conflict))
		b.did("api unchanged/")
	}
	file := func(text string) {
		b.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"apps/api.yaml": text}})
	}
	file("image: ghcr.io/acme/api:1.0.0\n# new\n")
	b.round(update("api", "1.1.0", conflict))
	b.did("api updated/")
	if got := b.git.File(repoName, "towline/api", "apps/api.yaml"); got != "image: ghcr.io/acme/api:1.1.0\n# new" {
		t.Errorf("the branch has %q", got)
	}
	b.round(update("api", "1.1.0", conflict))
	b.did("api unchanged/")
}

func TestRefusedCommandsAreTold(t *testing.T) {
	t.Parallel()
	b := newBot(t, "api")
	b.round(update("api", "1.1.0"))
	b.forge.say(1, "pat", "/towline hold @everyone #1")
	b.round(update("api", "1.1.0"))
	b.did("api unchanged/")
	b.says("Not understood: ")
	if body := b.first().Body; strings.Contains(body, "@everyone") || strings.Contains(body, "#1 ") {
		t.Errorf("somebody is notified:\n%s", body)
	}
	b.forge.takeCalls()
	b.round(update("api", "1.1.0"))
	b.round(update("api", "1.1.0"))
	b.forge.takeCalls()
	b.round(update("api", "1.1.0"))
	if diff := cmp.Diff([]string{"list"}, b.forge.takeCalls()); diff != "" {
		t.Errorf("calls of a round without news (-want +got):\n%s", diff)
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(b *bot)
		want []string
	}{
		{"nothing", func(*bot) {}, nil},
		{"our own writes", func(b *bot) { b.round(update("apps/api", "1.2.0")) }, nil},
		{"merged", func(b *bot) { b.merge(1) }, []string{"apps/api"}},
		{"closed", func(b *bot) { b.forge.set(1, forge.StateClosed) }, []string{"apps/api"}},
		{"a comment", func(b *bot) { b.forge.say(1, "pat", "/towline hold") }, []string{"apps/api"}},
		{"a commit", func(b *bot) {
			b.git.Commit(repoName, gitrepotest.Commit{Branch: b.first().Head, Files: map[string]string{"fix": "x"}})
		}, []string{"apps/api"}},
		{"somebody else's", func(b *bot) {
			b.forge.pulls = append(b.forge.pulls, forge.PullRequest{Number: 2, Head: "towline/x", Base: "main", State: forge.StateOpen, CreatedAt: b.now, UpdatedAt: b.now})
			b.forge.touch(2)
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBot(t, "apps/api")
			b.round(update("apps/api", "1.1.0"))
			b.round(update("apps/api", "1.1.0"))
			test.do(b)
			if diff := cmp.Diff(test.want, b.begin().News()); diff != "" {
				t.Errorf("news (-want +got):\n%s", diff)
			}
			if got := b.begin().News(); len(got) != 0 {
				t.Errorf("it is news once more: %v", got)
			}
		})
	}
}
