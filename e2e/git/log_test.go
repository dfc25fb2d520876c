package git_test

import (
	"fmt"
	"strings"

	"github.com/towline-dev/towline/e2e/testbed"
)

// recorded is a commit as git(1) shows it.
type recorded struct {
	hash, subject string
	parents       []string
	committer     string
	policies      []string // of the bot's trailers, with from and to beside
	from, to      []string
	files         []string // lines of --numstat
}

// ours tells whether the bot made the commit.
func (c recorded) ours() bool { return c.committer == "Towline" }

// log gives the commits of a range, the oldest first.
func (s *scene) log(repo testbed.GiteaRepo, revisions ...string) []recorded {
	s.Helper()
	const trailer = ",valueonly,separator=%x20)%x1f"
	format := "--format=%x1e%H%x1f%P%x1f%cn%x1f%s%x1f%(trailers:key=Towline-Policy" + trailer +
		"%(trailers:key=Towline-From" + trailer + "%(trailers:key=Towline-To" + trailer
	text := s.seen(repo, append([]string{"log", "--topo-order", "--reverse", "--numstat", format}, revisions...)...)
	var all []recorded
	for entry := range strings.SplitSeq(strings.TrimPrefix(text, "\x1e"), "\x1e") {
		f := strings.Split(entry, "\x1f")
		if len(f) != 8 {
			if entry != "" {
				s.Fatalf("git log gives %q", entry)
			}
			continue
		}
		c := recorded{hash: f[0], parents: strings.Fields(f[1]), committer: f[2], subject: f[3],
			policies: strings.Fields(f[4]), from: strings.Fields(f[5]), to: strings.Fields(f[6])}
		if files := strings.TrimSpace(f[7]); files != "" {
			c.files = strings.Split(files, "\n")
		}
		all = append(all, c)
	}
	return all
}

// branches are the heads of a repository by name.
func (s *scene) branches(repo testbed.GiteaRepo) map[string]string {
	s.Helper()
	heads := map[string]string{}
	for line := range strings.Lines(s.seen(repo, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")) {
		name, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
		heads[name] = hash
	}
	return heads
}

// everything is all that stands in repositories, as text to compare.
func (s *scene) everything(repos []served) string {
	s.Helper()
	var text strings.Builder
	for _, r := range repos {
		text.WriteString(s.seen(r.GiteaRepo, "for-each-ref"))
		if r.Owner == "" {
			continue // it isn't on Gitea
		}
		for _, pull := range s.pulls(r.GiteaRepo) {
			fmt.Fprintln(&text, pull.Index, pull.State, pull.Head.Name, pull.Title, pull.Body)
		}
	}
	return text.String()
}
