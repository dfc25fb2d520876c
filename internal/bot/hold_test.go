package bot_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
)

// TestWhatAPersonMovedBackIsHeld follows the bot over a real history.
func TestWhatAPersonMovedBackIsHeld(t *testing.T) {
	s := newStory(t)
	s.commit("add", "policy.yaml", policyOf("web", "ghcr.io/acme/web"))
	s.commit("add", "web.yaml", pods("ghcr.io/acme/web:1.2.0"))
	s.commit("update", "web.yaml", pods("ghcr.io/acme/web:1.3.0"))
	s.commit("it breaks the cart", "web.yaml", pods("ghcr.io/acme/web:1.2.0"))

	images := &registries{tags: map[string][]string{"ghcr.io/acme/web": {"1.2.0", "1.2.5", "1.3.0"}}}
	round := rounds(t, s, images)
	if got := round(); got != "" {
		t.Errorf("what was moved back is proposed again: %s", got)
	}
	images.push("ghcr.io/acme/web", "1.3.1")
	if got := round(); got != "1.2.0→1.3.1" {
		t.Errorf("something newer isn't proposed: %q", got)
	}
	s.commit("on again", "web.yaml", pods("ghcr.io/acme/web:1.2.5"))
	images.tags["ghcr.io/acme/web"] = []string{"1.2.5", "1.3.0"}
	if got := round(); got != "1.2.5→1.3.0" {
		t.Errorf("a hold that a person ended goes on: %q", got)
	}
}

// TestWhatTheBotMovedBackIsNotHeld: a step back of its own is a policy's will, which
// may change.
func TestWhatTheBotMovedBackIsNotHeld(t *testing.T) {
	s := newStory(t)
	s.commit("add", "policy.yaml", policyOf("web", "ghcr.io/acme/web"))
	s.commit("add", "web.yaml", pods("ghcr.io/acme/web:1.3.0"))
	s.commit(byBot("ghcr.io/acme/web", "1.3.0", "1.2.0"), "web.yaml", pods("ghcr.io/acme/web:1.2.0"))
	images := &registries{tags: map[string][]string{"ghcr.io/acme/web": {"1.2.0", "1.3.0"}}}
	if got := rounds(t, s, images)(); got != "1.2.0→1.3.0" {
		t.Errorf("the bot's own step back is held: %q", got)
	}
}

// rounds makes a bot on a story, and gives what each of its rounds proposes.
func rounds(t *testing.T, s *story, images *registries) func() string {
	t.Helper()
	var groups []string
	repo := s.open(1)
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: repo, Writer: &proposals{repo: repo, groups: &groups}}},
		Round:        func() bot.Tags { return images },
		Events:       event.HandlerFunc(func(event.Event) {}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		groups = nil
		if err := b.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(groups, " ")
	}
}
