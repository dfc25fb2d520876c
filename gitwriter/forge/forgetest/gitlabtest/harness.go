package gitlabtest

import (
	"cmp"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// Harness makes a project "acme/team/deploy" for forgetest.Conformance, on a server
// made by Start. The function makes the adapter for a project with a token.
func (s *Server) Harness(t *testing.T, settings Settings, connect func(project, token string) forge.Forge) forgetest.Harness {
	t.Helper()
	const path = "acme/team/deploy"
	p, err := s.CreateProject(path)
	fatal(t, err)
	p.Configure(settings)
	write := func(t *testing.T, branch, file, content string) string {
		t.Helper()
		sha, err := p.Commit(forgetest.Commit{Branch: branch, Message: "Add " + file, Files: map[string]string{file: content}})
		fatal(t, err)
		return sha
	}
	push := func(t *testing.T, branch, file string) string {
		t.Helper()
		return write(t, branch, file, file+"\n")
	}
	push(t, defaultBranch, "README.md")
	out := forgetest.Harness{
		Forge: connect(path, Token), Base: defaultBranch, Push: push, Write: write,
		BadCredential: connect(path, "nobody-knows-this"), Missing: connect("acme/team/missing", Token),
		Colleague: "alice", Owner: "olga", Stranger: "mallory", PageSize: cmp.Or(s.config.MaxPerPage, 100),
		DeleteBranch: func(t *testing.T, branch string) { t.Helper(); fatal(t, p.DeleteBranch(branch)) },
		Merge: func(t *testing.T, number int) string {
			t.Helper()
			sha, err := p.Merge(number)
			fatal(t, err)
			return sha
		},
		Comments:  func(_ *testing.T, number int) []string { return p.Comments(number) },
		Statuses:  func(_ *testing.T, sha string) map[string]forge.Status { return p.Statuses(sha) },
		People:    func(_ *testing.T, number int) ([]string, []string) { return p.People(number) },
		Milestone: func(_ *testing.T, title string) { p.CreateMilestone(title) },
		Requests:  func() int { return len(s.Requests()) },
		Lacks:     map[forgetest.Capability]string{forgetest.TellsErrors: "GitLab's reports have failures, and no errors apart from them"},
	}
	p.addReviews(&out, settings)
	return out
}

// addReviews completes a harness by what is about checks, reviews and merges.
func (p *Project) addReviews(h *forgetest.Harness, settings Settings) {
	h.Check = func(t *testing.T, sha, name string, state forge.Checks) {
		t.Helper()
		words := map[forge.Checks]string{forge.ChecksSuccess: "success", forge.ChecksFailure: "failed", forge.ChecksPending: "pending"}
		fatal(t, p.Report(sha, name, words[state]))
	}
	h.Review = func(t *testing.T, number int, approve bool) {
		t.Helper()
		fatal(t, p.Review(number, h.Colleague, approve))
	}
	h.Protect = func(*testing.T, string) {
		settings.PipelineMustSucceed = true
		p.Configure(settings)
	}
	h.EditComment = func(t *testing.T, number int, id int64, body string) {
		t.Helper()
		fatal(t, p.EditComment(number, id, body))
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
