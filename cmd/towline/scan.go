package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
)

// scanRow is one line of `towline scan`.
type scanRow struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Policy  string `json:"policy"`
	Image   string `json:"image"`
	Current string `json:"current"`
	Chosen  string `json:"chosen"`           // empty where none fits or the registry failed
	Digest  string `json:"digest,omitempty"` // that is to stand behind it, where it would be written
	Changed bool   `json:"changed"`
	Level   string `json:"level,omitempty"`
	Reason  string `json:"reason"`
	Failed  bool   `json:"failed,omitempty"`
}

func newScan(p process) *cobra.Command {
	var (
		out  format
		regs registryFlags
	)
	cmd := &cobra.Command{
		Use:   "scan PATH",
		Short: "Scan the registries for the policies below PATH",
		Long: `Lists the tags of every image that a policy below PATH governs and prints, for each
place in the manifests, the tag that stands there, the one that the policy chooses, and why.
Exits 1 where a registry can't be read or no tag fits.`,
		Example: "  towline scan ./deploy -o json",
		Args:    onePath(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlan(cmd, p, &regs, args[0], func(dir *workdir.Dir, plan *bot.Plan) error {
				rows, failed := scanRows(dir, plan)
				warn(cmd, displayed(dir, plan.Problems))
				warn(cmd, displayed(dir, bot.Noted(plan.Tree.Notes)))
				err := out.print(cmd.OutOrStdout(), rows, func(t *table) {
					t.row("IMAGE", "CURRENT", "CHOSEN", "POLICY", "FILE", "REASON")
					for _, r := range rows {
						t.row(r.Image, dash(r.Current), dash(r.Chosen), r.Policy, fmt.Sprintf("%s:%d", r.File, r.Line), r.Reason)
					}
				})
				if err == nil && failed {
					return errTold
				}
				return err
			})
		},
	}
	addFormat(cmd, &out)
	regs.add(cmd)
	return cmd
}

func scanRows(dir *workdir.Dir, plan *bot.Plan) ([]scanRow, bool) {
	rows, failed := []scanRow{}, false
	for _, r := range plan.Rows {
		if !dir.Includes(r.Reference.File) {
			continue
		}
		row := scanRow{
			File: dir.Display(r.Reference.File), Line: r.Reference.Line, Policy: r.Policy.Key(), Image: r.Policy.Image(),
			Current: r.Current, Chosen: r.Choice.Tag, Digest: r.Digest, Changed: r.Changed(),
			Level: string(r.Choice.Level), Reason: r.Choice.Reason,
		}
		if r.Err != nil {
			row.Failed, row.Reason, failed = true, r.Err.Error(), true
		}
		rows = append(rows, row)
	}
	return rows, failed
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
