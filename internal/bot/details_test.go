package bot_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/releasenotes"
	"github.com/towline-dev/towline/registry"
)

// projects plays what projects tell, and keeps what was asked.
type projects struct {
	asked []releasenotes.Query
	found releasenotes.Found
}

func (p *projects) Find(_ context.Context, q releasenotes.Query) releasenotes.Found {
	p.asked = append(p.asked, q)
	return p.found
}

// detailed gives the details that a bot finds for the one step that it proposes.
func detailed(t *testing.T, l *lookout, images func() bot.Tags, from *projects, current, spec string) gitwriter.Details {
	t.Helper()
	src := &source{files: fstest.MapFS{"app.yaml": file("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: app}\nspec:\n  image: " + l.image() +
		"\n  " + spec + "\n---\n" + pod(l.image()+":"+current))}}
	var last gitwriter.Update
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: src, Writer: &keeping{&writer{source: src}, &last}}},
		Round:        images, Knowledge: l.knowledge, Projects: from, Events: &told{}, Now: func() time.Time { return l.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, changes, err := last.Rewrite(t.Context(), src.at(), src.files)
	if err != nil {
		t.Fatal(err)
	}
	steps := gitwriter.Steps(changes)
	if len(steps) != 1 {
		t.Fatalf("steps: %v", steps)
	}
	return last.Details(t.Context(), steps)[steps[0]]
}

func TestDetails(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	born := l.now.Add(-1000 * time.Hour).UTC().Truncate(time.Second)
	labels := func(version string) map[string]string {
		return map[string]string{releasenotes.LabelVersion: version, releasenotes.LabelRevision: "abc" + version, releasenotes.LabelSource: "https://github.com/acme/app"}
	}
	push := func(tag string, at time.Time) string {
		digest, err := l.server.Push("app", tag, at, labels(tag))
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	first := push("1.0.0", born)
	moved := push("1.0.0", born.Add(time.Hour)) // the tag was pushed again
	second := push("1.1.0", born.Add(2*time.Hour))
	release := releasenotes.Release{Tag: "v1.1.0", Title: "Better", At: born}
	for _, tt := range []struct {
		name, current, spec string
		from                string
		created, since      time.Time
	}{
		{"by tags", "1.0.0", anyVersion, moved, born.Add(time.Hour), born.Add(2 * time.Hour)},
		{"from the digest that stood there", "1.0.0@" + first, anyVersion, first, born, born.Add(2 * time.Hour)},
		{"as old as the ledger remembers", "1.0.0", anyVersion + "\n  minimumAge: 1h", moved, born.Add(time.Hour), born.Add(2 * time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			told := &projects{found: releasenotes.Found{Source: "https://github.com/acme/app", Compare: "https://github.com/acme/app/compare", Releases: []releasenotes.Release{release}, More: true}}
			got := detailed(t, l, func() bot.Tags { return l.client.Round() }, told, tt.current, tt.spec)
			if got.From.Size == 0 || got.To.Size == 0 || len(got.To.Platforms) == 0 {
				t.Errorf("sizes %d and %d, platforms %v", got.From.Size, got.To.Size, got.To.Platforms)
			}
			got.From.Size, got.To.Size, got.From.Platforms, got.To.Platforms = 0, 0, nil, nil
			want := gitwriter.Details{
				From:   gitwriter.ImageFacts{Digest: tt.from, Created: tt.created, Revision: "abc1.0.0", Version: "1.0.0"},
				To:     gitwriter.ImageFacts{Digest: second, Created: born.Add(2 * time.Hour), Revision: "abc1.1.0", Version: "1.1.0"},
				Since:  tt.since,
				Source: told.found.Source, Compare: told.found.Compare, Releases: []gitwriter.Release{gitwriter.Release(release)}, More: true,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			asked := []releasenotes.Query{{Image: l.image(), From: releasenotes.Image{Tag: "1.0.0", Labels: labels("1.0.0")}, To: releasenotes.Image{Tag: "1.1.0", Labels: labels("1.1.0")}}}
			if diff := cmp.Diff(asked, told.asked); diff != "" {
				t.Errorf("asked of the project (-want +got):\n%s", diff)
			}
		})
	}
}

// mute plays a registry that lists tags and tells nothing else.
type mute struct{ *registry.Round }

func (mute) Describe(context.Context, string, string) (registry.Description, error) {
	return registry.Description{}, errors.New("no")
}

// TestWhatCantBeFoundIsLeftOut, and fails nothing.
func TestWhatCantBeFoundIsLeftOut(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	l.push("1.0.0", l.now)
	l.push("1.1.0", l.now)
	told := &projects{}
	got := detailed(t, l, func() bot.Tags { return mute{l.client.Round()} }, told, "1.0.0", anyVersion)
	if diff := cmp.Diff(gitwriter.Details{}, got); diff != "" || told.asked != nil {
		t.Errorf("the project was asked %v; details (-want +got):\n%s", told.asked, diff)
	}
}
