package bot

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// securityLabel marks updates that come before all others.
const securityLabel = "security"

// update is what the writer is asked to bring about for one group, of which the rows
// are known.
func (w *worker) update(r *round, g Group, rows []Row) gitwriter.Update {
	c := w.home.Config
	u := gitwriter.Update{
		Group: g.Name, Base: w.baseBranch(), Mode: gitwriter.ModePullRequest,
		Rewrite:      w.rewriter(g, r.look),
		BranchPrefix: w.branchPrefix(),
		AuthorName:   c.Commit.Author.Name, AuthorEmail: c.Commit.Author.Email, MessageTemplate: c.Commit.Message,
		SignOff: c.Commit.SignOff, RequireSigned: c.Commit.Signing == policy.SigningRequired,
		Draft: c.Draft, TitleTemplate: c.PullRequest.Title, BodyTemplate: c.PullRequest.Body,
		Conventional: c.Commit.Conventional, Subjects: r.subjects, Rebase: c.PullRequest.Rebase,
		Automerge: c.Automerge, MergeMethod: c.PullRequest.MergeMethod,
		Notices: notices(rows), Details: w.details(r, rows),
	}
	if g.Mode == policy.ModeCommit {
		u.Mode = gitwriter.ModeCommit
		if len(r.tree.layout().makers[Group{Name: g.Name, Mode: policy.ModePullRequest}]) > 0 {
			u.Group += " (commit)" // the name is that of a pull request
		}
	}
	labels := slices.Clone(c.Labels)
	level := policy.Level("")
	for _, row := range rows {
		if !row.Changed() {
			continue
		}
		level, u.Released = greater(level, row.Choice.Level), u.Released || row.released
		for _, label := range row.Policy.Labels() {
			u.Security = u.Security || strings.EqualFold(label, securityLabel)
			if !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	u.Level = string(level)
	u.Decoration = forge.Decoration{Labels: labels, Reviewers: c.Reviewers, Assignees: c.Assignees, Milestone: c.Milestone}
	return u
}

// rewriter gives the function by which the writer edits whatever base it finds: the
// first time that is the commit which was planned on, later perhaps a newer one. There
// other policies may add to the group.
func (w *worker) rewriter(group Group, look Look) func(context.Context, gitrepo.Hash, fs.FS) (map[string][]byte, []gitwriter.Change, error) {
	return func(ctx context.Context, base gitrepo.Hash, files fs.FS) (map[string][]byte, []gitwriter.Change, error) {
		tree, err := w.readBase(files)
		if err != nil {
			return nil, nil, err
		}
		look := look
		look.Moved = w.movedUpTo(base)
		makers := map[*policy.Policy]bool{}
		for _, p := range tree.layout().makers[group] {
			makers[p] = true
		}
		look.Due = func(p *policy.Policy) bool { return makers[p] }
		plan, err := tree.Plan(ctx, look)
		if err != nil {
			return nil, nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(plan.Failed)) {
			// A group of which a part can't be known would be proposed by halves.
			return nil, nil, fmt.Errorf("choosing for the policy %q: %w", key, plan.Failed[key])
		}
		rewritten, changes, problems := plan.Rewrite(func(r Row) bool { return r.group == group })
		if len(changes) == 0 {
			// Nothing that can be written isn't nothing to do.
			return nil, nil, problems.Err()
		}
		return rewritten, changes, nil
	}
}

// notices tell of the versions that people moved away from, each once.
func notices(rows []Row) []string {
	var all []string
	for _, r := range rows {
		if r.Held == nil {
			continue
		}
		m := r.Held.Move
		text := fmt.Sprintf("%s moved %s from %s back to %s on %s by commit %s (%q)", m.Author, r.Policy.Image(), m.From, m.To,
			m.When.UTC().Format(time.DateOnly), m.Commit.Short(), m.Subject)
		if r.ended() {
			text += fmt.Sprintf("; %s is newer, which ends that.", r.Choice.Tag)
		} else {
			text += fmt.Sprintf(", so %s isn't proposed. A newer version ends that, or the annotation towline.dev/release: %q of the policy %q.",
				m.From, m.From, r.Policy.Key())
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}
