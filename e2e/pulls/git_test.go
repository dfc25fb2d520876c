package pulls_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// witness runs git(1) on the server's own repository: it shares no code with what is
// tested.
func witness(t *testing.T, p place, args ...string) string {
	t.Helper()
	out, err := tryGit(t, append([]string{"--git-dir", p.dir()}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func tryGit(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = append(os.Environ(), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

// pushAs lets somebody move refs at the forge by a push from its own repository.
func (s *story) pushAs(login, refspec string) {
	s.Helper()
	u, err := url.Parse(s.place.url())
	if err != nil {
		s.Fatal(err)
	}
	u.User = url.UserPassword(login, s.place.token(login))
	witness(s.T, s.place, "push", "--quiet", u.String(), refspec)
}

// tellBranches prints the branches beside main: how they stand to it, whose commit is
// at the head, and which lines they change.
func (s *story) tellBranches([]string) string {
	s.Helper()
	var b strings.Builder
	for _, name := range strings.Fields(witness(s.T, s.place, "for-each-ref", "--format=%(refname:short)", "refs/heads")) {
		if name == "main" {
			continue
		}
		counts := strings.Fields(witness(s.T, s.place, "rev-list", "--left-right", "--count", "main..."+name))
		fmt.Fprintf(&b, "%s by %s, %s ahead, %s behind%s\n", name,
			witness(s.T, s.place, "log", "-1", "--format=%cn", name), counts[1], counts[0],
			newLines(witness(s.T, s.place, "diff", "--unified=0", "main..."+name)))
	}
	return b.String()
}

// newLines are those that a diff adds.
func newLines(diff string) string {
	out := ""
	for line := range strings.Lines(diff) {
		if added, ok := strings.CutPrefix(line, "+"); ok && !strings.HasPrefix(added, "++") {
			out += ": " + strings.TrimSpace(added)
		}
	}
	return out
}

// tellTree prints the images that stand on a branch: `tree [BRANCH]`.
func (s *story) tellTree(args []string) string {
	s.Helper()
	branch := append(args, "main")[0]
	out, err := tryGit(s.T, "--git-dir", s.place.dir(), "grep", "image: .*:", branch, "--", "*.yaml", ":!*.policy.yaml")
	if err != nil {
		return ""
	}
	return regexp.MustCompile(`(?m)^[^:]+:([^:]+):\s*(?:- )?image: (.*)$`).ReplaceAllString(out, "$1 $2")
}

// plain takes what differs from one run to the next out of a text.
func (s *story) plain(text string) string {
	text = strings.ReplaceAll(text, s.registry.Host()+"/", "")
	text = strings.ReplaceAll(text, strings.TrimSuffix(s.place.url(), ".git"), "https://forge.test/deploy")
	text = strings.ReplaceAll(text, "https://forge.test/deploy/pulls/", "https://forge.test/deploy/pull/") // as Gitea has it
	text = regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAllStringFunc(text, s.keyName)
	text = regexp.MustCompile(`\b(?:[0-9a-f]{40}|[0-9a-f]{12}|[0-9a-f]{7,8})\b`).ReplaceAllString(text, "COMMIT")
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(Z| UTC)?)?`).ReplaceAllString(text, "DATE")
	return text
}

// keyName gives each key a letter, in the order in which they appear.
func (s *story) keyName(key string) string {
	if s.keys[key] == "" {
		n := len(s.keys) % 26
		s.keys[key] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n : n+1]
	}
	return s.keys[key]
}

// routeOf is a path of the API without names and numbers.
func routeOf(path string) string {
	_, path, _ = strings.Cut(path, "/repos/")
	parts := strings.Split(path, "/")
	for i := range parts {
		if regexp.MustCompile(`^(\d+|[0-9a-f]{40})$`).MatchString(parts[i]) {
			parts[i] = "N"
		}
	}
	if len(parts) > 1 {
		parts = parts[2:]
	}
	return "/" + strings.Join(parts, "/")
}
