package main

import (
	"errors"
	"fmt"
	"runtime/debug"

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
PATH is taken for the repository's root, where .towline.yaml may stand.
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
			return setImages(cmd, args[0], wanted)
		},
	}
}

// setMemory is how much the program takes, in bytes, before it looks for what it no longer
// needs. Nearly all of what editing takes is thrown away after each file.
const setMemory = 32 << 20

func setImages(cmd *cobra.Command, path string, wanted []bot.Assignment) (err error) {
	dir, err := workdir.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	noteConfig(cmd, path)
	debug.SetGCPercent(300)
	debug.SetMemoryLimit(setMemory)
	done, err := bot.Set(cmd.Context(), dir, wanted)
	for _, e := range done.Edits {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), describe(dir, e)); err != nil {
			return err
		}
	}
	warn(cmd, bot.Noted(displayed(dir, done.Notes)))
	problems := displayed(dir, done.Problems)
	switch {
	case err != nil:
		warn(cmd, problems)
		return shown(dir, err)
	case len(problems) > 0:
		return problems
	}
	return nil
}

func describe(dir *workdir.Dir, e edit.Edit) string {
	return fmt.Sprintf("%s:%d:%d: %s → %s", printable(dir.Display(e.File)), e.Line, e.Column, printable(e.Old), printable(e.New))
}
