package bot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/policy"
)

// fates tells what a round knows about groups that it wrote no update for. A pull
// request is closed by it, so whatever may be otherwise in the next round isn't known.
func (w *worker) fates(r *round) func(group string) gitwriter.Fate {
	return func(name string) gitwriter.Fate {
		g := Group{Name: name, Mode: policy.ModePullRequest}
		makers := r.tree.layout().makers[g]
		switch {
		case len(makers) == 0 && len(r.tree.Problems) > 0:
			return gitwriter.Fate{} // what can't be read may be the policy that asked for it
		case len(makers) == 0:
			return gitwriter.Fate{Gone: true, Reason: w.unasked(r, name)}
		case slices.ContainsFunc(makers, (*policy.Policy).Suspended):
			return gitwriter.Fate{} // it is to go on where it was
		case !r.sure(makers) || r.failed[groupSubject(name)] != nil || r.hides(makers):
			return gitwriter.Fate{}
		}
		rows := r.rowsOf(makers)
		if slices.ContainsFunc(rows, func(row Row) bool { return row.group == g && row.Changed() }) {
			return gitwriter.Fate{} // it can't be written, but would be
		}
		return gitwriter.Fate{Gone: true, Reason: w.settled(g, makers, rows)}
	}
}

// hides tells whether there may be a reference of these policies that can't be read.
func (r *round) hides(policies []*policy.Policy) bool {
	return slices.ContainsFunc(r.plan.Problems, func(problem policy.Problem) bool {
		return slices.ContainsFunc(policies, func(p *policy.Policy) bool { return problem.File == "" || p.Covers(problem.File) })
	})
}

func (r *round) rowsOf(policies []*policy.Policy) []Row {
	var rows []Row
	for _, row := range r.plan.Rows {
		if slices.Contains(policies, row.Policy) {
			rows = append(rows, row)
		}
	}
	return rows
}

// unasked says why no policy can make a group.
func (w *worker) unasked(r *round, name string) string {
	for _, mode := range []policy.Mode{policy.ModeNotify, policy.ModeCommit} {
		if makers := r.tree.layout().makers[Group{Name: name, Mode: mode}]; len(makers) > 0 {
			return fmt.Sprintf("update.mode of the policy %q is %q now", makers[0].Key(), mode)
		}
	}
	proposed := w.proposals[Group{Name: name, Mode: policy.ModePullRequest}]
	for _, row := range r.plan.Rows {
		if _, ok := proposed[row.Policy.Image()]; ok && row.Changed() && row.group.Mode == policy.ModePullRequest {
			return fmt.Sprintf("the update of the policy %q belongs to the pull request %q now", row.Policy.Key(), row.group.Name)
		}
	}
	return "no policy asks for it any more"
}

// settled says why policies, all of which were looked at, want nothing of a group.
func (w *worker) settled(g Group, makers []*policy.Policy, rows []Row) string {
	proposed, known := w.proposals[g]
	if len(rows) == 0 {
		return fmt.Sprintf("no manifest uses %s any more", imagesOf(makers))
	}
	there := func(row Row) bool { return proposed[row.Policy.Image()] == row.Current }
	for _, row := range rows {
		to, wanted := proposed[row.Policy.Image()]
		if known && (!wanted || there(row)) {
			continue // nothing was proposed for it, or it is done
		}
		switch {
		case row.Held != nil && (!known || to == row.Held.Tag):
			return fmt.Sprintf("%s is held back: %s", row.Held.Tag, row.Held.words())
		case known && row.group == (Group{}):
			return fmt.Sprintf("the policy %q no longer wants %s: %s", row.Policy.Key(), to, whyNot(row))
		case known:
			return fmt.Sprintf("the update of the policy %q belongs to the pull request %q now", row.Policy.Key(), row.group.Name)
		}
	}
	if known {
		return "the base branch has these versions already"
	}
	return "nothing is left to update: " + whyNot(rows[0])
}

// whyNot says why a row isn't changed.
func whyNot(row Row) string {
	var none *policy.NoChoice
	if errors.As(row.Err, &none) {
		return none.Reason
	}
	return strings.TrimRight(row.Choice.Reason, ".") // it stands within a sentence here
}

func imagesOf(policies []*policy.Policy) string {
	var images []string
	for _, p := range policies {
		if !slices.Contains(images, p.Image()) {
			images = append(images, p.Image())
		}
	}
	const most = 3
	if n := len(images); n > most {
		return fmt.Sprintf("%s and %d other images", strings.Join(images[:most], ", "), n-most)
	}
	return strings.Join(images, ", ")
}
