package pulls_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// issue is what GitHub and Gitea both say of one.
type issue struct {
	Number int       `json:"number"`
	Title  string    `json:"title"`
	Body   string    `json:"body"`
	Pull   *struct{} `json:"pull_request"`
}

// theDashboard gives the one open issue of a bot's.
func (s *story) theDashboard() issue {
	s.Helper()
	var all, found []issue
	must(s.T, s.place, apiCall{method: http.MethodGet, path: "/issues?state=open", who: bob, out: &all})
	for _, i := range all {
		if i.Pull == nil {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		s.Fatalf("%s: there are %d open issues, want 1", s.at, len(found))
	}
	return found[0]
}

// tellDashboard prints the dashboard as people see it.
func (s *story) tellDashboard([]string) string {
	s.Helper()
	i := s.theDashboard()
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %q\n", i.Number, i.Title)
	hidden := regexp.MustCompile(`(?s)<!--.*?-->`)
	for line := range strings.Lines(hidden.ReplaceAllString(i.Body, "")) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// tick is `tick VERB [TEXT]`: somebody ticks the first box whose line has these words.
func (s *story) tick(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 1)
	i := s.theDashboard()
	lines := strings.SplitAfter(i.Body, "\n")
	for n, line := range lines {
		if strings.Contains(line, "[ ]") && strings.Contains(line, args[0]) && strings.Contains(line, append(args, "", "")[1]) {
			lines[n] = strings.Replace(line, "[ ]", "[x]", 1)
			must(s.T, s.place, apiCall{
				method: http.MethodPatch, path: fmt.Sprintf("/issues/%d", i.Number), who: login,
				in: map[string]string{"body": strings.Join(lines, "")},
			})
			return
		}
	}
	s.Fatalf("%s: the dashboard has no such box:\n%s", s.at, i.Body)
}
