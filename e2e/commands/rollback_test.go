package commands_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

const (
	webPolicy = "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: web}\nspec:\n  image: example.com/web   # the shop\n  policy: {alphabetical: {}}\n"
	badUpdate = "Update web to bad\n\nTowline-Policy: web\nTowline-Image: example.com/web\nTowline-From: v1\nTowline-To: bad\nTowline-Key: 1\n"
)

// A merged update breaks the shop; a person finds out why, rolls back, merges, and all is well.
func TestRollback(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/web.yaml": web("v1"), "policies/web.yaml": webPolicy, "other/README": "hello\n"})
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	s.holds("rollback of what is well", s.towline(1, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL()).stderr, "is applied and healthy (hint: name with --to")

	bad := s.commit(badUpdate, map[string]string{"app/web.yaml": web("bad")})
	s.holds("sync --wait", s.towline(1, "sync", "shop", "--wait").stderr, "Sync NS/shop isn't ready: HealthCheckFailed", "ImagePullBackOff")
	s.holds("status", s.towline(0, "status", "shop").stdout, "Unhealthy:\n  apps/Deployment/NS/web  InProgress  ImagePullBackOff: Pod web-ID")
	s.holds("tree", s.towline(0, "tree", "shop").stdout, "core/Pod/NS/web-ID  Failed  AGE  ImagePullBackOff")
	s.commit("Elsewhere", map[string]string{"other/README": "hello again\n"})

	s.holds("dry run", s.towline(0, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL(), "--dry-run").stdout,
		"Roll back shop to HASH", "ImagePullBackOff", "+  exclude: [\"bad\"]", "example.com/web:v1")
	if n := len(s.repo.PullRequests()); n > 0 {
		t.Fatalf("the dry run has opened %d pull requests", n)
	}
	s.equal("rollback", s.towline(0, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL()).stdout,
		"undoes  HASH Update web to bad\nexcludes  bad in policies/web.yaml\nopened  HOST/acme/deploy/pull/1\n")
	s.commit("Elsewhere again", map[string]string{"other/README": "hello once more\n"})
	s.towline(1, "sync", "shop", "--wait")
	s.equal("rollback again, after a commit elsewhere", s.towline(0, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL()).stdout,
		"undoes  HASH Update web to bad\nexcludes  bad in policies/web.yaml\nopen  HOST/acme/deploy/pull/1, as it was before\n")
	pulls := s.repo.PullRequests()
	if len(pulls) != 1 || pulls[0].Head != "towline/rollback-shop-"+bad[:8] || pulls[0].Title != "Roll back shop to "+s.goodHash()[:8] {
		t.Fatalf("pull requests: %+v", pulls)
	}
	if _, err := s.repo.Merge(1, forgetest.MergeCommit); err != nil {
		t.Fatal(err)
	}
	s.towline(0, "sync", "shop", "--wait")
	want := strings.Replace(webPolicy, "# the shop\n", "# the shop\n  exclude: [\"bad\"]\n", 1)
	if diff := cmp.Diff(want, s.file("policies/web.yaml")); diff != "" {
		t.Errorf("the policy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(web("v1"), s.file("app/web.yaml")); diff != "" {
		t.Errorf("the manifest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("hello once more\n", s.file("other/README")); diff != "" {
		t.Errorf("what was changed elsewhere (-want +got):\n%s", diff)
	}
}

// A person who names where to go back to needs no failure.
func TestRollbackTo(t *testing.T) {
	s := newStage(t)
	first := s.commit("First", map[string]string{"app/config.yaml": manifest("config", "one")})
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	s.commit("Second", map[string]string{"app/config.yaml": manifest("config", "two")})
	s.towline(0, "sync", "shop", "--wait")
	s.holds("rollback to nowhere", s.towline(1, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL(), "--to", "0000000").stderr, "the history knows no revision")
	type row struct {
		Action, URL, Good string
		Number            int
	}
	got := decode[row](s, s.towline(0, "rollback", "shop", "--forge", "github", "--git-url", s.repo.CloneURL(), "--to", first[:8], "--reason", "two is too many", "-o", "json").stdout)
	if diff := cmp.Diff(row{Action: "created", URL: s.repo.HTMLURL() + "/pull/1", Good: first, Number: 1}, got); diff != "" {
		t.Errorf("rollback (-want +got):\n%s", diff)
	}
	if body := s.repo.PullRequests()[0].Body; !strings.Contains(body, "two is too many") {
		t.Errorf("the reason isn't in the body:\n%s", body)
	}
	s.holds("a forge that isn't known", s.towline(2, "rollback", "shop", "--to", first).stderr, "what kind of forge 127.0.0.1 is isn't known")
}

// goodHash is the newest revision that the Sync was well at.
func (s *stage) goodHash() string {
	s.Helper()
	type attempt struct{ Revision, Result string }
	for _, a := range decode[[]attempt](s, s.towline(0, "history", "shop", "-o", "json").stdout) {
		if a.Result == "Succeeded" {
			return strings.TrimPrefix(a.Revision, "main@sha1:")
		}
	}
	s.Fatal("the history knows no success")
	return ""
}

// file gives a file of the main branch.
func (s *stage) file(name string) string {
	s.Helper()
	return s.git("cat-file", "blob", "main:"+name)
}
