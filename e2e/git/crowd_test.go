package git_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
)

const (
	// crowdBots is how many bots write to one branch at a time.
	crowdBots = 4
	// crowdCommits is what a person adds meanwhile.
	crowdCommits = 8
	// giteaUpdates is how many updates there are on Gitea, whose hooks cost a quarter of
	// a second for each push, those that come too late included.
	giteaUpdates = 20
)

// TestCrowd holds that four bots that don't know of each other, each with a folder of
// its own, and a person with git(1) all land all that they have on one branch: nothing
// twice, nothing over another's commit.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.crowd(served{GiteaRepo: s.bare("crowd"), forge: "plain"}, 200)
}

// TestCrowdOnGitea is TestCrowd on a forge, with fewer updates.
func TestCrowdOnGitea(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.crowd(served{GiteaRepo: s.gitea.Repo(s)}, giteaUpdates)
}

// TestCrowdOverSSH is TestCrowdOnGitea over SSH.
func TestCrowdOverSSH(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.gitea = testbed.GiteaWith(t, testbed.GiteaOptions{SSH: true})
	repo := served{GiteaRepo: s.gitea.Repo(s), ssh: new(login)}
	repo.ssh.url = s.gitea.SSH.URL(repo.GiteaRepo)
	var err error
	if repo.ssh.key, repo.ssh.knownHosts, err = s.gitea.NewSSHKey(t.Context(), s.dir); err != nil {
		t.Fatal(err)
	}
	s.crowd(repo, giteaUpdates)
}

// crowd lets the bots make so many updates among them, and a person commit, and checks
// what came of it.
func (s *scene) crowd(repo served, updates int) {
	s.Helper()
	each := updates / crowdBots
	s.publish("crowd", "1.0.0", "1.1.0")
	p := s.clone(repo.GiteaRepo)
	for name, content := range s.crowdFiles(each, "1.0.0") {
		p.write(name, content)
	}
	p.commit("Add the manifests")

	began := time.Now()
	var work sync.WaitGroup
	var rounds [crowdBots]round
	for b := range crowdBots {
		view := repo
		view.paths = crowdFolder(b)
		config := s.botConfig(view.paths, view)
		work.Go(func() { rounds[b] = s.once(config) })
	}
	for n := range crowdCommits {
		p.write(fmt.Sprintf("notes/%d.txt", n+1), "a note\n")
		p.commit(fmt.Sprintf("Note %d", n+1))
	}
	work.Wait()
	s.Logf("%d updates took %v", updates, time.Since(began))
	for b, r := range rounds {
		if r.code != 0 || r.interrupted != nil {
			s.Errorf("bot %d ends with %d (%v):\n%s", b, r.code, r.interrupted, r.log)
		}
		s.wantSound(crowdFolder(b))
	}
	s.wantCrowd(repo, each)
}

func crowdFolder(b int) string { return fmt.Sprintf("team%d", b) }

// crowdFiles are the bots' folders with a manifest for each update, at a version, and the
// policies.
func (s *scene) crowdFiles(each int, version string) map[string]string {
	files := map[string]string{}
	for b := range crowdBots {
		var policies []string
		for n := range each {
			pod := fmt.Sprintf("%s/pod%d.yaml", crowdFolder(b), n)
			files[pod] = fmt.Sprintf("kind: Pod\r\nspec:   # of one team\r\n  containers: [{image: %s:%s}]", s.image("crowd"), version)
			policies = append(policies, fmt.Sprintf(`apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: t%d-%d}
spec:
  image: %s
  policy: {semver: {range: 1.x}}
  update: {mode: commit, paths: [%s]}
`, b, n, s.image("crowd"), pod))
		}
		files[crowdFolder(b)+"/policies.yaml"] = strings.Join(policies, "---\n")
	}
	return files
}

// wantCrowd holds that main is one line of commits with each update and each of the
// person's commits once, and that the files are as the updates left them.
func (s *scene) wantCrowd(repo served, each int) {
	s.Helper()
	got, want := map[string]int{}, map[string]int{"Add the manifests": 1}
	for i, c := range s.log(repo.GiteaRepo, "main") {
		if len(c.parents) > 1 || i > 0 && len(c.parents) == 0 {
			s.Errorf("%s has the parents %q", c.hash, c.parents)
		}
		if c.ours() {
			got[strings.Join(slices.Concat(c.policies, c.from, c.to, c.files), " ")]++
		} else if c.subject != "Initial commit" {
			got[c.subject]++
		}
	}
	for n := range crowdCommits {
		want[fmt.Sprintf("Note %d", n+1)] = 1
		s.seen(repo.GiteaRepo, "cat-file", "-e", fmt.Sprintf("main:notes/%d.txt", n+1))
	}
	for b := range crowdBots {
		for n := range each {
			want[fmt.Sprintf("t%d-%d 1.0.0 1.1.0 1\t1\t%s/pod%d.yaml", b, n, crowdFolder(b), n)] = 1
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("commits (-want +got):\n%s", diff)
	}
	for name, content := range s.crowdFiles(each, "1.1.0") {
		if diff := cmp.Diff(content, s.seen(repo.GiteaRepo, "cat-file", "blob", "main:"+name)); diff != "" {
			s.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if all := s.branches(repo.GiteaRepo); len(all) != 1 {
		s.Errorf("there are branches beside main: %v", all)
	}
}
