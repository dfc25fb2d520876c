package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/policy"
)

// run lets the bot run, and gives a function by which time passes.
func (w *world) run(t *testing.T) (pass func(time.Duration)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.bot.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func(d time.Duration) {
		<-time.After(d)
		synctest.Wait()
	}
}

// newDaily is a repository of policies that are due once a day, in a bot that looks for news
// each hour.
func newDaily(t *testing.T, config string, policies map[string]string) *world {
	t.Helper()
	files, tags := fstest.MapFS{}, map[string][]string{}
	if config != "" {
		files[".towline.yaml"] = file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n" + config)
	}
	for name, more := range policies {
		image := "ghcr.io/acme/" + name
		files[name+".yaml"] = file(strings.Replace(policyOf(name, image, "  schedule: '@every 24h'\n"+more), "range: 1.x", `range: "*"`, 1) + "---\n" + pod(image+":1.0.0"))
		tags[image] = []string{"1.0.0"}
	}
	return newWorld(t, files, tags)
}

func TestNewsMakesAGroupDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "", map[string]string{"web": "", "db": "  update: {group: data}", "cache": "  update: {group: data}"})
		pass := w.run(t)
		pass(time.Minute)
		for _, step := range []struct {
			name, news, retry string
			want              [3]int // how often each was asked for: web, db, cache
		}{
			{"nothing", "", "", [3]int{1, 1, 1}},
			{"one", "web", "", [3]int{2, 1, 1}},
			{"a group of two", "data", "", [3]int{2, 2, 2}},
			{"one that nobody knows", "gone", "", [3]int{2, 2, 2}},
			{"somebody wants a policy looked at again", "", "web", [3]int{3, 2, 2}},
			{"a group, which failed", "", "group data", [3]int{3, 3, 3}},
		} {
			w.writer.forge.set(func(f *forgery) { f.news, f.retries = []string{step.news}, []string{step.retry} })
			pass(time.Hour)
			got := [3]int{w.registries.asked("ghcr.io/acme/web"), w.registries.asked("ghcr.io/acme/db"), w.registries.asked("ghcr.io/acme/cache")}
			if got != step.want {
				t.Errorf("%s: asked %v, want %v", step.name, got, step.want)
			}
		}
		if n := w.writer.forge.begun; n != 7 {
			t.Errorf("the forge was asked %d times, want once a round", n)
		}
	})
}

// TestWaitingUpdatesAreLookedAtWhenTheyMayGo, the most urgent first, and cost nothing
// before that.
func TestWaitingUpdatesAreLookedAtWhenTheyMayGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "  windows: [{schedule: '0 6 * * *', duration: 12h}]\n", map[string]string{
			"a-major": "", "b-patch": "", "c-safe": "  update: {labels: [Security]}",
		})
		for name, tag := range map[string]string{"a-major": "2.0.0", "b-patch": "1.0.1", "c-safe": "3.0.0"} {
			w.registries.push("ghcr.io/acme/"+name, tag)
		}
		w.writer.action = gitwriter.ActionWaiting
		w.writer.forge.set(func(f *forgery) { f.capacity = 0 })
		pass := w.run(t) // at midnight
		pass(time.Minute)
		for _, step := range []struct {
			name     string
			takes    time.Duration
			capacity int
			want     string // what is written
		}{
			{"the window is shut", 2 * time.Hour, 5, ""},
			{"it is still shut", 3 * time.Hour, -1, ""},
			{"the window is open, and there is no room", 2 * time.Hour, 0, ""},
			{"there is room for one", time.Hour, 1, "[[c-safe]]"},
			{"and for two", time.Hour, 2, "[[b-patch c-safe]]"},
			{"there is no limit", time.Hour, -1, "[[a-major b-patch c-safe]]"},
		} {
			w.writer.forge.set(func(f *forgery) { f.capacity, f.groups = step.capacity, nil })
			pass(step.takes)
			got := ""
			w.writer.forge.set(func(f *forgery) {
				if len(f.groups) > 0 {
					got = fmt.Sprint(f.groups)
				}
			})
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("%s: written (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

// TestWhatCantBeLookedAtKeepsNobodyWaiting: the room is the next one's.
func TestWhatCantBeLookedAtKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "", map[string]string{"b-patch": "", "c-safe": "  update: {labels: [Security]}"})
		for name, tag := range map[string]string{"b-patch": "1.0.1", "c-safe": "3.0.0"} {
			w.registries.push("ghcr.io/acme/"+name, tag)
		}
		w.writer.action = gitwriter.ActionWaiting
		w.writer.forge.set(func(f *forgery) { f.capacity = 0 })
		pass := w.run(t)
		pass(time.Minute)
		w.registries.fail("ghcr.io/acme/c-safe", errors.New("denied"))
		w.writer.forge.set(func(f *forgery) { f.capacity, f.groups = 1, nil })
		pass(3 * time.Hour)
		w.writer.forge.set(func(f *forgery) {
			if len(f.groups) == 0 || fmt.Sprint(f.groups[0]) != "[b-patch]" {
				t.Errorf("written: %v, want what can be looked at", f.groups)
			}
		})
	})
}

// TestWhatSettleDoesIsTold, once, and what it opens doesn't wait any more.
func TestWhatSettleDoesIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "", map[string]string{"web": ""})
		w.registries.push("ghcr.io/acme/web", "1.1.0")
		w.writer.action = gitwriter.ActionWaiting
		opened := gitwriter.Outcome{Action: gitwriter.ActionCreated, Group: "web", Key: "k", Changes: []gitwriter.Change{{Image: "ghcr.io/acme/web", To: "1.1.0"}}}
		closed := gitwriter.Outcome{Action: gitwriter.ActionClosed, Group: "old", Branch: "towline/old", Reason: "no policy asks for it any more"}
		w.writer.forge.set(func(f *forgery) {
			f.settled = []gitwriter.Result{{Outcome: closed}, {Outcome: opened}, {Outcome: gitwriter.Outcome{Branch: "towline/odd"}, Err: errors.New("no leave")}}
		})
		pass := w.run(t)
		pass(time.Minute)
		want := []string{"tag: ghcr.io/acme/web: 1.0.0 → 1.1.0", "pull_request: the update of web waits", "pull_request: closed the update of old", "pull_request: opened the update of web", "failed: no leave"}
		if diff := cmp.Diff(want, w.told.take()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		w.writer.forge.set(func(f *forgery) { f.settled, f.groups = nil, nil })
		pass(time.Hour)
		if diff := cmp.Diff([]string{"recovered: branch towline/odd works again"}, w.told.take()); diff != "" || w.writer.forge.groups != nil {
			t.Errorf("written %v; told (-want +got):\n%s", w.writer.forge.groups, diff)
		}
	})
}

func TestWhatASessionIsToldOfTheRepository(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "  branchPrefix: images/\n  limits: {open: 3, perHour: 2}\n  windows: [{schedule: '0 6 * * *', duration: 12h, timeZone: Europe/Berlin}]\n",
			map[string]string{"web": ""})
		if err := w.bot.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := w.writer.forge.cfg
		scope := got.Scope
		got.Scope, got.Dashboard = "", policy.DashboardConfig{}
		want := gitwriter.SessionConfig{
			Base: "main", BranchPrefix: "images/", Limits: policy.LimitsConfig{Open: 3, PerHour: 2},
			Waits: "the window opens on Sat 2000-01-01 06:00 CET",
		}
		if diff := cmp.Diff(want, got); diff != "" || len(scope) != 16 {
			t.Errorf("scope %q; told (-want +got):\n%s", scope, diff)
		}
	})
}

// TestAForgeThatIsDown costs one request a round, and everything is made up for.
func TestAForgeThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "", map[string]string{"web": ""})
		w.registries.push("ghcr.io/acme/web", "1.1.0")
		w.writer.forge.set(func(f *forgery) { f.err = away{errors.New("no forge")} })
		pass := w.run(t)
		pass(3 * time.Hour)
		if n := w.registries.asked("ghcr.io/acme/web"); n != 0 || len(w.writer.groups) != 0 {
			t.Errorf("the registry was asked %d times; written: %v", n, w.writer.groups)
		}
		w.writer.forge.set(func(f *forgery) { f.err = nil })
		pass(time.Hour)
		if len(w.writer.groups) != 1 {
			t.Error("the update isn't made up for")
		}
	})
}

// TestPendingUpdatesAreCountedInEachRound, also in one that looks at none of them.
func TestPendingUpdatesAreCountedInEachRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDaily(t, "", map[string]string{"web": "", "db": ""})
		w.registries.push("ghcr.io/acme/web", "1.1.0")
		w.writer.action = gitwriter.ActionCreated
		var got []int
		w.told.also = func(e event.Event) {
			if round, ok := e.(event.RoundFinished); ok {
				got = append(got, round.Updates)
			}
		}
		pass := w.run(t)
		pass(time.Minute)
		pass(2 * time.Hour)
		if diff := cmp.Diff([]int{1, 1, 1}, got); diff != "" {
			t.Errorf("pending updates (-want +got):\n%s", diff)
		}
	})
}
