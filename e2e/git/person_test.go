package git_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// person works on a clone with git(1).
type person struct {
	*testing.T
	name, dir string
}

// gitEnv keeps the caller's own Git settings out.
func gitEnv(name string) []string {
	return append(os.Environ(), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME="+name, "GIT_AUTHOR_EMAIL="+name+"@example.test",
		"GIT_COMMITTER_NAME="+name, "GIT_COMMITTER_EMAIL="+name+"@example.test")
}

// clone gives a person, alice, a clone of a repository.
func (s *scene) clone(repo testbed.GiteaRepo) person {
	s.Helper()
	const name = "alice"
	p := person{T: s.T, name: name, dir: filepath.Join(s.dir, "clones", name+"-"+repo.Name)}
	u, err := url.Parse(repo.URL)
	if err != nil {
		s.Fatal(err)
	}
	if repo.Owner != "" {
		u.User = url.UserPassword(s.gitea.User, s.gitea.Token)
	}
	runGit(s.T, gitEnv(name), "clone", "--quiet", u.String(), p.dir)
	return p
}

func (p person) git(args ...string) string {
	p.Helper()
	return runGit(p.T, gitEnv(p.name), append([]string{"-C", p.dir}, args...)...)
}

// tryPush says whether nobody else was faster.
func (p person) tryPush() bool {
	cmd := exec.CommandContext(p.Context(), "git", "-C", p.dir, "push", "--quiet", "origin", "HEAD:main")
	cmd.Env = gitEnv(p.name)
	return cmd.Run() == nil
}

// write puts content into a file of the clone.
func (p person) write(path, content string) {
	p.Helper()
	file := filepath.Join(p.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p person) read(path string) string {
	p.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(path)))
	if err != nil {
		p.Fatal(err)
	}
	return string(data)
}

// commit records what stands in the clone and brings it to main, over whatever came
// in between.
func (p person) commit(message string) {
	p.Helper()
	p.git("add", "--all")
	p.record(message)
}

// record is commit for what was added to the index already. Bots may be faster any number
// of times on a busy machine, but have an end; a push that nobody was faster than lands.
func (p person) record(message string) {
	p.Helper()
	const tries = 50
	p.git("commit", "--quiet", "--message", message)
	for alone := 0; alone < tries; {
		if p.tryPush() {
			return
		}
		before := p.git("rev-parse", "origin/main")
		if p.git("pull", "--quiet", "--rebase", "origin", "main"); p.git("rev-parse", "origin/main") == before {
			alone++
		}
	}
	p.Fatalf("%s didn't get a push through in %d tries, though nobody was faster", p.name, tries)
}

// head is the commit that the clone is at.
func (p person) head() string {
	p.Helper()
	return strings.TrimSpace(p.git("rev-parse", "HEAD"))
}

// runGit runs git(1) to its end, which must be a good one, and gives what it prints.
func runGit(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out, err := tryGit(t.Context(), env, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryGit(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = env
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running git %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

// seen runs git(1) on the server's own repository.
func (s *scene) seen(repo testbed.GiteaRepo, args ...string) string {
	s.Helper()
	dir := s.gitea.RepoDir(repo)
	if repo.Owner == "" {
		dir = s.plain.Dir(repo.Name)
	}
	return runGit(s.T, gitEnv("witness"), append([]string{"--git-dir", dir}, args...)...)
}
