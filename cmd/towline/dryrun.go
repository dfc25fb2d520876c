package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

func printPreviews(cmd *cobra.Command, previews []bot.Preview) error {
	var errs []error
	for _, p := range previews {
		warn(cmd, p.Problems)
		if err := printPreview(cmd.OutOrStdout(), p); err != nil {
			return err
		}
		if p.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.Repository, p.Err))
		}
	}
	return errors.Join(errs...)
}

// printPreview prints what a round would do to one repository: each update with its text
// and diff, then a line each for what would be left alone or go, and for what waits, and
// in the end how many there are of each.
func printPreview(w io.Writer, p bot.Preview) error {
	var b strings.Builder
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "# %s: %s\n", p.Repository, printable(fmt.Sprintf(format, args...)))
	}
	for _, u := range p.Updates {
		line("%s %s: %s", intent(u.Action), u.Branch, u.Reason)
		if leftAlone(u.Action) {
			continue
		}
		for _, setting := range settings(u) {
			fmt.Fprintf(&b, "%s\n", printable(setting))
		}
		text := u.Title + "\n\n" + u.Body
		if u.Body == "" || u.Action == gitwriter.ActionPushed {
			text = u.Message // all that people will see of it
		}
		fmt.Fprintf(&b, "\n%s\n\n%s\n", printableLines(text), u.Diff)
	}
	for _, r := range p.Leftovers {
		line("%s: %s", leftover(r), r.Reason)
	}
	for _, h := range p.Shown.Held {
		line("%s %s is held back: %s moved it to %s on %s by commit %.8s", h.Image, h.Tag, h.Author, h.Current, h.Since.Format(time.DateOnly), h.Commit)
	}
	for _, waits := range p.Shown.Waiting {
		line("%s waits: %s %s", waits.Group, waits.Title, waits.Reason)
	}
	switch all := inAll(p); {
	case b.Len() == 0 && p.Err == nil:
		line("nothing to update")
	case all != "":
		line("in all: %s", all)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// intent says what a round would do, before the branch's name.
func intent(a gitwriter.Action) string {
	switch a {
	case gitwriter.ActionCreated:
		return "would open a pull request from"
	case gitwriter.ActionUpdated:
		return "would update the pull request from"
	case gitwriter.ActionClosed:
		return "would close the pull request from"
	case gitwriter.ActionCommitted:
		return "would commit to"
	case gitwriter.ActionPushed:
		return "would push"
	case gitwriter.ActionWaiting:
		return "would wait with"
	}
	return "would leave alone" // unchanged, held, closed by a person, frozen, nothing: the reason tells
}

// leftAlone tells whether nothing would become of an update, so that its line says all.
func leftAlone(a gitwriter.Action) bool { return intent(a) == intent(gitwriter.ActionUnchanged) }

// inAll counts what a round would do.
func inAll(p bot.Preview) string {
	counts := map[gitwriter.Action]int{}
	for _, u := range p.Updates {
		if leftAlone(u.Action) {
			counts[gitwriter.ActionUnchanged]++
		} else {
			counts[u.Action]++
		}
	}
	for _, r := range p.Leftovers {
		counts[r.Action]++
	}
	counts[gitwriter.ActionWaiting] += len(p.Shown.Waiting)
	var said []string
	for _, each := range []struct {
		action gitwriter.Action
		words  string
	}{
		{gitwriter.ActionCreated, "to open"}, {gitwriter.ActionUpdated, "to update"}, {gitwriter.ActionClosed, "to close"},
		{gitwriter.ActionDeleted, "to delete"}, {gitwriter.ActionCommitted, "to commit"}, {gitwriter.ActionPushed, "to push"},
		{gitwriter.ActionWaiting, "waiting"}, {gitwriter.ActionUnchanged, "left alone"},
	} {
		if n := counts[each.action]; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, each.words))
		}
	}
	return strings.Join(said, ", ")
}

// leftover says what would become of a pull request or branch that no update is for.
func leftover(r gitwriter.Result) string {
	number := 0
	if r.PullRequest != nil {
		number = r.PullRequest.Number
	}
	switch r.Action {
	case gitwriter.ActionClosed:
		return fmt.Sprintf("would close pull request #%d from %s", number, r.Branch)
	case gitwriter.ActionDeleted:
		return "would delete the branch " + r.Branch
	}
	return fmt.Sprintf("would leave alone pull request #%d from %s", number, r.Branch)
}

// settings are what a pull request would get beside its text.
func settings(p bot.Proposal) []string {
	var lines []string
	list := func(name string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	switch p.Action {
	case gitwriter.ActionCreated, gitwriter.ActionWaiting:
		list("labels", p.Update.Decoration.Labels...)
		list("reviewers", p.Update.Decoration.Reviewers...)
		list("assignees", p.Update.Decoration.Assignees...)
		list("milestone", p.Update.Decoration.Milestone)
		if p.Update.Draft {
			list("draft", "yes")
		}
	case gitwriter.ActionUpdated, gitwriter.ActionUnchanged:
	default:
		return nil // there is no pull request to be changed
	}
	if a := p.Update.Automerge; a != "" && a != policy.AutomergeNone {
		list("automerge", fmt.Sprintf("%s, by %s", a, p.Update.MergeMethod))
	}
	return lines
}
