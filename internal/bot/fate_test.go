package bot_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
)

// TestFates: a pull request that is open is closed only where it is certain that nothing
// is to be proposed, and with the reason.
func TestFates(t *testing.T) {
	const image = "ghcr.io/acme/web"
	unknown := gitwriter.Fate{}
	gone := func(reason string) gitwriter.Fate { return gitwriter.Fate{Gone: true, Reason: reason} }
	for _, tt := range []struct {
		name   string
		happen func(w *world)
		want   gitwriter.Fate
	}{
		{"somebody made the update", func(w *world) { w.put("web.yaml", pod(image+":1.1.0")) }, gone("the base branch has these versions already")},
		{"somebody made a part of it, and the rest isn't wanted", func(w *world) {
			w.put("web.yaml", pod(image+":1.1.0"))
			w.put("old.yaml", pod(image+":1.1.0"))
		}, gone("the base branch has these versions already")},
		{"the policy is gone", func(w *world) { w.put("p.yaml", "") }, gone("no policy asks for it any more")},
		{"the policy is gone, or can't be read", func(w *world) { w.put("p.yaml", "apiVersion: towline.dev/v1\nkind: ImagePolicy\n") }, unknown},
		{"the policy only tells now", func(w *world) { w.put("p.yaml", policyOf("web", image, "  update: {mode: notify}")) },
			gone(`update.mode of the policy "web" is "notify" now`)},
		{"no manifest uses the image", func(w *world) { w.put("web.yaml", pod("other:1.0.0")) }, gone("no manifest uses " + image + " any more")},
		{"the manifest can't be read", func(w *world) { w.put("web.yaml", "image: [") }, unknown},
		{"the version is excluded", func(w *world) { w.put("p.yaml", policyOf("web", image, "  exclude: [1.1.0]")) },
			gone(`the policy "web" no longer wants 1.1.0: 1.0.0 is in use already: it is the only tag that fits the range "1.x", out of 2 listed`)},
		{"no tag fits", func(w *world) { w.put("p.yaml", policyOf("web", image, "  exclude: [1.1.0, 1.0.0]")) },
			gone(`the policy "web" no longer wants 1.1.0: none of 2 tags fits: 2 excluded`)},
		{"the registry is down", func(w *world) { w.registries.fail(image, errors.New("no route")) }, unknown},
		{"nothing has happened", func(*world) {}, unknown}, // it was written, so nobody asks
		{"it travels with others now", func(w *world) { w.put("p.yaml", policyOf("web", image, "  update: {group: shop}")) },
			gone(`the update of the policy "web" belongs to the pull request "shop" now`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, fstest.MapFS{"p.yaml": file(policyOf("web", image)), "web.yaml": file(pod(image + ":1.0.0"))},
				map[string][]string{image: {"1.0.0", "1.1.0"}})
			if err := w.bot.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			tt.happen(w)
			w.writer.forge.set(func(f *forgery) { f.open = []string{"web"} })
			_ = w.bot.Once(t.Context()) // some of it fails
			if diff := cmp.Diff(tt.want, w.writer.forge.fates["web"]); diff != "" {
				t.Errorf("fate (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTheFateOfWhatAnEarlierBotProposed: nobody remembers what that was.
func TestTheFateOfWhatAnEarlierBotProposed(t *testing.T) {
	const image = "ghcr.io/acme/web"
	w := newWorld(t, fstest.MapFS{"p.yaml": file(policyOf("web", image)), "web.yaml": file(pod(image + ":1.1.0"))},
		map[string][]string{image: {"1.0.0", "1.1.0"}})
	w.writer.forge.set(func(f *forgery) { f.open = []string{"web"} })
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := gitwriter.Fate{Gone: true, Reason: `nothing is left to update: 1.1.0 is in use already: it is the only tag that fits the range "1.x", out of 2 listed`}
	if diff := cmp.Diff(want, w.writer.forge.fates["web"]); diff != "" {
		t.Errorf("fate (-want +got):\n%s", diff)
	}
}

// TestTheFateOfWhatIsSuspended: nothing is changed for the policy, and nothing is said
// about what it proposed.
func TestTheFateOfWhatIsSuspended(t *testing.T) {
	const image, group = "ghcr.io/acme/web", "flux-system/web"
	w := newWorld(t, fstest.MapFS{"flux.yaml": file(fluxOf(image, "")), "web.yaml": file(pod(image + ":1.0.0" + marker))},
		map[string][]string{image: {"1.0.0", "1.1.0"}})
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.put("flux.yaml", fluxOf(image, ", suspend: true"))
	w.writer.forge.set(func(f *forgery) { f.open = []string{group} })
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gitwriter.Fate{}, w.writer.forge.fates[group]); diff != "" {
		t.Errorf("fate (-want +got):\n%s", diff)
	}
}

// TestTheFateAfterAPause of the forge: what was proposed before it is still known.
func TestTheFateAfterAPause(t *testing.T) {
	const image = "ghcr.io/acme/web"
	w := newWorld(t, fstest.MapFS{"p.yaml": file(policyOf("web", image)), "web.yaml": file(pod(image + ":1.0.0"))},
		map[string][]string{image: {"1.0.0", "1.1.0"}})
	for _, limited := range []bool{false, true} {
		w.writer.limited = limited
		if err := w.bot.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.put("p.yaml", policyOf("web", image, "  exclude: [1.1.0, 1.0.0]"))
	w.writer.forge.set(func(f *forgery) { f.open = []string{"web"} })
	_ = w.bot.Once(t.Context()) // no tag fits
	want := gitwriter.Fate{Gone: true, Reason: `the policy "web" no longer wants 1.1.0: none of 2 tags fits: 2 excluded`}
	if diff := cmp.Diff(want, w.writer.forge.fates["web"]); diff != "" {
		t.Errorf("fate (-want +got):\n%s", diff)
	}
}

// put replaces a file by a commit.
func (w *world) put(name, text string) {
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	files := fstest.MapFS{}
	for old, f := range w.source.files {
		files[old] = f
	}
	files[name] = file(text)
	w.source.files = files
	w.source.head++
}

// TestTheFateOfWhatIsSetApart: an update of which the major part is another's now.
func TestTheFateOfWhatIsSetApart(t *testing.T) {
	const image = "ghcr.io/acme/web"
	w := newWorld(t, fstest.MapFS{"p.yaml": file(strings.Replace(policyOf("web", image), "range: 1.x", `range: "*"`, 1)), "web.yaml": file(pod(image + ":1.0.0"))},
		map[string][]string{image: {"1.0.0", "2.0.0"}})
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.put(".towline.yaml", "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  grouping: {separateMajor: true}\n")
	w.writer.forge.set(func(f *forgery) { f.open = []string{"web", "web-major"} })
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := gitwriter.Fate{Gone: true, Reason: `the update of the policy "web" belongs to the pull request "web-major" now`}
	if diff := cmp.Diff(want, w.writer.forge.fates["web"]); diff != "" {
		t.Errorf("fate (-want +got):\n%s", diff)
	}
}
