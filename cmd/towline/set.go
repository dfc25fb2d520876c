package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
)

func newSet() *cobra.Command {
	return &cobra.Command{
		Use:   "set PATH IMAGE=TAG[@DIGEST]...",
		Short: "Rewrite an image's tag in place, byte-exactly",
		Long: `Rewrites every reference to IMAGE below PATH and leaves every other byte as it is.
NAMESPACE:NAME=IMAGE:TAG[@DIGEST] sets the values that a marker gives to that policy.
Prints each change. Exits 1 where a file can't be edited without damage, or where nothing
below PATH names the image; what can be rewritten is.`,
		Example: `  towline set ./deploy ghcr.io/stefanprodan/podinfo=6.9.0
  towline set ./deploy flux-system:podinfo=ghcr.io/stefanprodan/podinfo:6.9.0`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("a PATH and at least one IMAGE=TAG are needed")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var wanted []bot.Assignment
			for _, a := range args[1:] {
				assignment, err := bot.ParseAssignment(a)
				if err != nil {
					return hinted(cmd, err)
				}
				wanted = append(wanted, assignment)
			}
			return withTree(args[0], func(dir *workdir.Dir, tree *bot.Tree) error {
				files, edits, problems := tree.Set(wanted, dir.Includes)
				if err := writeFiles(dir, files); err != nil {
					return err
				}
				for _, e := range edits {
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), describe(dir, e)); err != nil {
						return err
					}
				}
				if problems = displayed(dir, problems); len(problems) > 0 {
					return problems
				}
				return nil
			})
		},
	}
}

func describe(dir *workdir.Dir, e edit.Edit) string {
	return fmt.Sprintf("%s:%d:%d: %s → %s", dir.Display(e.File), e.Line, e.Column, printable(e.Old), printable(e.New))
}

func writeFiles(dir *workdir.Dir, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := dir.Write(name, files[name]); err != nil {
			return err
		}
	}
	return nil
}
