package gitwriter

import (
	"fmt"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
)

func endedReason(pull *forge.PullRequest) string {
	if pull.State == forge.StateMerged {
		return fmt.Sprintf("these versions were merged with pull request #%d and taken back since", pull.Number)
	}
	return fmt.Sprintf("pull request #%d proposed these versions and was closed", pull.Number)
}

// frozenReason says whose commit is on a branch and what ends that. To delete the branch
// of an open pull request ends nothing: forges close it then, as a person's no.
func frozenReason(head *gitrepo.CommitInfo, open bool) string {
	ends := "the branch is deleted"
	if open {
		ends = "somebody comments /towline rebase"
	}
	return fmt.Sprintf("the branch holds commit %s by %s; it is left alone until that is merged, or %s",
		head.Hash.Short(), oneLine(head.Committer.Name, 60), ends)
}

func heldReason(o pulls.Orders) string {
	until := "until it is released"
	if o.HeldUntil.Year() < 9999 {
		until = "until " + when(o.HeldUntil)
	}
	return fmt.Sprintf("%s holds the pull request as it is, %s", oneLine(o.HeldBy, 60), until)
}

func ignoredReason(o pulls.Orders) string {
	return fmt.Sprintf("%s wants these versions ignored", oneLine(o.IgnoredBy, 60))
}

// when writes a time for people.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
