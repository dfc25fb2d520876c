package pulls_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/internal/event"
)

// tellers are the commands that print something.
func (s *story) tellers() map[string]func(args []string) string {
	return map[string]func([]string) string{
		"round": s.round, "pulls": s.tellPulls, "branches": s.tellBranches, "requests": s.tellRequests,
		"tree": s.tellTree, "body": s.tellBody, "dashboard": s.tellDashboard,
	}
}

// round runs a round of a bot, or of several at once: `round [NAME]…`. It prints what
// changed and what is kept back; of bots at one time, only what failed.
func (s *story) round(names []string) string {
	s.Helper()
	s.clock.pass(time.Minute)
	if len(names) == 0 {
		names = []string{"bot"}
	}
	var work sync.WaitGroup
	for _, name := range names {
		w := s.bot(name)
		work.Go(func() { _ = w.once(s.Context()) }) // what failed is told as an event
	}
	work.Wait()
	if s.heal != nil {
		s.heal()
		s.heal = nil
	}
	var b strings.Builder
	for _, name := range names {
		for _, line := range eventLines(s.bot(name).take()) {
			if len(names) == 1 || strings.HasPrefix(line, "failed") {
				b.WriteString(line + "\n")
			}
		}
		if s.how.forgetful {
			delete(s.bots, name)
		}
	}
	s.clock.pass(time.Minute)
	s.clock.settle(s.Context())
	return b.String()
}

// eventLines are what is worth telling, in an order that doesn't depend on chance.
func eventLines(events []event.Event) []string {
	var lines []string
	for _, e := range events {
		switch e := e.(type) {
		case event.PullRequest:
			if e.Action == "unchanged" || e.Action == "nothing" {
				continue
			}
			number := ""
			if e.Number > 0 {
				number = fmt.Sprintf(" #%d", e.Number)
			}
			lines = append(lines, fmt.Sprintf("%s %s%s: %s", e.Action, cmp.Or(e.Group, e.Branch), number, e.Reason))
		case event.TagChosen, event.RoundFinished, event.Recovered:
		default:
			if e.Level() >= slog.LevelWarn {
				lines = append(lines, e.Name()+": "+e.Message())
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// tellPulls prints every pull request with what is on it.
func (s *story) tellPulls([]string) string {
	s.Helper()
	var b strings.Builder
	for _, p := range pullsOf(s.T, s.place) {
		state := p.State
		if p.Merged != "" {
			state = "merged"
		}
		fmt.Fprintf(&b, "#%d %s %s %q", p.Number, state, p.branch(), strings.TrimPrefix(p.Title, "WIP: "))
		if p.Draft {
			b.WriteString(" draft")
		}
		if p.Automerge != nil {
			b.WriteString(" merges by itself")
		}
		b.WriteString(labelsOf(p))
		for _, r := range p.Reviewers {
			b.WriteString(" reviewer " + r.Login)
		}
		for _, a := range p.Assignees {
			b.WriteString(" assignee " + a.Login)
		}
		if p.Milestone != nil {
			b.WriteString(" milestone " + p.Milestone.Title)
		}
		b.WriteString(hiddenWords(p.Body) + "\n")
		for _, line := range stateBlock(p.Body) {
			b.WriteString("   " + line + "\n")
		}
	}
	return b.String()
}

func labelsOf(p pullRequest) string {
	var labels []string
	for _, l := range p.Labels {
		labels = append(labels, " ["+l.Name+"]")
	}
	slices.Sort(labels)
	return strings.Join(labels, "")
}

// tellBody prints the lines of a body that hold a text: `body NUMBER [TEXT]`.
func (s *story) tellBody(args []string) string {
	s.Helper()
	var b strings.Builder
	for line := range strings.Lines(pullOf(s.T, s.place, s.number(args)).Body) {
		if len(args) < 2 || strings.Contains(line, args[1]) {
			b.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	return b.String()
}

// tellRequests counts what was asked of the forge since this was printed last.
func (s *story) tellRequests([]string) string {
	counts := map[string]int{}
	for _, r := range s.requests.take() {
		counts[r]++
	}
	var lines []string
	for r, n := range counts {
		lines = append(lines, fmt.Sprintf("%d× %s\n", n, r))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
