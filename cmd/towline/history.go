package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/reconciler/inspect"
)

func newHistory(p process) *cobra.Command {
	var (
		out  format
		kube = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "history NAME",
		Short: "Show what became of a Sync's last revisions",
		Long: `Shows the last 20 revisions that the Sync tried, newest first: whether each was applied and
healthy, when that was known, and what was wrong.`,
		Example: `  towline history shop
  towline history shop -o json | jq -r '[.[] | select(.result == "Succeeded")][0].revision'`,
		Args:              oneName(),
		ValidArgsFunction: kube.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, sync, err := kube.one(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			attempts, now := inspect.History(sync), time.Now()
			if len(attempts) == 0 {
				note(cmd, "nothing was tried yet")
				if out == "table" {
					return nil
				}
			}
			return out.print(cmd.OutOrStdout(), attempts, func(t *table) { attemptRows(t, attempts, now) })
		},
	}
	addFormat(cmd, &out)
	kube.add(cmd)
	return cmd
}

func attemptRows(t *table, attempts []inspect.Attempt, now time.Time) {
	t.row("REVISION", "RESULT", "AGE", "MESSAGE")
	for _, a := range attempts {
		t.row(inspect.ShortRevision(a.Revision), a.Result, age(now, a.Time), dash(brief(a.Message)))
	}
}
