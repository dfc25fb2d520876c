package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
)

// hanging plays registries of which one answers only when it is released.
type hanging struct {
	*registries
	release <-chan struct{}
}

func (h hanging) Tags(ctx context.Context, repository string) ([]string, error) {
	if strings.HasPrefix(repository, "slow.example/") {
		<-h.release
	}
	return h.registries.Tags(ctx, repository)
}

// TestASlowRegistryKeepsNoUpdateWaiting: what doesn't need it is proposed before it
// answers, what needs it afterwards, and each once.
func TestASlowRegistryKeepsNoUpdateWaiting(t *testing.T) {
	src := &source{files: fstest.MapFS{
		"slow.yaml": file(policyOf("slow", "slow.example/web") + "---\n" + pod("slow.example/web:1.0.0")),
		"fast.yaml": file(policyOf("fast", "fast.example/web") + "---\n" + pod("fast.example/web:1.0.0")),
	}}
	release, wrote := make(chan struct{}), []string{}
	images := hanging{&registries{tags: map[string][]string{"slow.example/web": {"1.1.0"}, "fast.example/web": {"1.1.0"}}}, release}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: src, Writer: &watched{writer{source: src}, func(group string) {
			wrote = append(wrote, group)
			if group == "fast" {
				close(release)
			}
		}}}},
		Round: func() bot.Tags { return images }, Patience: 1,
		Events: event.HandlerFunc(func(event.Event) {}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"fast", "slow"}, wrote); diff != "" {
		t.Errorf("proposed (-want +got):\n%s", diff)
	}
}

// watched tells of each update that is written.
type watched struct {
	writer
	wrote func(group string)
}

func (w *watched) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return w.at(cfg, w)
}

func (w *watched) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	outcome, err := w.writer.Write(ctx, u)
	w.wrote(u.Group)
	return outcome, err
}
