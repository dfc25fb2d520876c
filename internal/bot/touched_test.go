package bot_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/event"
)

const deploy = "git.example.com/acme/deploy"

// TestABurstOfEventsIsOneRound holds that however much happens at a forge, the one
// repository that it happened to is looked at once, and no registry is asked.
func TestABurstOfEventsIsOneRound(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		for range 1000 {
			w.bot.Touched(deploy, "main", 0)
			w.bot.Touched(deploy, "towline/web", 0)
		}
		w.pass(1999 * time.Millisecond)
		w.wants("before it is quiet", 0, nil)
		w.pass(time.Millisecond)
		w.wants("after the burst", 1, map[string]int{"ghcr.io/acme/web": 2, "nginx": 2})
		for range 30 {
			w.bot.Touched(deploy, "main", 0)
			w.pass(time.Second)
		}
		w.wants("after half a minute without a pause", 1+3, nil)
		w.pass(time.Hour)
		w.wants("an hour later", 1+3, nil)
	})
}

// TestWhatATouchConcerns holds by which names a repository is known, and which branches
// make a round.
func TestWhatATouchConcerns(t *testing.T) {
	prefixed := webAndDB()
	prefixed[".towline.yaml"] = file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {branchPrefix: bump/, baseBranch: next}\n")
	inPushWorld(t, prefixed, nothing, func(w *pushWorld) {
		want := 0
		for _, tt := range []struct {
			repository, branch string
			rounds             int
		}{
			{deploy, "main", 1},
			{deploy, "", 1},
			{deploy, "next", 1},
			{deploy, "bump/web", 1},
			{"git.example.com/Acme/Deploy", "main", 1},
			{"127.0.0.1:3000/acme/deploy", "main", 1},
			{"https://gitea.git.svc:3000/acme/deploy.git", "main", 1},
			{"git@git.example.com:acme/twin.git", "main", 1},
			{deploy, "feature", 0},
			{deploy, "towline/web", 0},
			{deploy, "bump", 0},
			{"git.example.com/acme/deployment", "main", 0},
			{"git.example.com/deploy", "main", 0},
			{"git.example.com", "main", 0},
			{"", "", 0},
			{"%zz", "", 0},
		} {
			w.bot.Touched(tt.repository, tt.branch, 0)
			w.pass(time.Minute)
			want += tt.rounds
			w.wants(tt.repository+" "+tt.branch, want, nil)
		}
	})
}

// TestATouchDuringARound holds that what happens while the round has asked the forge
// already isn't lost: it makes one round after it.
func TestATouchDuringARound(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		more := 2
		w.fetched = func() {
			if more > 0 {
				more--
				w.bot.Touched(deploy, "main", 0)
				w.clock.Advance(2 * time.Second) // the burst is over while the round goes on
			}
		}
		w.bot.Touched(deploy, "main", 0)
		w.pass(time.Minute)
		w.pass(time.Minute)
		w.wants("after it", 3, nil)
		w.pass(time.Hour)
		w.wants("an hour later", 3, nil)
	})
}

// TestCommentsAreReadOnce holds that the next round knows which pull requests were
// commented on, as many as may be, and the one after it none.
func TestCommentsAreReadOnce(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		commented := func(want ...int) {
			t.Helper()
			w.pass(time.Minute)
			w.forge.set(func(f *forgery) {
				if diff := cmp.Diff(want, f.cfg.Commented); diff != "" {
					t.Errorf("commented (-want +got):\n%s", diff)
				}
			})
		}
		w.bot.Touched(deploy, "", 7)
		w.bot.Touched(deploy, "towline/web", 5)
		w.bot.Touched(deploy, "feature", 3)
		w.bot.Touched(deploy, "", -1)
		commented(5, 7)
		w.bot.Touched(deploy, "main", 0)
		commented()
		for i := range 2000 {
			w.bot.Touched(deploy, "", i)
		}
		w.pass(time.Minute)
		w.forge.set(func(f *forgery) {
			if n := len(f.cfg.Commented); n != 1000 {
				t.Errorf("%d are kept, want 1000", n)
			}
		})
	})
}

// TestOurOwnDoingsEnd holds that the bot doesn't keep itself busy: what it does at the
// forge is announced to it, and the round that follows has nothing to do.
func TestOurOwnDoingsEnd(t *testing.T) {
	inPushWorld(t, webAndDB(), nothing, func(w *pushWorld) {
		var done atomic.Int32
		w.heard = func(e event.Event) {
			if p, ok := e.(event.PullRequest); ok {
				done.Add(1)
				w.bot.Touched("git.example.com/acme/"+p.Repository, p.Branch, 0) // the push
				w.bot.Touched("git.example.com/acme/"+p.Repository, p.Branch, 0) // the pull request
			}
		}
		w.registries.tags = map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}}
		w.bot.Pushed("ghcr.io/acme/web")
		for range 10 {
			w.pass(time.Minute)
		}
		if got := done.Load(); got != 2 {
			t.Errorf("%d pull requests, want 2: one in each repository", got)
		}
		w.wants("the push to the registry, and what came of it", 2+2, nil)
	})
}

// TestATouchBeforeRun holds that what is told before the bot runs, and after, is no
// trouble.
func TestATouchBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, webAndDB(), nil)
		w.bot.Touched(deploy, "main", 0)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.bot.Run(ctx) }()
		<-time.After(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		w.bot.Touched(deploy, "main", 0)
	})
}
