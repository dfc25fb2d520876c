package bot_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
)

const withDashboard = "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  dashboard: {enabled: true}\n"

func TestTheDashboardShowsFailuresSinceTheFirst(t *testing.T) {
	const image = "ghcr.io/acme/web"
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, fstest.MapFS{
		".towline.yaml": file(withDashboard), "p.yaml": file(policyOf("web", image)), "web.yaml": file(pod(image + ":1.0.0")),
	}, map[string][]string{image: {"1.0.0"}})
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: w.source, Writer: w.writer}},
		Round:        func() bot.Tags { return w.registries }, Events: w.told, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	failure := dashboard.Failure{Policy: "web", Place: "p.yaml:1:1", Reason: "no route, next try in 5s", Since: now}
	for _, step := range []struct {
		name string
		err  error
		want []dashboard.Failure
	}{
		{"it works", nil, nil},
		{"it fails", errors.New("no route, next try in 5s"), []dashboard.Failure{failure}},
		{"with less left", errors.New("no route, next try in 3s"), []dashboard.Failure{failure}},
		{"it works again", nil, nil},
	} {
		w.registries.fail(image, step.err)
		if step.name == "with less left" {
			now = now.Add(time.Hour)
		}
		_ = b.Once(t.Context()) // what fails is what is looked for
		shown := w.writer.forge.shown
		if diff := cmp.Diff(step.want, shown[len(shown)-1].Failures); diff != "" {
			t.Errorf("%s: failures (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestTheDashboardShowsWhatCantBeEdited, at the policies that want it edited.
func TestTheDashboardShowsWhatCantBeEdited(t *testing.T) {
	w := newWorld(t, fstest.MapFS{
		".towline.yaml": file(withDashboard), "web.yaml": file(policyOf("web", "ghcr.io/acme/web")),
		"shared.yaml": file("web: {repository: ghcr.io/acme/web, tag: &tag 1.0.0}\nother: {repository: ghcr.io/acme/other, tag: *tag}\n"),
	}, map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}})
	for _, want := range []int{1, 0} {
		_ = w.bot.Once(t.Context()) // what can't be edited is an error
		shown := w.writer.forge.shown[len(w.writer.forge.shown)-1]
		if len(shown.Failures) != want {
			t.Fatalf("failures: %+v, want %d", shown.Failures, want)
		}
		if want == 1 {
			f := shown.Failures[0]
			if f.Policy != "web" || !strings.HasPrefix(f.Reason, "shared.yaml:1:42: the file is left as it is") {
				t.Errorf("the failure is %+v", f)
			}
		}
		w.put("shared.yaml", "web: {repository: ghcr.io/acme/web, tag: 1.0.0}\n")
	}
}

// TestTheDashboardShowsWhatWaits for a limit or for its age, until when.
func TestTheDashboardShowsWhatWaits(t *testing.T) {
	const image = "ghcr.io/acme/web"
	src := &source{files: fstest.MapFS{
		".towline.yaml": file(withDashboard), "p.yaml": file(policyOf("web", image, "  minimumAge: 72h")), "web.yaml": file(pod(image + ":1.0.0")),
	}}
	writing := &writer{source: src, forge: newForgery(), action: gitwriter.ActionWaiting}
	made := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	images := dated{&registries{tags: map[string][]string{image: {"1.0.0", "1.1.0", "1.2.0"}}}, map[string]time.Time{"1.1.0": made, "1.2.0": made.Add(71 * time.Hour)}}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: src, Writer: writing}},
		Round:        func() bot.Tags { return images }, Events: &told{}, Now: func() time.Time { return made.Add(80 * time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := dashboard.Data{Waiting: []dashboard.Waiting{
		{Group: "web", Title: image + " 1.1.0", Reason: "no room"},
		{Group: "web", Title: image + " 1.2.0", Reason: "is old enough on Sat 2026-11-07 11:00 UTC"},
	}}
	if diff := cmp.Diff(want, writing.forge.shown[0]); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

// TestHeldVersionsAreTold in the log, once; on the dashboard; in the next pull request;
// until a newer version, the policy or somebody at the forge ends it.
func TestHeldVersionsAreTold(t *testing.T) {
	const image = "ghcr.io/acme/web"
	s := newStory(t)
	s.commit("configure", ".towline.yaml", withDashboard)
	s.commit("add", "policy.yaml", policyOf("web", image))
	s.commit("add", "web.yaml", pods(image+":1.2.0"))
	s.commit("update", "web.yaml", pods(image+":1.3.0"))
	back := s.commit("it breaks the cart", "web.yaml", pods(image+":1.2.0"))
	images := &registries{tags: map[string][]string{image: {"1.2.0", "1.3.0"}}}
	var told []string
	repo, forge := s.open(1), newForgery()
	kept := &proposed{proposals: proposals{repo: repo, groups: new([]string)}, forge: forge}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: repo, Writer: kept}},
		Round:        func() bot.Tags { return images },
		Events: event.HandlerFunc(func(e event.Event) {
			if h, ok := e.(event.Held); ok {
				told = append(told, h.Message())
			}
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	held := []dashboard.Held{{Image: image, Current: "1.2.0", Tag: "1.3.0", Commit: back, Author: "Pat", Since: time.Unix(1700000000, 0).UTC()}}
	words := `Pat moved ` + image + ` from 1.3.0 back to 1.2.0 on 2023-11-14 by commit ` + back[:8] + ` ("it breaks the cart")`
	for _, step := range []struct {
		name      string
		happen    func()
		proposals string
		notices   []string
		held      []dashboard.Held
	}{
		{"it is held", func() {}, "", nil, held},
		{"and still is", func() {}, "", nil, held},
		{"somebody releases it at the forge", func() { forge.releases = []string{"web", image + "@1.3.0"} }, "1.2.0→1.3.0", nil, nil},
		{"and takes that back", func() { forge.releases = nil }, "", nil, held},
		{"the policy releases it", func() {
			s.commit("release", "policy.yaml", strings.Replace(policyOf("web", image), "{name: web}", "{name: web, annotations: {towline.dev/release: 1.3.0}}", 1))
		}, "1.2.0→1.3.0", nil, nil},
		{"and no longer", func() { s.commit("hold", "policy.yaml", policyOf("web", image)) }, "", nil, held},
		{"a newer version ends it", func() { images.push(image, "1.4.0") }, "1.2.0→1.4.0", []string{words + "; 1.4.0 is newer, which ends that."}, nil},
	} {
		step.happen()
		*kept.groups, kept.notices = nil, nil
		if err := b.Once(t.Context()); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := strings.Join(*kept.groups, " "); got != step.proposals {
			t.Errorf("%s: proposed %q, want %q", step.name, got, step.proposals)
		}
		if diff := cmp.Diff(step.notices, kept.notices); diff != "" {
			t.Errorf("%s: notices (-want +got):\n%s", step.name, diff)
		}
		if diff := cmp.Diff(step.held, forge.shown[len(forge.shown)-1].Held); diff != "" {
			t.Errorf("%s: on the dashboard (-want +got):\n%s", step.name, diff)
		}
	}
	once := image + " 1.3.0 is held back: Pat moved it to 1.2.0"
	if diff := cmp.Diff([]string{once, once, once}, told); diff != "" { // anew after each release
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
