package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
)

// subjects is proposals that keep which commits the titles are to follow.
type subjects struct {
	proposals
	got []string
}

func (s *subjects) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return newForgery().begin(cfg, s)
}

func (s *subjects) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	s.got = u.Subjects
	return s.proposals.Write(ctx, u)
}

// TestTitlesFollowWhatPeopleWrite: the writer is told how the last commits are titled,
// merges and the bot's own aside, and that costs one deeper fetch at most.
func TestTitlesFollowWhatPeopleWrite(t *testing.T) {
	const image = "ghcr.io/acme/web"
	for _, tt := range []struct {
		name, config string
		want         []string
		fetches      int
	}{
		{"by default", "", []string{"fix: a thing", "Add", "Configure"}, 1},
		{"where the configuration says how", "commit: {conventional: always}", nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t)
			s.commit("Configure", ".towline.yaml", "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {"+tt.config+"}\n")
			s.commit("Add", "policy.yaml", policyOf("web", image)+"---\n"+"image: "+image+":1.1.0\n")
			s.branch("topic")
			s.commitOn("topic", "Topic", "topic.txt", "a")
			s.commit("fix: a thing\n\nIt was broken.", "a.txt", "a")
			s.merge("topic", "Merge topic")
			s.commit(byBot(image, "1.1.0", "1.0.0"), "policy.yaml", policyOf("web", image)+"---\n"+"image: "+image+":1.0.0\n")
			past := &counted{Repo: s.open(1)}
			kept := &subjects{proposals: proposals{repo: past, groups: new([]string)}}
			images := &registries{tags: map[string][]string{image: {"1.0.0", "1.1.0"}}}
			b, err := bot.New(bot.Config{
				Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: past, Writer: kept}},
				Round:        func() bot.Tags { return images }, Events: event.HandlerFunc(func(event.Event) {}),
			})
			if err != nil {
				t.Fatal(err)
			}
			for round := range 2 {
				kept.got = nil
				if err := b.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, kept.got); diff != "" {
					t.Errorf("round %d (-want +got):\n%s", round, diff)
				}
			}
			if want := max(tt.fetches, 1); past.fetches > want { // the history of the tag asks for it, too
				t.Errorf("the history was fetched %d times, want %d", past.fetches, want)
			}
		})
	}
}

// TestAGroupGrowsWithTheBase: what the writer finds on a newer base belongs to the update.
func TestAGroupGrowsWithTheBase(t *testing.T) {
	const web, api = "ghcr.io/acme/web", "ghcr.io/acme/api"
	s := newStory(t)
	grouped := func(name, image string) string { return policyOf(name, image, "  update: {group: shop}") }
	s.commit("Add", "web.yaml", grouped("web", web)+"---\nimage: "+web+":1.0.0\n")
	repo := s.open(1)
	kept := &growing{subjects: subjects{proposals: proposals{repo: repo, groups: new([]string)}}, happen: func() {
		s.commit("More", "api.yaml", grouped("api", api)+"---\nimage: "+api+":2.0.0\n"+strings.Repeat("#\n", 3))
	}}
	images := &registries{tags: map[string][]string{web: {"1.1.0"}, api: {"1.0.0", "1.2.0"}}}
	s.commit("Other", "other.yaml", "image: "+api+":1.0.0\n")
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: repo, Writer: kept}},
		Round:        func() bot.Tags { return images }, Events: event.HandlerFunc(func(event.Event) {}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("[1.0.0→1.2.0 1.0.0→1.1.0]", fmt.Sprint(*kept.groups)); diff != "" {
		t.Errorf("proposed (-want +got):\n%s", diff)
	}
}

// growing plays a person who commits between the bot's look and its writing.
type growing struct {
	subjects
	happen func()
}

func (g *growing) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return newForgery().begin(cfg, g)
}

func (g *growing) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	g.happen()
	return g.proposals.Write(ctx, u)
}
