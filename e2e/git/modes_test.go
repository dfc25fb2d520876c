package git_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// modeRepo is a repository whose two images, in one group, move together in the files
// that the policies' paths admit.
type modeRepo struct {
	served
	name string
	mode string // of both policies
}

// TestModes holds what becomes of one and the same update in repositories side by side
// that differ in mode and forge; and that a dry run tells it and writes nothing.
func TestModes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.publish("web", "1.0.0", "1.1.0")
	s.publish("db", "2.0.0", "2.0.1")
	repos := []modeRepo{
		{name: "pull", mode: "pull-request"},
		{name: "push", mode: "pull-request", served: served{forge: "plain"}},
		{name: "commit", mode: "commit"},
		{name: "notify", mode: "notify"},
	}
	var all []served
	for i := range repos {
		s.buildModeRepo(&repos[i])
		all = append(all, repos[i].served)
	}
	config := s.botConfig("modes", all...)

	before := make([]map[string]string, len(repos))
	for i, r := range repos {
		before[i] = s.branches(r.GiteaRepo)
	}
	dry := s.once(config, "--dry-run")
	if dry.code != 0 || dry.interrupted != nil {
		t.Fatalf("the dry run ends with %d (%v):\n%s", dry.code, dry.interrupted, dry.log)
	}
	for i, r := range repos {
		s.wantPreview(r, dry.out)
		if diff := cmp.Diff(before[i], s.branches(r.GiteaRepo)); diff != "" {
			t.Errorf("the dry run changed the branches of %s (-want +got):\n%s", r.name, diff)
		}
		if pulls := s.pulls(r.GiteaRepo); len(pulls) > 0 {
			t.Errorf("the dry run opened %d pull requests of %s", len(pulls), r.name)
		}
	}

	s.mustOnce(config)
	for i, r := range repos {
		s.wantMode(r, before[i]["main"])
	}
	was := s.everything(all)
	s.mustOnce(config)
	if diff := cmp.Diff(was, s.everything(all)); diff != "" {
		t.Errorf("one more round changed something (-want +got):\n%s", diff)
	}
}

func (s *scene) buildModeRepo(r *modeRepo) {
	s.Helper()
	r.GiteaRepo = s.gitea.Repo(s)
	p := s.clone(r.GiteaRepo)
	for file, content := range s.modeFiles("1.0.0", "2.0.0") {
		p.write(file, content)
	}
	policy := "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s\n  policy: {semver: {range: '*'}}\n  update: {group: shop, mode: %s, paths: ['apps/**']}\n"
	p.write("policies.yaml", fmt.Sprintf(policy, "web", s.image("web"), r.mode)+"---\n"+fmt.Sprintf(policy, "db", s.image("db"), r.mode))
	p.commit("Add the shop")
}

// modeFiles are the manifests at two versions. What stands outside of apps/ stays.
func (s *scene) modeFiles(web, db string) map[string]string {
	pod := func(image, version string) string {
		return fmt.Sprintf("kind: Pod\nspec:\n  containers:\n  - image: %s:%s # ours\n", s.image(image), version)
	}
	return map[string]string{
		"apps/web/pod.yaml": pod("web", web), "apps/db.yaml": pod("db", db),
		"elsewhere/pod.yaml": pod("web", "1.0.0"), "pod.yaml": pod("db", "2.0.0"),
	}
}

// wantPreview looks for what a dry run must say of a repository.
func (s *scene) wantPreview(r modeRepo, out string) {
	s.Helper()
	intent := map[string]string{
		"pull": "would open a pull request from towline/shop", "push": "would push towline/shop",
		"commit": "would commit to main", "notify": "nothing to update",
	}[r.name]
	_, text, found := strings.Cut(out, r.Name+".git: "+intent)
	if !found {
		s.Errorf("the dry run doesn't say %q of %s:\n%s", intent, r.name, out)
		return
	}
	if r.mode == "notify" {
		return
	}
	text, _, _ = strings.Cut(text, "\n# ")
	for _, want := range []string{
		"Update 2 images in shop",          // the title
		"1.0.0", "1.1.0", "2.0.0", "2.0.1", // the body
		"--- a/apps/db.yaml\n+++ b/apps/db.yaml\n",
		"-  - image: " + s.image("db") + ":2.0.0 # ours\n+  - image: " + s.image("db") + ":2.0.1 # ours\n",
		"-  - image: " + s.image("web") + ":1.0.0 # ours\n+  - image: " + s.image("web") + ":1.1.0 # ours\n",
	} {
		if !strings.Contains(text, want) {
			s.Errorf("the preview of %s lacks %q:\n%s", r.name, want, text)
		}
	}
	if strings.Contains(text, "elsewhere") {
		s.Errorf("the preview of %s names a file beyond the policies' paths:\n%s", r.name, text)
	}
}

// wantMode holds that a repository has the update in one commit, where its mode puts it,
// with main at a commit before.
func (s *scene) wantMode(r modeRepo, main string) {
	s.Helper()
	want := map[string][]string{
		"pull": {"main", "towline/shop"}, "push": {"main", "towline/shop"}, "commit": {"main"}, "notify": {"main"},
	}[r.name]
	heads := s.branches(r.GiteaRepo)
	var got []string
	for name := range heads {
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("branches of %s (-want +got):\n%s", r.name, diff)
		return
	}
	if r.mode != "commit" && heads["main"] != main {
		s.Errorf("main of %s has moved", r.name)
	}
	var opened int
	if r.name == "pull" {
		opened = 1
	}
	if pulls := s.pulls(r.GiteaRepo); len(pulls) != opened {
		s.Errorf("there are %d pull requests of %s, want %d", len(pulls), r.name, opened)
	} else if opened == 1 && (pulls[0].Head.Sha != heads["towline/shop"] || pulls[0].Title != "Update 2 images in shop") {
		s.Errorf("the pull request is %q of %s, want it of %s", pulls[0].Title, pulls[0].Head.Sha, heads["towline/shop"])
	}
	if r.mode == "notify" {
		return
	}
	tip := want[len(want)-1]
	commits := s.log(r.GiteaRepo, main+".."+tip)
	wantFiles := []string{"1\t1\tapps/db.yaml", "1\t1\tapps/web/pod.yaml"}
	if len(commits) != 1 || !slices.Equal(commits[0].files, wantFiles) || !slices.Equal(commits[0].policies, []string{"db", "web"}) {
		s.Errorf("%s has %+v above main, want one commit of db and web", r.name, commits)
	}
	for file, content := range s.modeFiles("1.1.0", "2.0.1") {
		if diff := cmp.Diff(content, s.seen(r.GiteaRepo, "cat-file", "blob", tip+":"+file)); diff != "" {
			s.Errorf("%s of %s (-want +got):\n%s", file, r.name, diff)
		}
	}
}
