package forgetest

import (
	"cmp"
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
	push := func(t *testing.T, branch, file string) string {
		t.Helper()
		sha, err := repo.Commit(Commit{Branch: branch, Message: "Add " + file, Files: map[string]string{file: file + "\n"}})
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	push(t, defaultBranch, "README.md")
	return Harness{
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
	}
}
