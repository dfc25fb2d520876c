package gitlabtest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	stateOpened = "opened"
	stateClosed = "closed"
	stateMerged = "merged"
)

// thread is what merge requests and issues have in common. Everything in it is guarded
// by the server's lock.
type thread struct {
	id, iid            int
	title, description string
	state              string
	author             *user
	labels             []string
	notes              []*note
	created, updated   time.Time
	closed             time.Time // when last; zero for never
}

func (t *thread) touch(now time.Time) { t.updated = now }

// mergeRequest is a merge request.
type mergeRequest struct {
	thread
	source, target      string
	sha                 string // "" where the branch was never there
	assignees           []*user
	reviewers           []*reviewer
	milestone           *milestone
	squash, auto        bool
	merged              time.Time
	mergedBy            *user
	mergeSHA, squashSHA string
	autoMessage         string
	autoBy              *user
}

type reviewer struct {
	*user
	state string // as in GET /merge_requests/:iid/reviewers
	since time.Time
}

type issue struct{ thread }

type milestone struct {
	id, iid int
	title   string
	created time.Time
}

type note struct {
	id               int
	author           *user
	body             string
	system           bool
	created, updated time.Time
}

// draft goes by the title, as GitLab does.
func (m *mergeRequest) draft() bool {
	return strings.HasPrefix(m.title, "Draft: ") || strings.HasPrefix(m.title, "[Draft] ") || strings.HasPrefix(m.title, "(Draft) ")
}

func (m *mergeRequest) setMerged(now time.Time, sha string, by *user) {
	m.state, m.merged, m.mergedBy, m.mergeSHA, m.auto = stateMerged, now, by, sha, false
	m.touch(now)
}

// mergeUser is who merged, or who set it to merge by itself.
func (m *mergeRequest) mergeUser() *user {
	if m.auto {
		return m.autoBy
	}
	return m.mergedBy
}

func (m *mergeRequest) reviewer(who *user) *reviewer {
	i := slices.IndexFunc(m.reviewers, func(r *reviewer) bool { return r.user == who })
	if i < 0 {
		return nil
	}
	return m.reviewers[i]
}

// quickAction is a line that GitLab carries out and doesn't keep, of those that it has
// ("Quick actions", docs.gitlab.com).
var quickAction = regexp.MustCompile(`(?mi)^/(approve|assign|close|draft|label|merge|milestone|rebase|reopen|reviewer|title|unassign|unlabel)\b.*\n?`)

// act carries out the quick actions of a text, and gives what is left of it.
func (t *thread) act(text string, now time.Time) string {
	for _, line := range quickAction.FindAllString(text, -1) {
		if strings.HasPrefix(strings.ToLower(line), "/close") && t.state == stateOpened {
			t.state, t.closed = stateClosed, now
		}
	}
	return quickAction.ReplaceAllString(text, "")
}

// say has the system note what was done, as GitLab does.
func (s *Server) say(t *thread, by *user, what string) {
	now := s.clock()
	t.notes = append(t.notes, &note{id: s.id(), author: by, body: what, system: true, created: now, updated: now})
}
