package forgetest

import (
	"cmp"
	"net/http"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Harness makes a repository "acme/deploy" for Conformance, on a server made by
// Start. The function makes the adapter for a repository with a token.
func (s *Server) Harness(t *testing.T, connect func(owner, repo, token string) forge.Forge) Harness {
	t.Helper()
	repo, err := s.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	write := func(t *testing.T, branch, file, content string) string {
		t.Helper()
		sha, err := repo.Commit(Commit{Branch: branch, Message: "Add " + file, Files: map[string]string{file: content}})
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	push := func(t *testing.T, branch, file string) string {
		t.Helper()
		return write(t, branch, file, file+"\n")
	}
	push(t, defaultBranch, "README.md")
	out := Harness{
		Forge: connect("acme", "deploy", Token), Base: defaultBranch, Push: push, Colleague: "alice",
		PageSize:      cmp.Or(s.config.MaxPerPage, 100),
		BadCredential: connect("acme", "deploy", "nobody-knows-this"), Missing: connect("acme", "missing", Token),
		DeleteBranch: func(t *testing.T, branch string) {
			if err := repo.DeleteBranch(branch); err != nil {
				t.Fatal(err)
			}
		},
		Merge: func(t *testing.T, number int) string {
			sha, err := repo.Merge(number, MergeCommit)
			if err != nil {
				t.Fatal(err)
			}
			return sha
		},
		Comments: func(_ *testing.T, number int) []string { return repo.Comments(number) },
		Statuses: func(_ *testing.T, sha string) map[string]forge.Status { return repo.Statuses(sha) },
		People:   func(_ *testing.T, number int) ([]string, []string) { return repo.People(number) },
		Write:    write, Owner: "olga", Stranger: "mallory",
	}
	repo.addReviews(&out)
	return out
}

// addReviews completes a harness by what is about checks, reviews and merges.
func (r *Repo) addReviews(h *Harness) {
	fatal := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h.Check = func(t *testing.T, sha, name string, state forge.Checks) {
		t.Helper()
		fatal(t, r.CheckRun(sha, name, state))
	}
	h.Review = func(t *testing.T, number int, approve bool) {
		t.Helper()
		verdict := ChangesRequested
		if approve {
			verdict = Approved
		}
		fatal(t, r.As("alice").Review(number, verdict))
	}
	h.Protect = func(_ *testing.T, check string) { r.Protect(defaultBranch, Protection{Checks: []string{check}}) }
	h.AllowAutomerge = func(_ *testing.T, allow bool) { r.AllowAutomerge(allow) }
	h.EditComment = func(t *testing.T, _ int, id int64, body string) {
		t.Helper()
		fatal(t, r.As("towline-bot").EditComment(id, body))
	}
	h.Milestone = func(_ *testing.T, title string) { r.CreateMilestone(title) }
	h.Requests = func() int { return len(r.s.Requests()) }
	h.Fetch = func(t *testing.T, address string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		fatal(t, err)
		resp, err := http.DefaultTransport.RoundTrip(req) // #nosec G704 -- an address of this server
		fatal(t, err)
		fatal(t, resp.Body.Close())
		return resp.StatusCode
	}
}
