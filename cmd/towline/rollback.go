package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/gitwriter/revert"
	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

// rollbackFlags are the command line of `towline rollback`.
type rollbackFlags struct {
	to, reason string
	paths      []string
	dryRun     bool
	out        format
	kube       kubeFlags
	git        gitFlags
}

func newRollback(p process) *cobra.Command {
	f := rollbackFlags{kube: kubeFlags{process: p}, git: gitFlags{process: p}}
	cmd := &cobra.Command{
		Use:   "rollback NAME [--to REVISION]",
		Short: "Propose a revert in Git to the last good revision",
		Long: `Opens a pull request that takes the Sync's path of its repository back to the last revision
that was applied and healthy, or to the one that --to names. Where it undoes updates that
Towline made, it excludes their tags in the policy files, so that they aren't proposed
again. Nothing in the cluster changes before somebody merges it.

It runs from your machine with your credentials: a token in --token-file, TOWLINE_TOKEN, or
for github.com GITHUB_TOKEN, for gitlab.com GITLAB_TOKEN; for SSH a key or the agent. To hosts
that aren't well known a token goes where you name them with --git-url or --forge-url. The same
rollback is proposed once, however often it is asked for.`,
		Example: `  towline rollback shop --dry-run
  towline rollback shop --to 1a2b3c4d --forge gitea --forge-url https://git.example.com \
    --token-file ~/.config/towline/token`,
		Args:              oneName(),
		ValidArgsFunction: f.kube.completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.to, "to", "", "revision to go back to: a commit, or the beginning of one in the history")
	flags.StringVar(&f.reason, "reason", "", "what is wrong, for the pull request (default: the Sync's condition)")
	flags.StringSliceVar(&f.paths, "path", nil, "folders to take back, from the repository's root (default: the Sync's path)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the pull request and its diff, and propose nothing")
	addFormat(cmd, &f.out)
	f.kube.add(cmd)
	f.git.add(cmd)
	return cmd
}

func (f *rollbackFlags) run(cmd *cobra.Command, name string) error {
	_, sync, err := f.kube.one(cmd.Context(), name)
	if err != nil {
		return err
	}
	request, err := f.request(sync)
	if err != nil {
		return err
	}
	reverter, err := f.git.reverter(cmp.Or(f.git.url, sync.Spec.Source.URL), request.Branch)
	if err != nil {
		return err
	}
	say(cmd.ErrOrStderr(), "fetching %s", cmp.Or(f.git.url, sync.Spec.Source.URL))
	plan, err := reverter.Plan(cmd.Context(), request)
	if errors.Is(err, revert.ErrNothing) {
		return fmt.Errorf("%w (hint: where the manifests are built from folders beside it, name them with --path)", err)
	}
	if err != nil {
		return err
	}
	if f.dryRun {
		return f.print(cmd, plan, revert.Outcome{Branch: plan.Head})
	}
	return f.propose(cmd.Context(), cmd, reverter, plan)
}

// request says what is to be rolled back.
func (f *rollbackFlags) request(sync *v1.Sync) (revert.Request, error) {
	from := sync.Spec.Source
	if from.Tag != "" || from.Semver != "" || from.Commit != "" {
		return revert.Request{}, fmt.Errorf("rolling back Sync %s/%s: it follows %s, so there is no branch to merge a revert into (hint: change spec.source)",
			sync.Namespace, sync.Name, inspect.SourceOf(sync).Ref)
	}
	way, err := inspect.ChooseReturn(inspect.History(sync), f.to)
	if err != nil {
		return revert.Request{}, fmt.Errorf("rolling back Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	paths := f.paths
	if len(paths) == 0 {
		paths = []string{inspect.SourceOf(sync).Path}
	}
	why := way.Why
	if ready := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady); ready != nil && ready.Status == metav1.ConditionFalse {
		why = joined(": ", ready.Reason, ready.Message)
	}
	return revert.Request{
		Name: sync.Namespace + "/" + sync.Name, Short: sync.Name, Branch: cmp.Or(from.Branch, v1.DefaultBranch), Paths: cleaned(paths),
		Good: gitrepo.Hash(way.Good), Why: cmp.Or(f.reason, why),
	}, nil
}

func (f *rollbackFlags) propose(ctx context.Context, cmd *cobra.Command, reverter *revert.Reverter, plan revert.Plan) error {
	out, err := reverter.Propose(ctx, plan)
	if err != nil {
		return err
	}
	if err := f.print(cmd, plan, out); err != nil {
		return err
	}
	if out.Action == revert.ActionClosed {
		return errors.New("this rollback was proposed before and closed (hint: open it again on its page)")
	}
	return nil
}

// rollbackRow is a rollback as scripts read it.
type rollbackRow struct {
	Action   string       `json:"action"` // dry-run, created, exists, closed, merged or pushed
	Branch   string       `json:"branch"`
	Commit   string       `json:"commit"`
	Number   int          `json:"number"` // of the pull request; 0 for none
	URL      string       `json:"url"`
	Good     string       `json:"good"`
	Bad      string       `json:"bad"`
	Undone   []undoneRow  `json:"undone"`
	Excluded []excludeRow `json:"excluded"`
	Notes    []string     `json:"notes"`
	Title    string       `json:"title"`
	Body     string       `json:"body"`
	Diff     string       `json:"diff"`
}

type undoneRow struct {
	Commit  string `json:"commit"`
	Subject string `json:"subject"`
	Author  string `json:"author"`
}

type excludeRow struct {
	Policy string `json:"policy"`
	File   string `json:"file"`
	Tag    string `json:"tag"`
}

func (f *rollbackFlags) print(cmd *cobra.Command, plan revert.Plan, out revert.Outcome) error {
	for _, n := range plan.Notes {
		note(cmd, "note: "+n)
	}
	row := rollbackRow{
		Action: string(out.Action), Branch: out.Branch, Commit: string(out.Commit), Good: string(plan.Good), Bad: string(plan.Bad),
		Undone: []undoneRow{}, Excluded: []excludeRow{}, Notes: append([]string{}, plan.Notes...),
		Title: plan.Title, Body: plan.Body, Diff: plan.Diff,
	}
	if f.dryRun {
		row.Action = "dry-run"
	}
	if out.PullRequest != nil {
		row.Number, row.URL = out.PullRequest.Number, out.PullRequest.URL
	}
	for _, u := range plan.Undone {
		row.Undone = append(row.Undone, undoneRow{string(u.Hash), u.Subject, u.Author})
	}
	for _, e := range plan.Excluded {
		row.Excluded = append(row.Excluded, excludeRow{e.Policy, e.File, e.Tag})
	}
	if out := f.out; out != "table" {
		return out.print(cmd.OutOrStdout(), row, nil)
	}
	return printRollback(cmd.OutOrStdout(), painter(f.kube.process, cmd.OutOrStdout()), row)
}

func printRollback(w io.Writer, colour paint, row rollbackRow) error {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(printable(fmt.Sprintf(format, args...)) + "\n") }
	for _, u := range row.Undone {
		line("undoes    %.8s %s", u.Commit, u.Subject)
	}
	for _, e := range row.Excluded {
		line("excludes  %s in %s", e.Tag, e.File)
	}
	switch revert.Action(row.Action) {
	case revert.ActionCreated:
		line("opened    %s", row.URL)
	case revert.ActionExists:
		line("open      %s, as it was before", row.URL)
	case revert.ActionMerged:
		line("merged    %s, before", row.URL)
	case revert.ActionClosed:
		line("closed    %s, before", row.URL)
	case revert.ActionPushed:
		line("pushed    branch %s; open a pull request by hand", row.Branch)
	default:
		b.WriteString("\n" + colour.in(bold, printable(row.Title)) + "\n\n" + printableLines(row.Body) + "\n" + colour.diff(row.Diff))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
