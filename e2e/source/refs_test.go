package source_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// repository is one with a single file that changes.
type repository struct {
	*gitrepotest.Server
	url string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	server := gitrepotest.New(t)
	return repository{server, server.Create("deploy")}
}

// put commits a value to main and gives the commit.
func (r repository) put(value string) string {
	return r.Commit("deploy", gitrepotest.Commit{Files: one(value)})
}

// TestWhatIsFollowed goes through branch, tag, range and commit, and what each does when
// the repository goes on.
func TestWhatIsFollowed(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	r.Git("deploy", "config", "uploadpack.allowAnySHA1InWant", "true")
	first := r.put("1")
	r.Git("deploy", "tag", "-a", "-m", "One", "v1.0.0", "main")
	s.sync("branch", v1.Source{URL: r.url}, folder)
	s.ready("branch", "main@sha1:"+first)
	s.edit("branch", func(y *v1.Sync) { y.Spec.Source.Tag = "v1.0.0" })
	s.ready("branch", "v1.0.0@sha1:"+first)

	// A tag that is moved is followed.
	second := r.put("2")
	r.Git("deploy", "tag", "-f", "-a", "-m", "Again", "v1.0.0", "main")
	s.ready("branch", "v1.0.0@sha1:"+second)
	s.holds("2")

	// Of a range the highest tag, and a new one in the range, but none outside of it.
	s.edit("branch", func(y *v1.Sync) { y.Spec.Source.Tag, y.Spec.Source.Semver = "", ">=1.0.0 <2.0.0" })
	s.ready("branch", "v1.0.0@sha1:"+second)
	r.put("never")
	r.Git("deploy", "tag", "v2.0.0", "main")
	r.Git("deploy", "tag", "v1.2.0-rc.1", "main")
	third := r.put("3")
	r.Git("deploy", "tag", "v1.1.0", "main")
	s.ready("branch", "v1.1.0@sha1:"+third)
	s.holds("3")

	// A commit stands, whatever becomes of the branches.
	s.edit("branch", func(y *v1.Sync) { y.Spec.Source.Semver, y.Spec.Source.Commit = "", second })
	s.ready("branch", "sha1:"+second)
	s.holds("2")
}

// folder has the whole repository applied.
func folder(y *v1.Sync) { y.Spec.Source.Path = "." }

// TestLostSources holds that nothing is pruned whatever is lost, that the condition says
// what it is, and that a mend is picked up.
func TestLostSources(t *testing.T) {
	for _, tt := range []struct {
		name   string
		source v1.Source
		harm   func(r repository)
		reason string
		words  []string
		mend   func(r repository)
	}{
		{
			"deleted branch", v1.Source{},
			func(r repository) { r.Git("deploy", "branch", "-m", "main", "elsewhere") },
			v1.ReasonGitFailed, []string{`branch "main"`, "branch not found", "what is applied stays", "deleted or renamed"},
			func(r repository) { r.Git("deploy", "branch", "main", "elsewhere") },
		},
		{
			"deleted tag", v1.Source{Tag: "v1.0.0"},
			func(r repository) { r.Git("deploy", "tag", "-d", "v1.0.0") },
			v1.ReasonGitFailed, []string{`tag "v1.0.0"`, "tag not found", "what is applied stays"},
			func(r repository) { r.Git("deploy", "tag", "v1.0.0", "main") },
		},
		{
			"no tag in range", v1.Source{Semver: "1.x"},
			func(r repository) { r.Git("deploy", "tag", "-d", "v1.0.0"); r.Git("deploy", "tag", "v2.0.0", "main") },
			v1.ReasonGitFailed, []string{`semver "1.x"`, "among 1 tags", "no tag is in the range", "what is applied stays"},
			func(r repository) { r.Git("deploy", "tag", "v1.0.0", "main") },
		},
		{
			"repository that was emptied", v1.Source{},
			func(r repository) {
				r.Git("deploy", "tag", "-d", "v1.0.0")
				r.Git("deploy", "update-ref", "-d", "refs/heads/main")
			},
			v1.ReasonGitFailed, []string{"the repository is empty", "what is applied stays"},
			func(r repository) { r.put("1") },
		},
		{
			"repository that is gone", v1.Source{},
			func(r repository) { r.Remove("deploy") },
			v1.ReasonGitFailed, []string{"repository not found", "what is applied stays", "gone or renamed"},
			func(r repository) { r.Create("deploy"); r.put("1") },
		},
		{
			"revoked credential", v1.Source{},
			func(r repository) { r.RequireAuth("pat", "s3cret") },
			v1.ReasonAuthentication, []string{"not authorized", "what is applied stays", "put a credential that works into the Secret"},
			func(r repository) { r.RequireAuth("", "") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, r := newScene(t), newRepository(t)
			head := r.put("1")
			r.Git("deploy", "tag", "v1.0.0", "main")
			tt.source.URL = r.url
			s.sync("app", tt.source, folder)
			s.awaitSync("app", "ready", func(y *v1.Sync) bool { return strings.HasSuffix(y.Status.LastAppliedRevision, head) })
			tt.harm(r)
			s.fails("app", tt.reason, tt.words...)
			s.holds("1")
			tt.mend(r)
			s.awaitSync("app", "ready again", readyNow)
			s.holds("1")
		})
	}
}

// TestMissingFromTheStart holds that a source which isn't there yet is waited for.
func TestMissingFromTheStart(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	s.sync("empty", v1.Source{URL: r.url}, folder)
	s.fails("empty", v1.ReasonGitFailed, "the repository is empty", "push a commit")
	head := r.put("1")
	s.ready("empty", "main@sha1:"+head)
	s.sync("commit", v1.Source{URL: r.url, Commit: strings.Repeat("ab", 20)}, folder)
	s.fails("commit", v1.ReasonGitFailed, "commit not found")
	s.sync("range", v1.Source{URL: r.url, Semver: "newest"}, folder)
	s.fails("range", v1.ReasonGitFailed, `"newest" isn't a range of versions`)
}
