package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check PATH",
		Short: "Validate policies and markers",
		Long: `Reads the policies, markers and manifests below PATH and prints what is wrong with
them as file:line:column: problem. Exits 1 on any problem. What does nothing and is no
mistake is noted on standard error, and so are versions that the bot doesn't propose since
a person moved away from them, where PATH lies in a Git repository. It asks no registry.`,
		Example: "  towline check ./deploy",
		Args:    onePath(),
		RunE: func(cmd *cobra.Command, args []string) error {
			var problems, notes policy.Problems
			err := withTree(cmd, args[0], func(dir *workdir.Dir, tree *bot.Tree) error {
				problems, notes = tree.Check()
				notes = append(notes, heldNotes(cmd, args[0], tree)...).Sorted()
				problems, notes = displayed(dir, problems), displayed(dir, notes)
				return nil
			})
			if err != nil && !errors.As(err, &problems) {
				return err
			}
			warn(cmd, bot.Noted(notes))
			for _, p := range problems {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), printable(p.Error())); err != nil {
					return err
				}
			}
			if len(problems) > 0 {
				return errTold
			}
			return nil
		},
	}
}
