package bot_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/policy"
)

func TestOnce(t *testing.T) {
	const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	tags := map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0", "2.0.0"}, "ghcr.io/acme/db": {"1.0.0", "1.5.0"}}
	marked := strings.Replace(policyOf("web", "ghcr.io/acme/web"), "name: web", "name: web, namespace: shop", 1)
	tests := []struct {
		name   string
		files  fstest.MapFS
		want   map[string][]string // group → file: from → to
		events []string
	}{
		{
			name:  "a tag is updated",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "apps/web.yaml": file(pod("ghcr.io/acme/web:1.0.0"))},
			want:  map[string][]string{"towline/web": {"apps/web.yaml: 1.0.0 → 1.1.0"}},
		},
		{
			name: "policies of one group travel together",
			files: fstest.MapFS{
				"p.yaml":   file(policyOf("web", "ghcr.io/acme/web", "  update: {group: shop}") + "---\n" + policyOf("db", "ghcr.io/acme/db", "  update: {group: shop}")),
				"web.yaml": file(pod("ghcr.io/acme/web:1.0.0")), "db.yaml": file(pod("ghcr.io/acme/db:1.0.0")),
			},
			want: map[string][]string{"towline/shop": {"db.yaml: 1.0.0 → 1.5.0", "web.yaml: 1.0.0 → 1.1.0"}},
		},
		{
			name: "the nearest policy governs",
			files: fstest.MapFS{
				"p.yaml": file(policyOf("all", "ghcr.io/acme/web")), "staging/p.yaml": file(policyOf("staging", "ghcr.io/acme/web")),
				"staging/web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
			},
			want: map[string][]string{"towline/staging": {"staging/web.yaml: 1.0.0 → 1.1.0"}},
		},
		{
			name: "a policy that stands aside gives way to a nearer one, and goes before one further up",
			files: fstest.MapFS{
				"p.yaml":                 file(policyOf("all", "ghcr.io/acme/web")),
				"clusters/eu/all/p.yaml": file(policyOf("aside", "ghcr.io/acme/web", "  update: {paths: ['apps/**']}")),
				"apps/web/p.yaml":        file(policyOf("near", "ghcr.io/acme/web")),
				"apps/web/web.yaml":      file(pod("ghcr.io/acme/web:1.0.0")), "apps/other.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
			},
			want: map[string][]string{"towline/near": {"apps/web/web.yaml: 1.0.0 → 1.1.0"}, "towline/aside": {"apps/other.yaml: 1.0.0 → 1.1.0"}},
		},
		{
			name:  "a policy reaches no file above it, and no other paths than its own",
			files: fstest.MapFS{"apps/p.yaml": file(policyOf("web", "ghcr.io/acme/web", "  update: {paths: ['apps/a/**']}")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0")), "apps/b/web.yaml": file(pod("ghcr.io/acme/web:1.0.0"))},
			want:  map[string][]string{},
		},
		{
			name:  "an image without a tag is left alone",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web"))},
			want:  map[string][]string{},
		},
		{
			name:  "what notifies isn't written",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web", "  update: {mode: notify}")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0"))},
			want:  map[string][]string{}, events: []string{"tag: ghcr.io/acme/web: 1.0.0 → 1.1.0"},
		},
		{
			name:  "a digest alone is told where nothing is written",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web", "  pin: digest\n  update: {mode: notify}")), "web.yaml": file(pod("ghcr.io/acme/web:1.1.0"))},
			want:  map[string][]string{}, events: []string{"tag: ghcr.io/acme/web: 1.1.0 → 1.1.0@sha256:" + strings.Repeat("5", 64)},
		},
		{
			name:  "a pinned digest moves with the tag",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0@" + digest))},
			want:  map[string][]string{"towline/web": {"web.yaml: 1.0.0 → 1.1.0@sha256:5555"}},
		},
		{
			name:  "a digest is added where the policy pins",
			files: fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web", "  pin: digest")), "web.yaml": file(pod("ghcr.io/acme/web:1.1.0"))},
			want:  map[string][]string{"towline/web": {"web.yaml: 1.1.0 → 1.1.0@sha256:5555"}},
		},
		{
			name: "a marker names its policy wherever that stands",
			files: fstest.MapFS{
				"policies/p.yaml": file(strings.Replace(policyOf("web", "ghcr.io/acme/web"), "name: web", "name: web, namespace: flux-system", 1)),
				"apps/web.yaml":   file(pod("ghcr.io/acme/web:1.0.0 # {\"$imagepolicy\": \"flux-system:web\"}")),
			},
			want: map[string][]string{"towline/flux-system/web": {"apps/web.yaml: 1.0.0 → 1.1.0"}},
		},
		{
			name:  "a digest behind a marked tag moves with the tag",
			files: fstest.MapFS{"web.yaml": file(marked + "---\nkind: Values\ntag: 1.0.0@" + digest + " # {\"$imagepolicy\": \"shop:web:tag\"}\n")},
			want:  map[string][]string{"towline/shop/web": {"web.yaml: 1.0.0 → 1.1.0@sha256:5555"}},
		},
		{
			name:  "a marked value takes its policy's image although the tag is right",
			files: fstest.MapFS{"web.yaml": file(marked + "---\n" + pod("old.example.com/web:1.1.0@"+digest+" # {\"$imagepolicy\": \"shop:web\"}"))},
			want:  map[string][]string{"towline/shop/web": {"web.yaml: old.example.com/web:1.1.0 → 1.1.0@sha256:5555"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.files, tags)
			if err := w.bot.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for group, changes := range w.writer.groups {
				for _, c := range changes {
					line := fmt.Sprintf("%s: %s → %s", c.File, c.From, c.To)
					if c.Digest != "" {
						line += "@" + c.Digest[:len("sha256:5555")]
					}
					got[group] = append(got[group], line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			if tt.events != nil {
				if diff := cmp.Diff(tt.events, w.told.take()); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestOneFailureHoldsNobodyUp(t *testing.T) {
	w := newWorld(t, fstest.MapFS{
		"p.yaml":   file(policyOf("web", "ghcr.io/acme/web") + "---\n" + policyOf("db", "ghcr.io/acme/db") + "---\n" + policyOf("none", "ghcr.io/acme/none")),
		"web.yaml": file(pod("ghcr.io/acme/web:1.0.0")), "db.yaml": file(pod("ghcr.io/acme/db:1.0.0")), "none.yaml": file(pod("ghcr.io/acme/none:1.0.0")),
		"broken.yaml": file("image: [\n"),
	}, map[string][]string{"ghcr.io/acme/web": {"1.1.0"}, "ghcr.io/acme/none": {"latest"}})
	down := errors.New("the registry is down")
	w.registries.failed["ghcr.io/acme/db"] = down
	err := w.bot.Once(t.Context())
	if !errors.Is(err, down) {
		t.Errorf("the error is %v, want it to hold %v", err, down)
	}
	if got := slices.Sorted(maps.Keys(w.writer.groups)); !slices.Equal(got, []string{"towline/web"}) {
		t.Errorf("the groups written are %v", got)
	}
	events := strings.Join(w.told.take(), "\n")
	for _, want := range []string{"problem: ", "failed: the registry is down", "tag: ghcr.io/acme/web: 1.0.0 → 1.1.0", "pull_request: opened "} {
		if !strings.Contains(events, want) {
			t.Errorf("the events lack %q:\n%s", want, events)
		}
	}

	// The same once more is told no louder, and its end is.
	if err := w.bot.Once(t.Context()); err == nil {
		t.Error("a registry that is down gives no error")
	}
	for _, e := range w.told.take() {
		if strings.HasPrefix(e, "problem") || strings.HasPrefix(e, "tag") {
			t.Errorf("told again: %s", e)
		}
	}
	delete(w.registries.failed, "ghcr.io/acme/db")
	w.registries.tags["ghcr.io/acme/db"] = []string{"1.5.0"}
	_ = w.bot.Once(t.Context()) // the policy "none" fails still
	if events := strings.Join(w.told.take(), "\n"); !strings.Contains(events, "recovered: db works again") {
		t.Errorf("the recovery isn't told:\n%s", events)
	}
}

func TestNoPolicyTakesThePlaceOfAnUnusableOne(t *testing.T) {
	tags := map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}}
	for name, inner := range map[string]string{
		"misspelt": policyOf("prod", "ghcr.io/acme/web", "  exlude: [1.1.0]"),
		"not YAML": policyOf("prod", "ghcr.io/acme/web", "  exclude: [1.1.0"),
		"namesake": policyOf("all", "ghcr.io/acme/web", "  exclude: [1.1.0]"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fstest.MapFS{
				"a.yaml": file(policyOf("all", "ghcr.io/acme/web")), "test/web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
				"prod/p.yaml": file(inner), "prod/eu/web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
			}, tags)
			if err := w.bot.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(w.writer.files)); !slices.Equal(got, []string{"test/web.yaml"}) {
				t.Errorf("written: %v, want the file that prod's policy has no say in", got)
			}
			if events := strings.Join(w.told.take(), "\n"); !strings.Contains(events, "problem: ") {
				t.Errorf("the policy isn't told of:\n%s", events)
			}
		})
	}
}

func TestAnUnchangedRepositoryIsReadOnce(t *testing.T) {
	files := fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web:1.1.0"))}
	w := newWorld(t, files, map[string][]string{"ghcr.io/acme/web": {"1.1.0"}})
	for range 3 {
		if err := w.bot.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.source.reads != 1 {
		t.Errorf("the tree was read %d times, want once", w.source.reads)
	}
	w.source.head++
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.source.reads != 2 {
		t.Errorf("after a push the tree was read %d times, want twice", w.source.reads)
	}
	if len(w.writer.groups) != 0 {
		t.Errorf("something was written: %v", w.writer.groups)
	}
}

func TestARoundListsARepositoryForEachPolicyByOneClient(t *testing.T) {
	// Asking once a round is the registry's Round's part; here each policy asks once,
	// however many references it governs.
	files := fstest.MapFS{"p.yaml": file(policyOf("web", "ghcr.io/acme/web"))}
	for i := range 20 {
		files[fmt.Sprintf("web%d.yaml", i)] = file(pod("ghcr.io/acme/web:1.0.0"))
	}
	w := newWorld(t, files, map[string][]string{"ghcr.io/acme/web": {"1.1.0"}})
	previews := w.bot.Preview(t.Context())
	if len(previews) != 1 || previews[0].Err != nil || len(previews[0].Updates) != 1 || len(previews[0].Updates[0].Changes) != 20 {
		t.Fatalf("the preview is %+v", previews)
	}
	if got := w.registries.listed["ghcr.io/acme/web"]; got != 2 { // the look, and the rewrite of the one group
		t.Errorf("the repository was asked for %d times", got)
	}
	if len(w.writer.groups) != 0 {
		t.Error("a preview writes")
	}
}

func TestAStandingOutcomeIsToldOnce(t *testing.T) {
	w := newWorld(t, fstest.MapFS{"web.yaml": file(policyOf("web", "ghcr.io/acme/web") + "---\n" + pod("ghcr.io/acme/web:1.0.0"))},
		map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}})
	var again []bool
	w.told.also = func(e event.Event) {
		if pull, ok := e.(event.PullRequest); ok {
			again = append(again, pull.Again)
		}
	}
	for _, action := range []gitwriter.Action{
		gitwriter.ActionCreated, gitwriter.ActionClosedByPerson, gitwriter.ActionClosedByPerson, gitwriter.ActionFrozen,
	} {
		w.writer.action = action
		if err := w.bot.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]bool{false, false, true, false}, again); diff != "" {
		t.Errorf("said to be as before (-want +got):\n%s", diff)
	}
}

func TestABadConfigurationProposesNothing(t *testing.T) {
	w := newWorld(t, fstest.MapFS{
		".towline.yaml": file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {lables: [x]}\n"),
		"p.yaml":        file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
	}, map[string][]string{"ghcr.io/acme/web": {"1.1.0"}})
	err := w.bot.Once(t.Context())
	if err == nil || !strings.Contains(err.Error(), ".towline.yaml:3") {
		t.Errorf("the error is %v, want the place of the unknown field", err)
	}
	if len(w.writer.groups) != 0 {
		t.Errorf("written: %v", w.writer.groups)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]bot.Config{
		"nothing": {},
		"twins": {Repositories: []bot.Repository{{Name: "a"}, {Name: "a"}},
			Round: func() bot.Tags { return &registries{} }, Events: &told{}},
		"no events": {Repositories: []bot.Repository{{Name: "a"}}},
	} {
		if _, err := bot.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAGroupIsDueWhole(t *testing.T) {
	var reader bot.Reader
	tree, err := reader.Read(fstest.MapFS{"p.yaml": file(strings.Join([]string{
		policyOf("web", "ghcr.io/acme/web", "  update: {group: shop}"), policyOf("db", "ghcr.io/acme/db", "  update: {group: shop}"),
		policyOf("cache", "ghcr.io/acme/cache"), policyOf("notified", "ghcr.io/acme/notified", "  update: {group: shop, mode: notify}"),
	}, "---\n"))})
	if err != nil {
		t.Fatal(err)
	}
	together := tree.Together(func(p *policy.Policy) bool { return p.Name == "db" })
	var got []string
	for _, p := range tree.Policies {
		if together(p) {
			got = append(got, p.Name)
		}
	}
	if diff := cmp.Diff([]string{"db", "web"}, got); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}
