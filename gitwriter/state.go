package gitwriter

import (
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

const (
	stateBegin = "<!-- towline-state -->"
	stateEnd   = "<!-- /towline-state -->"
	// reopenedMark stands in the state of a pull request that we closed and that a person
	// opened again: it isn't closed twice.
	reopenedMark = "<!-- towline-reopened -->"
)

// freedMark stands there when a hold was ended on the dashboard, for as long as it would
// have lasted.
func freedMark(until time.Time) string {
	return "<!-- towline-freed: " + until.UTC().Format(time.RFC3339) + " -->"
}

// stateBlock is the top of a body: what holds now for the pull request, apart from what
// it proposes. Nothing to say makes no block.
func stateBlock(lines []string, marks ...string) string {
	if len(lines)+len(marks) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(stateBegin + "\n")
	for _, mark := range marks {
		b.WriteString(mark + "\n")
	}
	b.WriteString(quoted(lines) + stateEnd + "\n")
	return b.String()
}

// closedBlock is the top of a body that we close: by its mark nobody takes that for a
// person's wish. The word says why, the reason is for people.
func closedBlock(word, reason string) string {
	return stateBegin + "\n<!-- towline-closed: " + word + " -->\n" + quoted([]string{"**Closed**: " + sentence(reason)}) + stateEnd + "\n"
}

// quoted makes paragraphs of a block quote.
func quoted(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "> " + strings.Join(lines, "\n>\n> ") + "\n\n"
}

// bodyState finds the state block of a body; "" where there is none.
func bodyState(body string) string {
	begin, end := stateBounds(body)
	return strings.ReplaceAll(body[begin:end], "\r\n", "\n")
}

// stateBounds gives where the block begins and where it ends, its line's end included.
func stateBounds(body string) (begin, end int) {
	begin = strings.Index(body, stateBegin)
	if begin < 0 {
		return 0, 0
	}
	length := strings.Index(body[begin:], stateEnd)
	if length < 0 {
		return 0, 0
	}
	end = begin + length + len(stateEnd)
	end += len(body[end:]) - len(strings.TrimPrefix(strings.TrimPrefix(body[end:], "\r"), "\n"))
	return begin, end
}

// withState puts a block in the old one's place, or above all; the rest stays as people
// have made it.
func withState(body, block string) string {
	begin, end := stateBounds(body)
	return body[:begin] + block + body[end:]
}

// sameState tells whether a body says so already. Forges may drop blanks at the end.
func sameState(body, block string) bool {
	return strings.TrimSpace(bodyState(body)) == strings.TrimSpace(block)
}

// closedByUs tells whether we closed a pull request.
func closedByUs(pull forge.PullRequest) bool {
	return bodyClosed(pull.Body)
}

// bodyClosed tells whether a text has the mark of one that we close.
func bodyClosed(body string) bool {
	word := hiddenOf(body, hiddenClosed)
	return word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// reopened tells whether a person opened again what we closed. It is for open ones.
func reopened(body string) bool {
	state := bodyState(body)
	return bodyClosed(state) || strings.Contains(state, "\n"+reopenedMark+"\n")
}

func bodyGroup(body string) string { return bodyText(body, hiddenGroup) }
func bodyScope(body string) string { return bodyText(body, hiddenScope) }

// marks are what the state block says to a later session.
func (f facts) marks(p plan) (marks []string) {
	if reopened(p.pull.Body) && !p.text {
		marks = append(marks, reopenedMark)
	}
	if f.freed {
		marks = append(marks, freedMark(f.orders.HeldUntil))
	}
	return marks
}

// lines are what the state block says to people under a plan.
func (f facts) lines(p plan) (lines []string) {
	switch p.action {
	case ActionHeld:
		lines = append(lines, "**Held**: "+sentence(p.reason)+" A comment <code>/towline release</code> ends that.")
	case ActionFrozen:
		lines = append(lines, "**Left to you**: "+sentence(p.reason)+" A rebase drops the commit.")
	case ActionWaiting:
		lines = append(lines, "**Newer versions wait**: "+sentence(p.reason))
	}
	return append(lines, refused(f.orders.Refused)...)
}

// refused tells of commands that weren't understood.
func refused(all []string) (lines []string) {
	for _, each := range all {
		lines = append(lines, "Not understood: "+prose(each, maxReason))
	}
	return lines
}
