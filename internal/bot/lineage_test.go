package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
)

func kustomization(entries ...string) string {
	return "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n" + strings.Join(entries, "")
}

func entry(name, tag string) string { return fmt.Sprintf("- name: %s\n  newTag: %q\n", name, tag) }

// TestLineage tells of versions of one file, oldest first, in commits of which the last
// that isn't the first is named by its number.
func TestLineage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		file     string // default: podFile
		versions []string
		path     string // default: first
		want     string // FROM -> TO @COMMIT; empty: no move
	}{
		{"list reordered", "", []string{
			pods("nginx:1.0", "redis:7.1"), pods("nginx:1.0", "redis:7.0"), pods("redis:7.0", "nginx:1.0"),
		}, first, "7.1 -> 7.0 @1"},
		{"list reordered, the other one", "", []string{
			pods("nginx:1.0", "redis:7.1"), pods("nginx:1.0", "redis:7.0"), pods("redis:7.0", "nginx:1.0"),
		}, second, ""},
		{"list reordered with the same image twice", "", []string{
			pods("nginx:1.0", "nginx:2.0"), pods("nginx:2.0", "nginx:1.0"),
		}, second, ""},
		{"list reordered with the same image twice, and a move before", "", []string{
			pods("nginx:1.0", "nginx:3.0"), pods("nginx:1.0", "nginx:2.0"), pods("nginx:2.0", "nginx:1.0"),
		}, first, "3.0 -> 2.0 @1"},
		{"an entry before it", "", []string{
			pods("nginx:1.1"), pods("nginx:1.0"), pods("redis:7.0", "nginx:1.0"),
		}, second, "1.1 -> 1.0 @1"},
		{"the same image before it", "", []string{
			pods("nginx:2.0"), pods("nginx:1.0", "nginx:2.0"),
		}, first, ""},
		{"reordered and moved at once", "", []string{
			pods("nginx:1.1", "redis:7.0"), pods("redis:7.0", "nginx:1.0"),
		}, second, "1.1 -> 1.0 @1"},
		{"which of two is gone", "", []string{
			pods("nginx:1.1", "nginx:1.2"), pods("nginx:1.0"),
		}, first, ""},
		{"both moved in place", "", []string{
			pods("nginx:1.1", "nginx:1.2"), pods("nginx:1.0", "nginx:1.1"),
		}, second, ""}, // 1.1 may as well have come from the first place
		{"both moved in place, to something new", "", []string{
			pods("nginx:1.1", "nginx:1.2"), pods("nginx:1.0", "nginx:0.9"),
		}, second, "1.2 -> 0.9 @1"},
		{"another path", "", []string{
			"spec: {web: {image: nginx:1.1}}\n", "spec: {web: {image: nginx:1.0}}\n", "spec: {front: {image: nginx:1.0}}\n",
		}, "spec.front.image", "1.1 -> 1.0 @1"},
		{"another path and another tag", "", []string{
			"spec: {web: {image: nginx:1.1}}\n", "spec: {front: {image: nginx:1.0}}\n",
		}, "spec.front.image", "1.1 -> 1.0 @1"},
		{"two new paths", "", []string{
			"spec: {web: {image: nginx:1.1}}\n", "spec: {a: {image: nginx:1.0}, b: {image: nginx:1.0}}\n",
		}, "spec.a.image", ""},
		{"swapped between keys", "", []string{
			"blue: {image: nginx:1.0}\ngreen: {image: nginx:1.1}\n", "blue: {image: nginx:1.1}\ngreen: {image: nginx:1.0}\n",
		}, "green.image", "1.1 -> 1.0 @1"},
		{"a document before it", "", []string{
			pods("nginx:1.1"), pods("nginx:1.0"), pods("redis:7.0") + "---\n" + pods("nginx:1.0"),
		}, "#1:" + first, "1.1 -> 1.0 @1"},
		{"kustomize", "apps/kustomization.yaml", []string{
			kustomization(entry("nginx", "1.1")), kustomization(entry("nginx", "1.0")), kustomization(entry("redis", "7.0"), entry("nginx", "1.0")),
		}, "images[1].newTag", "1.1 -> 1.0 @1"},
		{"marker of a tag", "", []string{
			"tag: 1.1.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n", "tag: 1.0.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n",
			"replicas: 2\ntag: 1.0.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n",
		}, "tag", "1.1.0 -> 1.0.0 @1"},
		{"marker of another policy", "", []string{
			"tag: 1.1.0 # {\"$imagepolicy\": \"flux-system:api:tag\"}\n", "tag: 1.0.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n",
		}, "tag", ""},
		{"marker set since", "apps/kustomization.yaml", []string{
			kustomization(entry("nginx", "1.1")), kustomization(entry("nginx", "1.0")),
			kustomization("- name: nginx\n  newTag: \"1.0\" # {\"$imagepolicy\": \"flux-system:web:tag\"}\n"),
		}, "images[0].newTag", "1.1 -> 1.0 @1"},
		{"marker on a whole image", "", []string{
			pods("nginx:1.1"), pods("nginx:1.0 # {\"$imagepolicy\": \"flux-system:web\"}"),
		}, first, "1.1 -> 1.0 @1"},
		{"JSON", "apps/web.json", []string{
			`{"spec": {"image": "nginx:1.1"}}`, `{"spec": {"image": "nginx:1.0"}}`, "{\n  \"spec\": {\"image\": \"nginx:1.0\"}\n}\n",
		}, "spec.image", "1.1 -> 1.0 @1"},
		{"an anchor's name", "", []string{
			"a: {image: &web nginx:1.1}\nb: {image: *web}\n", "a: {image: &web nginx:1.0}\nb: {image: *web}\n",
		}, "b.image", "1.1 -> 1.0 @1"},
		{"a key with the looks of a position", "", []string{
			"\"[0]\": {image: nginx:1.1}\n\"]#1:[\": 1\n", "\"[0]\": {image: nginx:1.0}\n\"]#1:[\": 1\n",
		}, `["[0]"].image`, "1.1 -> 1.0 @1"},
		{"no tag before", "", []string{pods("nginx"), pods("nginx:1.0")}, first, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			if test.file == "" {
				test.file = podFile
			}
			for i, text := range test.versions {
				s.commit(fmt.Sprint(i), test.file, text)
			}
			repo := s.open(1000)
			got, err := look(t, repo, bot.NewHistory(repo), test.file, test.path)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			if got != nil {
				text = fmt.Sprintf("%s -> %s @%s", got.From, got.To, got.Subject)
			}
			if diff := cmp.Diff(test.want, text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
